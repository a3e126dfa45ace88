--- What a recipe's call undoes at its end: on return, error, cancellation, time-out and shutdown, each
--- once, the latest registered first, with a budget and five seconds of their own, for all of them together.

local calls = require "lib.recipes.run.call"
local clock = require "lib.async.clock"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local insist = require "lib.async.insist"
local log = require "core.log"
local numbers = require "lib.recipes.rc.numbers"
local places = require "lib.recipes.run.places"
local rc_error = require "lib.recipes.boundary.rc_error"
local redaction = require "lib.redaction"
local standstill = require "lib.async.standstill"

local M = {}

local SECONDS = calls.CLEANUP_SECONDS
local CPU_MS = 1000      -- of processor time, each
local ALL_CPU_MS = 2000  -- … and all of them together
local CLOSE_CPU_MS = 500 -- … and what stopped fibers have left to be closed: clean-ups must not lose theirs to it
local MOST_TRIES = 200   -- of one that memory runs out for
local MOST_NOTES = 20    -- that are told; the others are counted
local MOST_BYTES = 1000  -- of each: the result that they are told with must have room beside them

---@class Cleanup
---@field fn fun()
---@field branch string  path of what it does: see lib.recipes.rc.numbers
---@field call CallState
---@field done boolean  it was begun: it does not begin again
---@field package ended boolean   its function has returned, or raised
---@field package task? Fiber     that runs it at the call's end
---@field package budget? core.budget.Budget
---@field package written integer  writes that the call had begun before it
---@field package tries integer
---@field package runs integer    begun, in its block, too
---@field package failure any     what it raised, until that is told

local Guard = { __name = "rc.finally", __metatable = false }
local cleanup_of = setmetatable({}, { __mode = "k" }) ---@type table<table, Cleanup>

-- Told to the caller, and in the log in any case: a caller that cancelled gets no answer.  Raises before anything is told.
local function note(call, err)
  call.notes = call.notes or {}
  if #call.notes >= MOST_NOTES then
    call.further_notes = (call.further_notes or 0) + 1
    return
  end
  local message = err
  if rc_error.is(err) then message = rawget(err, "message") end
  if type(message) ~= "string" then message = "an error of type " .. type(message) end
  message = "a clean-up failed: " .. redaction.brief(message, MOST_BYTES)
  local line = ("recipe '%s': %s"):format(call.recipe.name, (message:gsub("[\r\n]+", " | ")))
  call.notes[#call.notes + 1] = message
  log.write("warning", line)
end

-- Tells what a clean-up has raised, once.
local function report_failure(call, cleanup)
  if cleanup.failure == nil then return end
  note(call, cleanup.failure)
  cleanup.failure = nil
end

-- Whether memory ran out before it had changed anything: then it runs again.
local function is_to_repeat(call, cleanup, err)
  return errors.is_out_of_memory(err) and call.written == cleanup.written and cleanup.tries < MOST_TRIES
end

-- Whether the code that runs now is told to end: its call, or this function of it, beside which another has failed.
local function is_told_to_end(call)
  local task = fiber.current()
  return call.reason ~= nil or task ~= nil and task.cancel_reason ~= nil
end

-- One that runs again does all of it again: in a branch of its own, for the numbers of the one before are given.
local function new_branch(cleanup)
  cleanup.runs = cleanup.runs + 1
  return cleanup.runs > 1 and ("%s~%d"):format(cleanup.branch, cleanup.runs) or cleanup.branch
end

-- Runs a clean-up where its block ends, in order with the code around.  Code that is told to end leaves that to `run`,
-- whose budget is fresh and whose waits are not ended at once; so does code that is told while the clean-up runs: half of it
-- undoes nothing.  A coroutine that is being closed cannot wait.  What another call registered is that call's to run.
function Guard:__close()
  local call, cleanup = calls.current(), cleanup_of[self]
  if not call or call ~= cleanup.call or cleanup.done or call.phase ~= "run" then return end
  if is_told_to_end(call) or not coroutine.isyieldable() then return end
  cleanup.done, cleanup.ended, cleanup.written = true, false, call.written
  call.cleaning, call.cleanup_deadline = call.cleaning + 1, clock.now() + SECONDS
  local ok, err = numbers.within(new_branch(cleanup), cleanup.fn)
  call.cleaning, cleanup.ended = call.cleaning - 1, true
  if ok then return end
  if is_told_to_end(call) or fiber.is_cancelled(err) or is_to_repeat(call, cleanup, err) then
    cleanup.done = false
  else
    cleanup.failure = err
    pcall(report_failure, call, cleanup) -- else at the call's end
  end
end

--- Registers `fn` with the call whose code runs now.
---@param fn fun()
---@return table guard  a to-be-closed value
function M.register(fn)
  local call = calls.current()
  if not call then error("rc.finally works only inside run", 3) end
  if call.phase ~= "run" then error("rc.finally: the call is being cleaned up already", 3) end
  if type(fn) ~= "function" then error("rc.finally takes a function, got " .. type(fn), 3) end
  local cleanup = {
    fn = fn, branch = numbers.fork(), call = call, done = false, ended = true, written = 0, tries = 0, runs = 0,
    task = nil, budget = nil, failure = nil,
  }
  local guard = setmetatable({}, Guard)
  cleanup_of[guard] = cleanup
  table.insert(call.cleanups, cleanup)
  if call.ctx and call.ctx.undoes then call.ctx:undoes(call) end
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
  if self.timer then self.timer:cancel() end
end

function Deadline:arm()
  self.timer = clock.after(math.max(0, self.call.cleanup_deadline - clock.now()), function()
    if clock.now() < self.call.cleanup_deadline then return self:arm() end
    self.task:cancel(("clean-ups have %d seconds"):format(SECONDS))
  end)
end

local TOO_LONG = ("it took longer than the %d seconds that clean-ups have"):format(SECONDS)

local function in_branch(cleanup)
  numbers.enter(new_branch(cleanup))
  cleanup.fn()
end

-- Begins a clean-up in a budget of its own; false: there is none left.
local function begin_one(call, cleanup, share)
  if cleanup.budget then call:forget(cleanup.budget) end -- of a try that did not begin
  local budget = share:next()
  if not budget or clock.now() >= call.cleanup_deadline then return false, budget end
  cleanup.written, cleanup.tries, cleanup.budget = call.written, cleanup.tries + 1, budget
  cleanup.task = fiber.spawn_in(budget, in_branch, cleanup)
  cleanup.done = true
  return true
end

local function join_one(call, cleanup)
  local deadline <close> = setmetatable({ call = call, task = cleanup.task, timer = nil }, Deadline)
  deadline:arm()
  return cleanup.task:join()
end

-- Waits for its end, until the deadline.
local function end_one(call, cleanup, share)
  local task, budget = cleanup.task, cleanup.budget
  local ok, err = join_one(call, cleanup)
  if task.stopped then task:close_in(budget) end
  local expired = budget:expired()
  cleanup.task, cleanup.budget = nil, nil
  share:ended(budget)
  if ok then return end
  if fiber.is_cancelled(err) then err = TOO_LONG end
  if type(err) == "table" and not rc_error.is(err) then err = rawget(err, "message") or err end
  if not expired and is_to_repeat(call, cleanup, err) then cleanup.done = false else cleanup.failure = err end
end

-- Closes what fibers that were stopped have left open.
local function close_stopped(call)
  local share, unclosed = new_share(call, CLOSE_CPU_MS), 0
  for _, task in ipairs(call.fibers) do
    local budget = task.stopped and share:next()
    if budget then
      local ok, err = task:close_in(budget)
      share:ended(budget)
      if not ok then insist("telling what a function that was stopped did at its end", note, call, err) end
    elseif task.stopped then
      unclosed = unclosed + 1
    end
  end
  if unclosed > 0 and not call.share then
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
  if count > 0 then note(call, ("%d of them did not run: %s"):format(count, why)) end
  call.cleanups = {}
end

local STOPPED = "it was stopped before its end"

-- One that the block ran in which it was registered, until the function was stopped.
local function resume_stopped(call, cleanup)
  if cleanup.ended then return end
  cleanup.ended = true
  if call.written == cleanup.written then cleanup.done = false else cleanup.failure = STOPPED end
end

-- Where memory runs out it begins again with the one that it was at.
local function run_cleanups(call)
  local share = call.share
  while #call.cleanups > 0 do
    local cleanup = call.cleanups[#call.cleanups]
    resume_stopped(call, cleanup)
    if not cleanup.done then
      local begun, budget = begin_one(call, cleanup, share)
      if not begun then
        return give_up(call, budget and ("clean-ups have %d seconds in all"):format(SECONDS)
          or ("clean-ups have %g seconds of processor time in all"):format(ALL_CPU_MS / 1000))
      end
    end
    if cleanup.task then end_one(call, cleanup, share) end
    if cleanup.done then
      report_failure(call, cleanup)
      call.cleanups[#call.cleanups] = nil
    end
  end
end

--- Tells that clean-ups were lost, or may have been done by half, elsewhere: to the caller, and in the log.  Where memory runs out this
--- raises before anything is told.
---@param call CallState
---@param message string
function M.tell_lost(call, message)
  note(call, message)
end

--- Runs what has not run yet.  In a plain fiber, shielded from cancellation by the caller.  Where memory runs out this raises, and
--- goes on where it was when it is called again.
---@param call CallState  its `notes` tell what failed
function M.run(call)
  if call.phase == "over" then return end
  call.phase = "cleanup"
  call.places = places.new(call.limits.calls) -- what the call left behind may hold its own for minutes
  close_stopped(call)
  if not call.share then call.share, call.cleanup_deadline = new_share(call, ALL_CPU_MS), clock.now() + SECONDS end
  -- A process that was stopped meanwhile has undone nothing in that time.
  local _ <close> = standstill.watch(function(seconds)
    call.cleanup_deadline = call.cleanup_deadline --[[@as number]] + seconds * math.max(1, clock.speed())
  end)
  run_cleanups(call)
  if call.further_notes then table.insert(call.notes --[[@as string[] ]], ("%d further clean-ups failed"):format(call.further_notes)) end
  call.phase = "over"
end

return M
