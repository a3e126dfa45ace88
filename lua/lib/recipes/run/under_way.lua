--- The calls of recipes that have not ended, their clean-ups included: what the program's end sees to, and waits for.
--- A recipe that another calls belongs to that call.

local open_requests = require "lib.recipes.run.open_requests"
local timer = require "core.timer"

local M = {}

local calls = {} ---@type table<CallState, integer>  to their numbers, in the order in which they began
local last, count = 0, 0
local waiters = {} ---@type table<table, fun()>

-- In the next turn: whoever asked for the call has its result by then.
local function none_left()
  if count > 0 then return end
  local all = waiters
  waiters = {}
  for _, fn in pairs(all) do fn() end
end

local Entry = {}
Entry.__index = Entry

function Entry:__close()
  calls[self.call] = nil ---@diagnostic disable-line: inject-field -- a key is taken away
  count = count - 1
  if count == 0 and next(waiters) then timer.next_turn(none_left) end
end

--- Keeps a call until the entry is closed.
---@param call CallState
---@return table entry
function M.add(call)
  local entry = setmetatable({ call = call }, Entry)
  calls[call] = last + 1
  last, count = last + 1, count + 1
  return entry
end

---@return integer
function M.count()
  return count
end

--- The first begun first.
---@return CallState[]
function M.list()
  local list = {}
  for call in pairs(calls) do list[#list + 1] = call end
  table.sort(list, function(a, b) return calls[a] < calls[b] end)
  return list
end

--- Tells all of them that nobody asks for anything any more: see CallState.drain.
function M.drain()
  for _, call in ipairs(M.list()) do call:drain() end
end

--- Ends those that run.
---@param which? "undo"  those alone that have registered something to undo: it needs its time
function M.stop(which)
  for _, call in ipairs(M.list()) do
    if call.phase == "run" and (which == nil or call:has_to_undo()) then
      call.draining = true
      call:stop "client_left"
    end
  end
end

local Waiter = {}
Waiter.__index = Waiter

function Waiter:cancel()
  waiters[self] = nil
  if self.timer then self.timer:cancel() end
end
Waiter.__close = Waiter.cancel

--- Calls `fn` once, from the loop, when none is left or `seconds` of real time are over.
---@param seconds number
---@param fn fun()
---@return core.Handle
function M.wait(seconds, fn)
  local self = setmetatable({}, Waiter)
  local function finish()
    self:cancel()
    fn()
  end
  if count == 0 then seconds = 0 else waiters[self] = finish end
  self.timer = timer.after(math.ceil(seconds * 1000), finish)
  return self
end

local PHASES = { run = "is still running", cleanup = "is still cleaning up", over = "is at its end" }

local function phase_of(call)
  if call.phase == "run" and call:has_to_undo() then return "is still running, and what it would undo at its end is not undone" end
  return PHASES[call.phase]
end

local function told(entries, what)
  local ids = {}
  for i, entry in ipairs(entries) do
    ids[i] = open_requests.describe(entry)
    entry.told = true
  end
  return #ids > 0 and ("; what it submitted %s: %s"):format(what, table.concat(ids, ", ")) or ""
end

local function described(call)
  return ("recipe '%s' %s%s%s"):format(call.recipe.name, phase_of(call), told(call.requests:list(), "goes on"),
    told(call.requests:made(), "has ended, and its result can be fetched"))
end

local reporters = setmetatable({}, { __mode = "k" }) ---@type table<table, fun(self: table): string[]>

--- Lets `object` say something, too, when the program ends.
---@param object table
---@param fn fun(self: table): string[]
function M.report_also(object, fn)
  reporters[object] = fn
end

--- What to say of them when the program cannot wait any longer.
---@return string[]
function M.unfinished()
  local lines = {}
  for i, call in ipairs(M.list()) do lines[i] = "the end came while " .. described(call) end
  for object, fn in pairs(reporters) do table.move(fn(object), 1, 1000, #lines + 1, lines) end
  return lines
end

return M
