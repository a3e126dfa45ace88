--- What the answers of tools tell of the requests that a call has begun: each tool that deals with requests names one of these as its
--- `learn`.  A list of requests is lib.recipes.run.open_requests.

local json = require "core.json"
local lifecycle = require "lib.runcomfy.lifecycle"

local M = {}

-- A member of structured content, whose parts may be checked text.
local function member(value, name)
  local kind = type(value)
  if kind == "table" then return value[name] end
  if kind ~= "userdata" or value == json.null or not value.kind or value:kind() ~= "object" then return nil end
  return value:value(name)
end

-- The end of the request that an error tells: "job_failed", "job_cancelled".
local function told_end(err)
  return type(err.code) == "string" and lifecycle.outcome(err.code:match "^job_(.*)$") or nil
end

-- How a request has ended that `name`s its status in some structured content.
local function end_in(data, name)
  return lifecycle.outcome(member(member(data, name), "status"))
end

--- What a submit tells: a request that was begun, or may have been; or its end, where it was waited for.
---@param requests OpenRequests
---@param input table
---@param result? { data: any }
---@param err? Error
function M.submitted(requests, input, result, err)
  local data = (result or err --[[@as table]]).data
  local answer = member(data, "submission")
  local request_id = answer ~= nil and lifecycle.request_id(json.raw(json.encode(answer)))
  if request_id then
    local outcome = err and told_end(err) or result and (end_in(data, "result") or end_in(data, "status"))
    if outcome then return requests:settle(input.deployment_id, request_id, outcome) end
    requests:add { deployment_id = input.deployment_id, request_id = request_id }
  elseif result or err and err.delivery == "unknown" or member(data, "delivery") == "unknown" then
    local named = err and member(data, "request_id")
    requests:add { deployment_id = input.deployment_id, request_id = type(named) == "string" and named or nil, delivery = "unknown" }
  end
end

-- What a look at a request tells: its end.
local function seen(requests, input, name, result, err)
  local outcome = result and end_in(result.data, name) or err and told_end(err)
  if outcome then requests:settle(input.deployment_id, input.request_id, outcome) end
end

---@param requests OpenRequests
---@param input table
---@param result? { data: any }
---@param err? Error
function M.status(requests, input, result, err) seen(requests, input, "status", result, err) end

---@param requests OpenRequests
---@param input table
---@param result? { data: any }
---@param err? Error
function M.result(requests, input, result, err) seen(requests, input, "result", result, err) end

--- What became of a cancel.
---@param requests OpenRequests
---@param input table
---@param result? { data: any }
function M.cancelled(requests, input, result)
  requests:cancelled(input.deployment_id, input.request_id, result and member(result.data, "outcome"))
end

return M
