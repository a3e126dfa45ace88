--- Reads the result of a request: what it made is paid, so that as much of it counts as can be read.

local answers = require "lib.runcomfy.answers"
local body = require "lib.runcomfy.body"
local clock = require "lib.clock"
local lifecycle = require "lib.runcomfy.lifecycle"
local serverless = require "lib.runcomfy.serverless"

local M = {}

local TRIES = 3 -- of what cannot be read
local PAUSE = 0.5 -- seconds before the second, doubled for the third

--- What an answer that cannot be read whole holds of a result; nil where it holds nothing.
---@param err Error  of answers.object, or of a read whose answer broke off
---@return core.json.Raw? result
function M.part(err)
  local value = err.unreadable and body.beginning(err.unreadable)
  return value and value:kind() == "object" and value or nil
end

--- What such an answer holds of a status; nil where its word has not come.
---@param err Error
---@return core.json.Raw? status
function M.part_of_status(err)
  local part = M.part(err)
  return part and type(part:value "status") == "string" and part or nil
end

--- The result.  An answer that cannot be read is asked for up to three times; then what stands before its fault counts.
---@param deployment_id string
---@param request_id string
---@return core.json.Raw|nil result, Error?  settled: asking further does not help
function M.read(deployment_id, request_id)
  local result, err
  for try = 1, TRIES do
    if try > 1 then clock.sleep(PAUSE * 2 ^ (try - 2)) end
    local answer, refused = serverless.result(deployment_id, request_id)
    if not answer then return lifecycle.ended_in(refused) or M.part(refused), refused end
    result, err = answers.object(answer, "a result")
    if result then return result end
  end
  result = M.part(err)
  if result then return result end
  err.settled = true
  return nil, err
end

return M
