--- Waiting for a job: a view of it, never its life line.  One loop for tools and recipes.
---
--- Polls at once, after 3 s, then every 1 s growing to 5 s, with jitter, so that many waits do not stay in step;
--- obeys Retry-After; forgives what may pass (no connection, 429, 5xx) until the wait ends, a refusal that may pass (409, 423,
--- 425, and 404 of a job that is new or was there before) a few times in a row; asks for the same unreadable bytes three
--- times.  A wait ends at the first of: the job's end, the time-out, the moment at which its caller wants an answer; a poll that hangs
--- then is given up.  The job itself is never touched: whoever stops waiting can come back with its ids.

local advice = require "lib.runcomfy.advice"
local clock = require "lib.async.clock"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local lifecycle = require "lib.runcomfy.lifecycle"
local paths = require "lib.runcomfy.paths"
local polling = require "lib.runcomfy.polling"
local results = require "lib.runcomfy.results"

local M = {}

local CROWD = 32         -- waits at once from which first polls are spread
local POLL_LONGEST = 30  -- seconds that one poll may take
local POLL_ALONE = 5     -- seconds for the one poll of a wait without time
local POLL_SHORTEST = 0.25
local EARLY = 1          -- seconds of real time that a poll still has when the wait is ended early

local GRACE = 0.1        -- seconds that a poll has beyond its time, which ends it with what has come

local FEW = 6  -- tries of what is refused and may pass
local SAME = 3 -- tries of what cannot be read, where the bytes are the same

local MOMENT = 0.001     -- seconds; less is no time left

---@class WaitSource  where a wait looks; the options are those of one try, which ends with the time that they give it
---@field poll fun(options: ReadOptions): core.json.Raw?, Error?   the status
---@field result fun(options: ReadOptions): any, Error?, string?   with the status word in it
---@field part? fun(err: Error): any, string?  what an answer that cannot be read holds of a result, and its status word

---@class WaitOptions
---@field timeout number        seconds; 0 or less: exactly one poll
---@field answer_by? number     moment of lib.async.clock at which the caller wants an answer, whatever the job does
---@field source? WaitSource    default: the API
---@field on_cancelled? fun()    called before the cancellation of its fiber goes on, shielded: what becomes of the job
---@field on_status? fun(status: core.json.Raw?, info: WaitInfo)  after each poll
---@field on_draining? fun(end_wait: fun()?)  told how to end the wait early, with what has been seen; nil when it is over

---@class WaitInfo
---@field elapsed number
---@field message string       "in queue, position 3, 40 s"
---@field err? Error           the poll failed, and is forgiven

---@class Waited
---@field ending? "completed"|"succeeded"|"failed"|"cancelled"  nil: the wait ended before the job
---@field elapsed number
---@field left? boolean              the caller asks nothing more: that ended the wait
---@field status? core.json.Raw      the last status seen
---@field result? any                once the job has ended, where it could be fetched: the API's bytes, or the source's
---@field err? Error                 the last error that was forgiven and not overcome

---@class Wait
---@field client Client
---@field source WaitSource
---@field started number
---@field deadline number    of the wait
---@field answer_by number   of its caller
---@field ended_early? boolean
---@field held? Error         of a try whose answer had begun
---@field deployment_id string
---@field request_id string
---@field poll? Poll          under way
---@field seen? boolean       a status was read
---@field on_status? fun(status: core.json.Raw?, about: table)
---@field refusals integer    that may pass, one after the other
---@field bytes? string       that could not be read
---@field same integer        how often they came, one after the other
local Wait = {}
Wait.__index = Wait

-- The API itself.
local function api_source(client, deployment_id, request_id)
  return {
    poll = function(options) return results.status(client, deployment_id, request_id, options) end,
    result = function(options)
      local result, err = results.once(client, deployment_id, request_id, options)
      return result, err, result and result:value "status"
    end,
    part = function(err)
      local result = results.part(err)
      return result, result and result:value "status"
    end,
  }
end

-- How long one poll may take: it ends with the wait.
function Wait:bound(longest)
  local now = clock.now()
  local own = self.deadline - self.started < MOMENT and POLL_ALONE or self.deadline - now
  return math.max(POLL_SHORTEST, math.min(longest, own, self.answer_by - now))
end

local function start_sleep(self, seconds, callback)
  self.wake = callback
  return clock.after(seconds, callback)
end

function Wait:sleep(seconds)
  if self.ended_early then return end
  fiber.await(start_sleep, self, seconds)
  self.wake = nil
end

---@class Poll  that is under way
---@field package task Fiber
---@field package timers core.Handle[]
---@field package expired? { message: string, code: string }  why it was ended
---@field package wait Wait
local Poll = {}
Poll.__index = Poll

function Poll:__close()
  for _, timer in ipairs(self.timers) do timer:cancel() end
  self.wait.poll = nil
  self.task:cancel "the wait is over"
end

-- Ends it after seconds of real time: a clock that runs faster makes the network no faster.
function Poll:end_after(seconds, why)
  local timers = self.timers --[[@as table]]
  local at = #timers + 1
  timers[at] = false -- room: a timer that cannot be kept would go on
  timers[at] = nil
  timers[at] = clock.after(seconds * math.max(1, clock.speed()), function()
    self.expired = why
    self.task:cancel(why.message)
  end)
end

local LATE = { message = "the poll took longer than the wait", code = "timeout" }
local LEFT = { message = "its caller left before the answer came", code = "client_left" }

function Poll:settle(ok, answer, ...)
  if ok then return answer, ... end
  local why = self.expired
  if not (why and fiber.is_cancelled(answer)) then error(answer, 0) end
  return nil, errors.new(why.message, { code = why.code })
end

-- One try of a source's function, in the time that it may take, however it keeps to that itself.
function Wait:try(fetch, longest, idle_ms)
  local seconds = self:bound(longest)
  local task = fiber.spawn(fetch, { once = true, total_ms = math.max(1, math.floor(seconds * 1000)), idle_ms = idle_ms })
  task.quiet = true
  local poll <close> = setmetatable({ wait = self, task = task, timers = {} }, Poll)
  self.poll = poll
  poll:end_after(seconds + GRACE, LATE)
  return poll:settle(task:join())
end

-- Its call is drained: no more polls, and the one that is under way has a moment, for it may hang.
function Wait:end_early()
  self.ended_early = true
  self.answer_by = math.min(self.answer_by, clock.now() + EARLY * math.max(1, clock.speed()))
  if self.poll then self.poll:end_after(EARLY, LEFT) end
  if self.wake then self.wake() end
end

-- Sleeps until the next poll, at most to the end of the wait; false: no poll fits in any more.
function Wait:pause(err)
  local now = clock.now()
  local left = math.min(self.deadline, self.answer_by) - now
  if left < MOMENT then return false end
  local seconds = polling.interval(now - self.started)
  local asked = err and err.retry_after
  if asked and asked > seconds then seconds = math.min(asked, 60) end
  self:sleep(math.min(seconds, left))
  return not (self.ended_early or asked and asked > left) and clock.now() < self.answer_by - MOMENT
end

-- Whether a refusal may pass that is none of RunComfy's being unwell.
function Wait:refusal_may_pass(err)
  local status = advice.meaning(err.status_code, err.error_code)
  local may = self.client.recent:may_pass(status, self.deployment_id, self.request_id) or status == 404 and self.seen
  self.refusals = self.refusals + 1
  return may and self.refusals < FEW
end

local UNREADABLE = { protocol = true, encoding = true }

-- What asking again is not likely to change: bytes that cannot be read, or that are no HTTP, or lead in a circle.
local function unreadable(err)
  return err.unreadable or UNREADABLE[err.code] and err.message or nil
end

-- Whether the poll may be made again.
function Wait:may_pass(err)
  if err.settled then return false end
  local bytes = unreadable(err)
  if bytes then
    self.same = bytes == self.bytes and self.same + 1 or 1
    self.bytes = bytes
    return self.same < SAME
  end
  if not polling.forgivable(err) then return self:refusal_may_pass(err) end
  self.refusals = 0
  return true
end

-- Keeps the error that has most of an answer which did not come to its end: the last try may have nothing.
function Wait:hold(err)
  local held = self.held
  if err.early and err.unreadable and not (held and #held.unreadable >= #err.unreadable) then self.held = err end
end

-- Calls `fetch` until it answers or the wait ends; nil, err and whether the refusal is final.
function Wait:fetch(fetch, longest, idle_ms)
  while true do
    local answer, err, word = self:try(fetch, longest, idle_ms)
    if answer then
      self.refusals, self.bytes = 0, nil
      return answer, word
    end
    self:hold(err)
    if self.ended_early then return nil, err, false end
    if not self:may_pass(err) then return nil, err, true end
    self:report(nil, err)
    if not self:pause(err) then return nil, err, false end
  end
end

function Wait:report(status, err)
  if not self.on_status then return end
  local elapsed = clock.now() - self.started
  self.on_status(status, { elapsed = elapsed, message = polling.describe(status, elapsed, err), err = err })
end

function Wait:waited(fields)
  fields.elapsed, fields.ended_early = clock.now() - self.started, self.ended_early
  return fields
end

-- The result and its status word; of one that cannot be read, what it holds.
function Wait:fetch_result()
  self.held = nil
  local result, err, final = self:fetch(self.source.result, results.LONGEST_MS / 1000, results.IDLE_MS)
  if result or not (final or self.held) or not self.source.part then return result, err end
  local part, word = self.source.part(self.held or err)
  if part then return part, word end
  return nil, err
end

-- The job has ended: its result, as far as it can be had.  One that still says "in progress" is not the
-- result yet.
function Wait:finish(status, word)
  local result, err, open, result_word
  repeat
    result, err = self:fetch_result()
    result_word = result and err or nil
    open = lifecycle.is_open(result_word)
  until not open or not self:pause()
  return self:waited {
    status = status, result = result, err = not result and err or nil,
    ending = not lifecycle.is_open(result_word) and lifecycle.ending(word, result_word) or nil,
  }
end

-- A word that nobody knows may be that of an end: the result tells, where there is one.
function Wait:ended_unknown(status)
  if self.ended_early or self.deadline - clock.now() < MOMENT then return nil end
  local result, _, result_word = self:try(self.source.result, POLL_LONGEST, results.IDLE_MS)
  if not result or not lifecycle.outcome(result_word) then return nil end
  return self:waited { status = status, result = result, ending = lifecycle.outcome(result_word) }
end

function Wait:run()
  local status
  if self.answer_by - clock.now() < MOMENT then return self:waited {} end
  while true do
    local seen, err, final = self:fetch(self.source.poll, POLL_LONGEST)
    if final then return nil, err end
    if not seen then return self:waited { status = status, err = err } end
    status, self.seen = seen, true
    self:report(status)
    local word = status:value "status"
    if lifecycle.outcome(word) then return self:finish(status, word) end
    local ended = not lifecycle.is_open(word) and self:ended_unknown(status)
    if ended then return ended end
    if not self:pause() then return self:waited { status = status } end
  end
end

local Presence = {}

function Presence:__close()
  self.waits.count = self.waits.count - 1
  if self.on_draining then self.on_draining(nil) end
end

--- Waits for a job.  Cancelling the fiber stops the polls and leaves the job alone.
---@param client Client
---@param deployment_id string
---@param request_id string
---@param options WaitOptions
---@return Waited|nil waited, Error? err  nil where the API refuses to tell (an unknown id, a bad key), or cannot be asked
---@return_overload Waited
---@return_overload nil, Error
function M.wait(client, deployment_id, request_id, options)
  local err = paths.unusable(deployment_id, request_id)
  if err then return nil, err end
  local waits = client.waits
  waits.count = waits.count + 1
  local _ <close> = setmetatable({ waits = waits, on_draining = options.on_draining }, Presence)
  local started = clock.now()
  local limit = math.max(0, options.timeout)
  local self = setmetatable({
    client = client, source = options.source or api_source(client, deployment_id, request_id), on_status = options.on_status,
    deployment_id = deployment_id, request_id = request_id, refusals = 0, same = 0,
    started = started, deadline = started + limit, answer_by = options.answer_by or math.huge,
  }, Wait)
  if options.on_draining then options.on_draining(function() self:end_early() end) end
  if waits.count > CROWD then self:sleep(math.min(math.random(), limit)) end
  local ok, waited, problem = pcall(self.run, self) ---@type boolean, any, any
  if ok then return waited, problem end
  if options.on_cancelled and fiber.is_cancelled(waited) then fiber.shield(options.on_cancelled) end
  error(waited, 0)
end

return M
