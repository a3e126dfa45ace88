--- What a recipe's call undoes at its end: on return, error, cancellation, time-out and shutdown, each
--- once, the latest registered first, with a budget and five seconds of their own, for all of them together.

local boundary = require "lib.recipes.boundary"
local calls = require "lib.recipes.call"
local clock = require "lib.clock"
local fiber = require "lib.fiber"
local log = require "core.log"
local places = require "lib.recipes.places"
local redaction = require "lib.redaction"
local standstill = require "lib.standstill"

local M = {}

local SECONDS = 5        -- of lib.clock, for all of them together
local CPU_MS = 1000      -- of processor time, each
local ALL_CPU_MS = 2000  -- … and all of them together
local CLOSE_CPU_MS = 500 -- … and what stopped fibers have left to be closed: clean-ups must not lose theirs to it
local MOST_NOTES = 20    -- that are told; the others are counted
local MOST_BYTES = 1000  -- of each: the result that they are told with must have room beside them

---@class Cleanup
---@field fn fun()
---@field call CallState
---@field done boolean  it was begun: it does not begin again

local Guard = { __name = "rc.finally", __metatable = false }
local cleanup_of = setmetatable({}, { __mode = "k" }) ---@type table<table, Cleanup>

-- Told to the caller, and in the log in any case: a caller that cancelled gets no answer.
local function note(call, err)
  call.notes = call.notes or {}
  if #call.notes >= MOST_NOTES then
    call.further_notes = (call.further_notes or 0) + 1
    return
  end
  local message = err
  if boundary.is_error(err) then message = rawget(err, "message") end
  if type(message) ~= "string" then message = "an error of type " .. type(message) end
  message = "a clean-up failed: " .. redaction.brief(message, MOST_BYTES)
  table.insert(call.notes, message)
  log.write("warning", ("recipe '%s': %s"):format(call.recipe.name, (message:gsub("[\r\n]+", " | "))))
end

-- Whether the code that runs now is told to end: its call, or this function of it, beside which another has failed.
local function is_told_to_end(call)
  local task = fiber.current()
  return call.reason ~= nil or task ~= nil and task.cancel_reason ~= nil
end

-- Runs a clean-up where its block ends, in order with the code around.  Code that is told to end leaves that to `run`,
-- whose budget is fresh and whose waits are not ended at once; so does code that is told while the clean-up runs: half of it
-- undoes nothing.  A coroutine that is being closed cannot wait.  What another call registered is that call's to run.
function Guard:__close()
  local call, cleanup = calls.current(), cleanup_of[self]
  if not call or call ~= cleanup.call or cleanup.done or call.phase ~= "run" then return end
  if is_told_to_end(call) or not coroutine.isyieldable() then return end
  cleanup.done = true
  call.cleaning, call.cleanup_deadline = call.cleaning + 1, clock.now() + SECONDS
  local ok, err = pcall(cleanup.fn)
  call.cleaning = call.cleaning - 1
  if ok then return end
  if is_told_to_end(call) or fiber.is_cancelled(err) then cleanup.done = false else note(call, err) end
end

--- Registers `fn` with the call whose code runs now.
---@param fn fun()
---@return table guard  a to-be-closed value
function M.register(fn)
  local call = calls.current()
  if not call then error("rc.finally works only inside run", 3) end
  if call.phase ~= "run" then error("rc.finally: the call is being cleaned up already", 3) end
  if type(fn) ~= "function" then error("rc.finally takes a function, got " .. type(fn), 3) end
  local cleanup = { fn = fn, call = call, done = false }
  table.insert(call.cleanups, cleanup)
  local guard = setmetatable({}, Guard)
  cleanup_of[guard] = cleanup
  return guard
end

-- Processor time that is shared by what runs one after the other; the loop turns between two.
local Share = {}
Share.__index = Share

local function new_share(call, ms)
  return setmetatable({ call = call, left = ms / 1000, begun = false }, Share)
end

-- The budget of the next one; nil when nothing is left.
function Share:next()
  if self.left <= 0 then return nil end
  if self.begun then fiber.next_turn() end
  self.begun = true
  return self.call:new_budget(math.ceil(math.min(CPU_MS, self.left * 1000)))
end

function Share:ended(budget)
  self.left = self.left - budget:used()
  self.call:forget(budget)
end

-- Ends a clean-up at the call's deadline, which may move.
local Deadline = {}
Deadline.__index = Deadline

function Deadline:__close()
  self.timer:cancel()
end

function Deadline:arm()
  self.timer = clock.after(math.max(0, self.call.cleanup_deadline - clock.now()), function()
    if clock.now() < self.call.cleanup_deadline then return self:arm() end
    self.task:cancel(("clean-ups have %d seconds"):format(SECONDS))
  end)
end

-- Runs one function of the recipe in a budget of its own, until the deadline.
local function run_one(call, fn, share, budget)
  local task = fiber.spawn_in(budget, fn)
  task.quiet = true
  local deadline <close> = setmetatable({ call = call, task = task }, Deadline)
  deadline:arm()
  local ok, err = task:join()
  if task.stopped then task:close_in(budget) end
  share:ended(budget)
  if ok then return end
  if fiber.is_cancelled(err) then err = ("it took longer than the %d seconds that clean-ups have"):format(SECONDS) end
  note(call, type(err) == "table" and not boundary.is_error(err) and rawget(err, "message") or err)
end

-- Closes what fibers that were stopped have left open.
local function close_stopped(call)
  local share, unclosed = new_share(call, CLOSE_CPU_MS), 0
  for _, task in ipairs(call.fibers) do
    local budget = task.stopped and share:next()
    if budget then
      local ok, err = task:close_in(budget)
      share:ended(budget)
      if not ok then note(call, err) end
    elseif task.stopped then
      unclosed = unclosed + 1
    end
  end
  if unclosed > 0 then
    note(call, ("%d functions that were stopped are not closed: that has %g seconds of processor time in all")
      :format(unclosed, CLOSE_CPU_MS / 1000))
  end
end

local function count_left(call)
  local count = 0
  for _, cleanup in ipairs(call.cleanups) do count = count + (cleanup.done and 0 or 1) end
  return count
end

-- Nothing is left for these.
local function give_up(call, why)
  local count = count_left(call)
  call.cleanups = {}
  if count > 0 then note(call, ("%d of them did not run: %s"):format(count, why)) end
end

local function run_cleanups(call)
  local share = new_share(call, ALL_CPU_MS)
  while #call.cleanups > 0 do
    local cleanup = table.remove(call.cleanups)
    if not cleanup.done then
      local budget = share:next()
      if not budget or clock.now() >= call.cleanup_deadline then
        table.insert(call.cleanups, cleanup)
        return give_up(call, budget and ("clean-ups have %d seconds in all"):format(SECONDS)
          or ("clean-ups have %g seconds of processor time in all"):format(ALL_CPU_MS / 1000))
      end
      cleanup.done = true
      run_one(call, cleanup.fn, share, budget)
    end
  end
end

--- Runs what has not run yet.  In a plain fiber, shielded from cancellation by the caller.
---@param call CallState  its `notes` tell what failed
function M.run(call)
  call.phase = "cleanup"
  call.places = places.new(call.limits.calls) -- what the call left behind may hold its own for minutes
  close_stopped(call)
  call.cleanup_deadline = clock.now() + SECONDS
  -- A process that was stopped meanwhile has undone nothing in that time.
  local _ <close> = standstill.watch(function(seconds)
    call.cleanup_deadline = call.cleanup_deadline + seconds * math.max(1, clock.speed())
  end)
  run_cleanups(call)
  if call.further_notes then table.insert(call.notes, ("%d further clean-ups failed"):format(call.further_notes)) end
  call.phase = "over"
end

return M
