--- Results of calls that outlive their listeners ("runs") and have ended while nobody listened: kept until they are asked for,
--- within bounds of number, bytes and time.

local clock = require "lib.async.clock"
local json = require "core.json"
local latest = require "lib.calls.latest"
local log = require "core.log"
local receipts = require "lib.calls.receipts"

local M = {}

local MOST = 200                    -- results
local MOST_BYTES = 128 * 1024 * 1024 -- of all of them
local SECONDS = 3600                -- of lib.async.clock, each
local MOST_REMEMBERED = 1000        -- handles of which it is known what became of them

---@class KeptResult
---@field call Call     with `lasting`
---@field at number      moment of lib.async.clock
---@field bytes integer

---@class CallResults
---@field private on_drop fun(call: Call)  nobody can come for it any more
---@field private list KeptResult[]  the oldest first
---@field private bytes integer
---@field private gone Latest  what became of others, by their handles
local CallResults = {}
CallResults.__index = CallResults

---@param on_drop? fun(call: Call)  told of each that is given up
---@return CallResults
function M.new(on_drop)
  return setmetatable({ on_drop = on_drop or function() end, list = {}, bytes = 0, gone = latest.new(MOST_REMEMBERED) }, CallResults)
end

local function note(self, call, fate)
  self.gone:put(call.id, fate)
end

local function remove(self, index, fate)
  local kept = table.remove(self.list, index)
  self.bytes = self.bytes - kept.bytes
  note(self, kept.call, fate)
  return kept.call
end

-- A result that nobody will see may have been paid for.
local function drop(self, index, fate)
  local call = remove(self, index, fate)
  self.on_drop(call)
  log.write("warning", ("the result of run %s of recipe '%s' is given up: %s.%s"):format(call.id, call.lasting.name, fate,
    receipts.sentence(call.receipts):gsub("\n", " ")))
end

--- Gives up what has been kept for long enough.
function CallResults:expire()
  local now = clock.now()
  while self.list[1] and now - self.list[1].at > SECONDS do drop(self, 1, ("it was kept for %d s"):format(SECONDS)) end
end

-- What a result holds in memory, roughly: its texts and its data.
local function size_of(call)
  local outcome, bytes = call.outcome, #call.lasting.key + 1024
  local result = outcome.ok and outcome.result or {}
  local err = outcome.ok and outcome.err or {}
  for _, value in ipairs { result.text or "", result.data or "", result.content or "", err.message or "", err.data or "" } do
    local ok, text = pcall(json.encode, value)
    bytes = bytes + (ok and #text or 0)
  end
  return bytes
end

local function index_of(self, call)
  self:expire()
  for i, kept in ipairs(self.list) do
    if kept.call == call then return i end
  end
end

--- Keeps the result of a call that nobody listens to, once.
---@param call Call
---@return boolean kept  false: it was kept already
function CallResults:keep(call)
  if index_of(self, call) then return false end
  local bytes = size_of(call)
  table.insert(self.list, { call = call, at = clock.now(), bytes = bytes })
  self.bytes = self.bytes + bytes
  while #self.list > MOST or self.bytes > MOST_BYTES do drop(self, 1, "others needed the room") end
  return true
end

--- Notes that a result is being given to somebody; it is forgotten.
---@param call Call
function CallResults:take(call)
  local index = index_of(self, call)
  if index then remove(self, index, "its result was given already") else note(self, call, "its result was given already") end
end

--- Gives up a result of which nobody knows, and that has cost nothing.
---@param call Call
function CallResults:discard(call)
  local index = index_of(self, call)
  if index then remove(self, index, "nobody has come back with the answer to its question") end
end

--- Notes that a run has ended without a result.
---@param call Call
---@param fate string
function CallResults:forget(call, fate)
  note(self, call, fate .. receipts.sentence(call.receipts):gsub("\n", ". ", 1))
end

--- What is not collected yet, for the end of the program.
---@return string[]
function CallResults:uncollected()
  local lines = {}
  for i, kept in ipairs(self.list) do
    local run = kept.call.lasting --[[@as Lasting]]
    lines[i] = ("the end came before the result of run %s of recipe '%s' was collected.%s"):format(kept.call.id, run.name,
      (receipts.sentence(kept.call.receipts):gsub("\n", " ")))
  end
  return lines
end

local function ended(sentence)
  return sentence:sub(-1) == "." and sentence or sentence .. "."
end

--- Why there is nothing to collect under a handle, and what to do.
---@param id string
---@return string
function CallResults:what_became_of(id)
  local shown = receipts.shown(id)
  local fate = self.gone:get(id)
  if fate then return ("There is nothing to collect of run %s: %s"):format(shown, ended(fate)) end
  return ("There is no run %s here. The handle may be mistyped, or of a server that has ended since, which ended its runs; or its "
    .. "result was given long ago. What it had submitted may have been paid for: look with get_request_status and "
    .. "get_request_result at the requests that were named with the handle, before you run the recipe again."):format(shown)
end

return M
