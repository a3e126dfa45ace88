--- Reads the result of a request: what it made is paid, so that as much of it counts as can be read.

local answers = require "lib.runcomfy.answers"
local body = require "lib.runcomfy.body"
local clock = require "lib.async.clock"
local lifecycle = require "lib.runcomfy.lifecycle"

local M = {}

local TRIES = 3 -- of what cannot be read
local PAUSE = 0.5 -- seconds before the second, doubled for the third

--- How long a result may take: a large one comes slowly, but it comes.
M.IDLE_MS = 30000    -- without a byte, in a wait, which asks again
M.LONGEST_MS = 120000
M.SHORTEST_MS = 250

--- What an answer that cannot be read whole holds of a result; nil where it holds nothing.
---@param err Error  of answers.object, or of a read whose answer broke off
---@return core.json.Raw? result
function M.part(err)
  local value = err.unreadable and body.beginning(err.unreadable, err.early)
  return value and value:kind() == "object" and value or nil
end

--- What such an answer holds of a status; nil where its word has not come.
---@param err Error
---@return core.json.Raw? status
function M.part_of_status(err)
  local part = M.part(err)
  return part and type(part:value "status") == "string" and part or nil
end

--- The status, by one try.  The end of a job may be in an error of its own, and in an answer that broke off.
---@param client Client
---@param deployment_id string
---@param request_id string
---@param options ReadOptions
---@return core.json.Raw|nil status, Error?
---@return_overload core.json.Raw
---@return_overload nil, Error
function M.status(client, deployment_id, request_id, options)
  local status, err = client:status(deployment_id, request_id, options)
  if not status then return lifecycle.ended_in(err) or M.part_of_status(err), err end
  return answers.object(status, "a status")
end

--- The result, by one try.
---@param client Client
---@param deployment_id string
---@param request_id string
---@param options ReadOptions
---@return core.json.Raw|nil result, Error?
---@return_overload core.json.Raw
---@return_overload nil, Error
function M.once(client, deployment_id, request_id, options)
  local result, err = client:result(deployment_id, request_id, options)
  result = result or lifecycle.ended_in(err)
  if not result then return nil, err end
  return answers.object(result, "a result")
end

--- The result.  An answer that cannot be read is asked for up to three times; then what stands before its fault counts.
---@param client Client
---@param deployment_id string
---@param request_id string
---@param answer_by? number  moment of lib.async.clock at which the caller wants an answer: then what had come of it counts
---@return core.json.Raw|nil result, Error?  settled: asking further does not help
function M.read(client, deployment_id, request_id, answer_by)
  local result, err
  local left = answer_by and (answer_by - clock.now()) * 1000 or M.LONGEST_MS
  local longest = math.floor(math.max(M.SHORTEST_MS, math.min(M.LONGEST_MS, left)))
  for try = 1, TRIES do
    if try > 1 then clock.sleep(PAUSE * 2 ^ (try - 2)) end
    local answer, refused = client:result(deployment_id, request_id, { total_ms = longest })
    if not answer then return lifecycle.ended_in(refused) or M.part(refused), refused end
    result, err = answers.object(answer, "a result")
    if result then return result end
  end
  ---@cast err Error
  result = M.part(err)
  if result then return result end
  err.settled = true
  return nil, err
end

return M
