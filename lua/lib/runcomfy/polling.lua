--- Polling: when to look again, which failure of a poll may pass, how what was seen is told.

local advice = require "lib.runcomfy.advice"
local lifecycle = require "lib.runcomfy.lifecycle"
local brief = require("lib.text").brief

local M = {}

local BEGINNING = 1.1 -- seconds of a wait in which the job is looked at once: what was just submitted is not done yet
local SECOND = 3      -- seconds from there to the second look, as the official server has them
local SHORTEST, LONGEST, PART = 1.1, 5, 1 / 5

--- How long to wait before the next poll: none is made where nothing can have come yet; then a job is watched closely, and less so
--- later.  The jitter only shortens, so that nobody learns of an end later than the interval; waits that begin at
--- once are kept out of step by their first poll.
---@param elapsed number  seconds since the wait began
---@param random? fun(): number  default math.random: from 0 to 1
---@return number seconds
function M.interval(elapsed, random)
  local base = elapsed < BEGINNING and SECOND or math.max(SHORTEST, math.min(LONGEST, elapsed * PART))
  return base * (0.85 + 0.15 * (random or math.random)())
end

--- Whether a failed poll may pass: no answer, too many requests, trouble on the API's side.
---@param err Error
---@return boolean
function M.forgivable(err)
  if type(err.code) == "string" and lifecycle.outcome(err.code:match "^job_(.*)$") then return false end
  if err.settled or lifecycle.ended_in(err) then return false end
  local status = advice.meaning(err.status_code, err.error_code)
  if status then return status == 429 or status == 408 or status >= 500 end
  return err.code ~= "no_key" and err.code ~= "invalid_input"
end

local function seconds_text(elapsed)
  return ("%d s"):format(math.floor(elapsed + 0.5))
end

local LONGEST_WORD = 200 -- bytes of a foreign word in a message

local COLD = 10 -- seconds in which an instance that is ready takes what is next

local function queued(position, elapsed, tail)
  local text = math.type(position) == "integer" and ("in queue, position %d%s"):format(position, tail) or "in queue" .. tail
  local is_next = position == nil or position == 0 or position == 1
  if elapsed < COLD or not is_next then return text end
  return text .. ": an instance is starting; 3 to 5 minutes are usual"
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
  word = type(word) == "string" and brief(word, LONGEST_WORD) or nil
  local lower = word and word:lower()
  if lower == "in_queue" then
    local position = (status --[[@as core.json.Raw]]):value "queue_position"
    return queued(type(position) == "number" and position or nil, elapsed, tail)
  elseif lower == "in_progress" then
    local instance = (status --[[@as core.json.Raw]]):value "instance_id"
    if type(instance) ~= "string" then return "in progress" .. tail end
    return ("in progress on instance %s%s"):format(brief(instance, LONGEST_WORD), tail)
  end
  return (word or "status unknown") .. tail
end

return M
