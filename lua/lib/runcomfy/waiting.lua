--- Waiting for a job: a view of it, never its life line.
---
--- Polls at once, then every 1 s growing to 5 s, with jitter, so that many waits do not stay in step;
--- obeys Retry-After; forgives what may pass (no connection, 429, 5xx) until the wait ends.  A wait ends
--- at the first of: the job's end, the time-out, the slice that the client is known to bear.  The job
--- itself is never touched: whoever stops waiting can come back with its ids.

local clock = require "lib.clock"
local fiber = require "lib.fiber"
local lifecycle = require "lib.runcomfy.lifecycle"
local answers = require "lib.runcomfy.answers"
local serverless = require "lib.runcomfy.serverless"

local M = {}

local CROWD = 32           -- waits at once from which first polls are spread
local POLL_LONGEST = 30    -- seconds that one poll may take, 5 near the end of the wait
local POLL_SHORTEST = 5 -- so that a slice of 50 s ends before the 60 s of many clients, also when the API hangs

local MOMENT = 0.001       -- seconds; less is no time left

local active = 0
local settings = {}

---@class WaitSettings
---@field slice? number                            seconds after which any wait ends early; nil: its own time-out alone
---@field cancel_remote_on_client_cancel? boolean  whether a job is cancelled when the call that waits for it is

--- Sets what holds for all waits from now on.
---@param new WaitSettings
function M.configure(new)
  settings = { slice = new.slice, cancel_remote_on_client_cancel = new.cancel_remote_on_client_cancel == true }
end

---@return WaitSettings
function M.settings()
  return settings
end

---@class WaitOptions
---@field timeout number       seconds; 0 or less: exactly one poll
---@field slice? number        seconds after which the wait ends early; default: the setting
---@field on_status? fun(status: core.json.Raw?, info: WaitInfo)  after each poll
---@field on_leaving? fun(end_wait: fun())  told how to end the wait early, with what has been seen

---@class WaitInfo
---@field elapsed number
---@field message string       "in queue, position 3, 40 s"
---@field err? Error           the poll failed, and is forgiven

---@class Waited
---@field ending? "completed"|"succeeded"|"failed"|"cancelled"  nil: the wait ended before the job
---@field elapsed number
---@field status? core.json.Raw      the last status seen
---@field result? core.json.Raw      once the job has ended, where it could be fetched
---@field err? Error                 the last error that was forgiven and not overcome

--- How long to wait before the next poll.  A job is watched closely at first and less so later.  The
--- jitter only shortens, so that nobody learns of an end later than the interval; waits that begin at
--- once are kept out of step by their first poll.
---@param elapsed number  seconds since the wait began
---@param random? fun(): number  default math.random: from 0 to 1
---@return number seconds
function M.interval(elapsed, random)
  local base = math.max(1, math.min(5, elapsed / 5))
  return base * (0.85 + 0.15 * (random or math.random)())
end

--- Whether a failed poll may pass: no answer, too many requests, trouble on the API's side.
---@param err Error
---@return boolean
function M.forgivable(err)
  if err.status_code then return err.status_code == 429 or err.status_code == 408 or err.status_code >= 500 end
  return err.code ~= "no_key" and err.code ~= "invalid_input"
end

local function seconds_text(elapsed)
  return ("%d s"):format(math.floor(elapsed + 0.5))
end

--- What a status says, in a few words.
---@param status? core.json.Raw
---@param elapsed number
---@param err? Error
---@return string
function M.describe(status, elapsed, err)
  local tail = ", " .. seconds_text(elapsed)
  if err then
    local what = err.status_code and "HTTP " .. err.status_code or err.code or "error"
    return ("the last poll failed (%s), still waiting%s"):format(what, tail)
  end
  local word = status and status:value "status"
  local lower = type(word) == "string" and word:lower()
  if lower == "in_queue" then
    local position = status:value "queue_position"
    return math.type(position) == "integer" and ("in queue, position %d%s"):format(position, tail) or "in queue" .. tail
  elseif lower == "in_progress" then
    local instance = status:value "instance_id"
    return type(instance) == "string" and ("in progress on instance %s%s"):format(instance, tail) or "in progress" .. tail
  end
  return (lower and word or "status unknown") .. tail
end

---@class Wait
---@field deployment_id string
---@field request_id string
---@field started number
---@field deadline number
local Wait = {}
Wait.__index = Wait

-- One try each: the wait is the retry.
function Wait:poll_options()
  local left = math.max(POLL_SHORTEST, math.min(POLL_LONGEST, self.deadline - clock.now()))
  return { once = true, total_ms = math.floor(left * 1000) }
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

-- The one that waits leaves: no more polls.
function Wait:end_early()
  self.ended_early = true
  if self.wake then self.wake() end
end

-- Sleeps until the next poll, at most to the end of the wait; false: no poll fits in any more.
function Wait:pause(err)
  local now = clock.now()
  local left = self.deadline - now
  if left < MOMENT then return false end
  local seconds = M.interval(now - self.started)
  local asked = err and err.retry_after
  if asked and asked > seconds then seconds = math.min(asked, 60) end
  self:sleep(math.min(seconds, left))
  return not (self.ended_early or asked and asked > left)
end

-- Calls `fetch` until it answers with an object or the wait ends.
function Wait:fetch(fetch, what)
  while true do
    local answer, err = fetch(self.deployment_id, self.request_id, self:poll_options())
    if answer then answer, err = answers.object(answer, what) end
    if answer then return answer end
    if not M.forgivable(err) then return nil, err, true end
    self:report(nil, err)
    if not self:pause(err) then return nil, err, false end
  end
end

function Wait:report(status, err)
  if not self.on_status then return end
  local elapsed = clock.now() - self.started
  self.on_status(status, { elapsed = elapsed, message = M.describe(status, elapsed, err), err = err })
end

-- The job has ended: its result, as far as it can be had.  One that still says "in progress" is not the
-- result yet.
function Wait:finish(status, word)
  local result, err, result_word
  repeat
    result, err = self:fetch(serverless.result, "a result")
    result_word = result and result:value "status"
    local open = lifecycle.is_open(result_word)
  until not open or not self:pause()
  return {
    status = status, result = result, err = err, elapsed = clock.now() - self.started,
    ending = not lifecycle.is_open(result_word) and lifecycle.ending(word, result_word) or nil,
  }
end

function Wait:run()
  local status
  while true do
    local seen, err, final = self:fetch(serverless.status, "a status")
    if final then return nil, err end
    if not seen then return { status = status, err = err, elapsed = clock.now() - self.started } end
    status = seen
    self:report(status)
    local word = status:value "status"
    if lifecycle.outcome(word) then return self:finish(status, word) end
    if not self:pause() then return { status = status, elapsed = clock.now() - self.started } end
  end
end

local leave = setmetatable({}, { __close = function() active = active - 1 end })

--- Waits for a job.  Cancelling the fiber stops the polls and leaves the job alone.
---@param deployment_id string
---@param request_id string
---@param options WaitOptions
---@return Waited|nil waited, Error? err  nil where the API refuses to tell (an unknown id, a bad key)
function M.wait(deployment_id, request_id, options)
  active = active + 1
  local _ <close> = leave
  local started = clock.now()
  local limit = math.max(0, math.min(options.timeout, options.slice or settings.slice or math.huge))
  local self = setmetatable({
    deployment_id = deployment_id, request_id = request_id,
    started = started, deadline = started + limit, on_status = options.on_status,
  }, Wait)
  if options.on_leaving then options.on_leaving(function() self:end_early() end) end
  if active > CROWD then self:sleep(math.min(math.random(), limit)) end
  return self:run()
end

--- How many waits go on now.
---@return integer
function M.active()
  return active
end

return M
