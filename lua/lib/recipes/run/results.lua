--- Results of runs that have ended while nobody waited for them: kept until they are asked for, within bounds of number, bytes
--- and time.

local clock = require "lib.async.clock"
local json = require "core.json"
local log = require "core.log"
local receipts = require "lib.calls.receipts"

local M = {}

local MOST = 200                    -- results
local MOST_BYTES = 128 * 1024 * 1024 -- of all of them
local SECONDS = 3600                -- of lib.async.clock, each
local MOST_REMEMBERED = 1000        -- handles of which it is known what became of them

---@class KeptResult
---@field run Run
---@field at number      moment of lib.async.clock
---@field bytes integer

---@class RunResults
---@field private list KeptResult[]  the oldest first
---@field private bytes integer
---@field private gone table<string, { account: string, fate: string }>  what became of others, by their handles
---@field private handles string[]            of those, a ring
---@field private count integer               how many there ever were
local RunResults = {}
RunResults.__index = RunResults

---@return RunResults
function M.new()
  return setmetatable({ list = {}, bytes = 0, gone = {}, handles = {}, count = 0 }, RunResults)
end

local function note(self, run, fate)
  self.count = self.count + 1
  local slot = self.count % MOST_REMEMBERED + 1
  local before = self.handles[slot]
  if before then self.gone[before] = nil end
  self.handles[slot], self.gone[run.id] = run.id, { account = run.subject.account, fate = fate }
end

local function remove(self, index, fate)
  local kept = table.remove(self.list, index)
  self.bytes = self.bytes - kept.bytes
  note(self, kept.run, fate)
  return kept.run
end

-- A result that nobody will see may have been paid for.
local function drop(self, index, fate)
  local run = remove(self, index, fate)
  log.write("warning", ("the result of run %s of recipe '%s' is given up: %s.%s"):format(run.id, run.subject.name, fate,
    receipts.sentence(run.ctx.receipts):gsub("\n", " ")))
end

local function expire(self)
  local now = clock.now()
  while self.list[1] and now - self.list[1].at > SECONDS do drop(self, 1, ("it was kept for %d s"):format(SECONDS)) end
end

-- What a result holds in memory, roughly: its texts and its data.
local function size_of(run)
  local outcome, bytes = run.outcome, #run.key + 1024
  local result = outcome.ok and outcome.result or {}
  local err = outcome.ok and outcome.err or {}
  for _, value in ipairs { result.text or "", result.data or "", result.content or "", err.message or "", err.data or "" } do
    local ok, text = pcall(json.encode, value)
    bytes = bytes + (ok and #text or 0)
  end
  return bytes
end

--- Keeps the result of a run that nobody waits for.
---@param run Run
function RunResults:keep(run)
  expire(self)
  local bytes = size_of(run)
  table.insert(self.list, { run = run, at = clock.now(), bytes = bytes })
  self.bytes = self.bytes + bytes
  while #self.list > MOST or self.bytes > MOST_BYTES do drop(self, 1, "others needed the room") end
end

local function index_of(self, is_it)
  expire(self)
  for i, kept in ipairs(self.list) do
    if is_it(kept.run) then return i end
  end
end

--- The oldest one of an account, a recipe and arguments that nobody waits for.
---@param key string
---@return Run?
function RunResults:find(key)
  local index = index_of(self, function(run) return run.key == key and not run.caller end)
  return index and self.list[index].run
end

---@param id string
---@return Run?
function RunResults:get(id)
  local index = index_of(self, function(run) return run.id == id end)
  return index and self.list[index].run
end

--- Notes that a run's result is being given to somebody; it is forgotten.
---@param run Run
function RunResults:take(run)
  local index = index_of(self, function(other) return other == run end)
  if index then remove(self, index, "its result was given already") else note(self, run, "its result was given already") end
end

--- Notes that a run has ended without a result.
---@param run Run
---@param fate string
function RunResults:forget(run, fate)
  note(self, run, fate .. receipts.sentence(run.ctx.receipts):gsub("\n", ". ", 1))
end

--- What is not collected yet, for the end of the program.
---@return string[]
function RunResults:uncollected()
  local lines = {}
  for i, kept in ipairs(self.list) do
    lines[i] = ("the end came before the result of run %s of recipe '%s' was collected.%s"):format(kept.run.id, kept.run.subject.name,
      (receipts.sentence(kept.run.ctx.receipts):gsub("\n", " ")))
  end
  return lines
end

local function ended(sentence)
  return sentence:sub(-1) == "." and sentence or sentence .. "."
end

--- Why there is nothing to collect under a handle, and what to do.
---@param id string
---@param account string  whoever asks: another one's run is unknown
---@return string
function RunResults:what_became_of(id, account)
  local shown, gone = receipts.shown(id), self.gone[id]
  if gone and gone.account == account then return ("There is nothing to collect of run %s: %s"):format(shown, ended(gone.fate)) end
  return ("There is no run %s here. The handle may be mistyped, or of a server that has ended since, which ended its runs; or its "
    .. "result was given long ago. What it had submitted may have been paid for: look with get_request_status and "
    .. "get_request_result at the requests that were named with the handle, before you run the recipe again."):format(shown)
end

return M
