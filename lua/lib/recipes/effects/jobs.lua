--- The kind "job": what takes several calls of tools.  Each of them passes the chain, too, numbered below the job's effect.

local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local insist = require "lib.async.insist"
local job_calls = require "lib.recipes.effects.job_calls"
local json = require "core.json"
local lifecycle = require "lib.runcomfy.lifecycle"
local tools = require "lib.recipes.effects.tools"

local M = {}

---@class rc.JobRecord  what the host knows of a job
---@field state rc.State       of the call that uses it, which need not be the one that submitted it
---@field deployment_id string
---@field request_id string
---@field instance_id? string  the last one known

local actions = {}

local function id_of(result)
  local submission = (json.raw(json.encode(result.data)) --[[@as core.json.Raw]]):get "submission"
  return submission and lifecycle.request_id(submission)
end

function actions.submit(record, submission)
  local result, err = tools.call(record.state, "submit_request", submission)
  if not result then return nil, err end
  local request_id = insist("reading the id of a request", id_of, result)
  if request_id then return json.encode(request_id) end
  return nil, errors.new("the answer to the submit holds no request_id, so the job cannot be followed; it may run and be billed",
    { code = "no_request_id", delivery = "unknown" })
end

function actions.wait(record, input)
  return require("lib.recipes.effects.wait").run(record, input.timeout)
end

function actions.status(record)
  local result, err = job_calls.call(record, "get_request_status")
  if not result then return nil, err end
  local text = json.encode(result.data.status)
  record.instance_id = lifecycle.instance_id(json.raw(text)) or record.instance_id
  return text
end

function actions.result(record)
  return require("lib.recipes.effects.wait").result(record)
end

function actions.cancel(record)
  local result, err = job_calls.call(record, "cancel_request")
  if not result then return nil, err end
  return json.encode(tostring(result.data.outcome))
end

function actions.proxy(record, input)
  return require("lib.recipes.effects.proxy").call(record, { path = input.path, method = input.method, body = input.body })
end

-- Polls can be made again at any time; they are not kept, or a call that is replayed would wait for each of them again.
local PASSING = { wait = true }

local function execute(effect, scope)
  local state, input = scope.caller, effect.input
  local record = {
    state = state:below(effect, PASSING[effect.name]), deployment_id = input.deployment_id, request_id = input.request_id,
    instance_id = input.request_id and state.instances[input.request_id] or input.instance_id,
  }
  local text, err = actions[effect.name](record, input)
  if record.instance_id then state.instances[record.request_id] = record.instance_id end
  return text, err
end

--- Does something with a job; the answer is JSON text.
---@param state rc.State
---@param effect Effect
---@return string|nil text, Error? err
---@return_overload string
---@return_overload nil, Error
function M.perform(state, effect)
  return effects.perform(effect, { ctx = state.ctx, caller = state, passing = state.passing }, execute)
end

return M
