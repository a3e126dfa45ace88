--- The bodies of the API's answers.

local clock = require "lib.async.clock"
local codec = require "core.codec"
local jobs = require "lib.sim.jobs"
local json = require "core.json"

local M = {}

---@class sim.Answer
---@field status integer
---@field headers table<string, string>
---@field body string

---@param status integer
---@param value any
---@return sim.Answer
function M.json(status, value)
  return { status = status, headers = { ["Content-Type"] = "application/json" }, body = json.encode(value) }
end

---@param status integer
---@param text string
---@param content_type? string
---@return sim.Answer
function M.text(status, text, content_type)
  return { status = status, headers = { ["Content-Type"] = content_type or "text/plain; charset=utf-8" }, body = text }
end

--- A refusal, in the form that the API uses for it; `form` overrides what the problem says.
---@param problem sim.Problem
---@param form? "code"|"fastapi"|"message"|"text"
---@return sim.Answer
function M.problem(problem, form)
  form = form or problem.form or "code"
  if form == "fastapi" then return M.json(problem.status, { detail = problem.detail or problem.message }) end
  if form == "message" then return M.json(problem.status, { message = problem.message }) end
  if form == "text" then return M.text(problem.status, problem.message) end
  return M.json(problem.status, json.ordered({ "error_code", "error_message", "detail" }, {
    error_code = problem.error_code or problem.status * 1000 + 1,
    error_message = problem.message,
    detail = problem.detail,
  }))
end

-- A moment in the form that the API uses; it has been seen to use two.
local function moment(sim, seconds)
  if not seconds then return nil end
  local text = clock.iso(seconds)
  return sim.options.time_form == "offset" and text:gsub("Z$", "000+00:00") or text
end

local DEPLOYMENT = { "id", "name", "workflow_id", "workflow_version", "hardware", "min_instances", "max_instances", "queue_size",
                     "keep_warm_duration_in_seconds", "status", "is_enabled", "created_at", "updated_at", "payload", "readme" }

--- A deployment, with what `includes` names: payload, readme.
---@param sim sim.Server
---@param deployment sim.Deployment
---@param includes table<string, boolean>
---@return table
function M.deployment(sim, deployment, includes)
  local body = { status = "standby", simulated = true, hardware = json.as_array { deployment.hardware },
                 created_at = moment(sim, deployment.created_at), updated_at = moment(sim, deployment.updated_at) }
  for _, name in ipairs(DEPLOYMENT) do
    if body[name] == nil and name ~= "payload" and name ~= "readme" then body[name] = deployment[name] end
  end
  if includes.payload then
    body.payload = json.ordered({ "workflow_api_json", "overrides", "object_info_url" }, {
      workflow_api_json = json.raw(deployment.workflow.graph),
      overrides = json.raw(deployment.workflow.overrides),
      object_info_url = ("%s/prod/v2/deployments/%s/object_info"):format(sim.base_url, deployment.id),
    })
  end
  if includes.readme then body.readme = deployment.workflow.readme end
  return json.ordered(DEPLOYMENT, body)
end

-- The address of a request's own resource, under the version that the client used.
local function address(sim, version, request, name)
  return ("%s/prod/%s/deployments/%s/requests/%s/%s"):format(sim.base_url, version, request.deployment.id, request.id, name)
end

---@param sim sim.Server
---@param version "v1"|"v2"
---@param request sim.Request
---@return table
function M.submission(sim, version, request)
  return json.ordered({ "request_id", "status", "status_url", "result_url", "cancel_url" }, {
    request_id = request.id,
    status = "in_queue",
    status_url = address(sim, version, request, "status"),
    result_url = address(sim, version, request, "result"),
    cancel_url = address(sim, version, request, "cancel"),
    simulated = true,
  })
end

local function spelled(sim, status)
  return status == "cancelled" and sim.options.cancelled_word or status
end

---@param sim sim.Server
---@param version "v1"|"v2"
---@param request sim.Request
---@return table
function M.status(sim, version, request)
  return json.ordered({ "request_id", "status", "queue_position", "instance_id", "status_url", "result_url" }, {
    request_id = request.id,
    status = spelled(sim, request.status),
    queue_position = jobs.position(request) or json.null,
    instance_id = request.instance and request.instance.id,
    status_url = address(sim, version, request, "status"),
    result_url = address(sim, version, request, "result"),
    simulated = true,
  })
end

-- The list of a node's channel, made when it is first asked for.
local function channel_of(outputs, order, node_id, channel)
  if not outputs[node_id] then
    outputs[node_id] = {}
    order[#order + 1] = node_id
  end
  local node = outputs[node_id]
  node[channel] = node[channel] or json.as_array {}
  return node[channel]
end

--- The output object of a successful run: node, channel, files or texts.
---@param sim sim.Server
---@param request sim.Request
---@return table
function M.outputs(sim, request)
  local outputs, order = {}, {}
  for _, file in ipairs(request.files --[[@as sim.File[] ]]) do
    table.insert(channel_of(outputs, order, file.node_id, "images"), json.ordered({ "url", "filename", "subfolder", "type" }, {
      url = M.file_url(sim, request, file),
      filename = file.filename,
      subfolder = file.subfolder,
      type = file.type,
    }))
  end
  for _, text in ipairs(request.texts or {}) do
    table.insert(channel_of(outputs, order, text.node_id, "text"), json.as_array { text.text })
  end
  return json.ordered(order, outputs)
end

---@param sim sim.Server
---@param request sim.Request
---@param file sim.File
---@return string
function M.file_url(sim, request, file)
  local path = file.subfolder == "" and file.filename or file.subfolder .. "/" .. file.filename
  local encoded = path:gsub("[^/]+", codec.percent_encode)
  return ("%s/deployment_requests/%s/%s/%s"):format(sim.base_url, request.id, file.type, encoded)
end

---@param sim sim.Server
---@param request sim.Request
---@return table
function M.result(sim, request)
  return json.ordered({ "request_id", "status", "outputs", "error", "created_at", "finished_at", "instance_id" }, {
    request_id = request.id,
    status = spelled(sim, request.outcome or request.status),
    outputs = request.outcome == "succeeded" and M.outputs(sim, request) or nil,
    error = request.error and (sim.options.run_error_form == "object" and request.error or json.as_array { request.error }),
    created_at = moment(sim, request.created_at),
    finished_at = moment(sim, request.finished_at),
    instance_id = request.instance and request.instance.id,
    simulated = true,
  })
end

--- The answer to a cancel, in one of the two forms that official sources show.
---@param sim sim.Server
---@param request sim.Request
---@param accepted boolean
---@return table
function M.cancel(sim, request, accepted)
  local body = { request_id = request.id, simulated = true }
  if sim.options.cancel_form == "requested" then
    body.status = accepted and "cancellation_requested" or "not_cancellable"
  else
    body.status, body.outcome = "completed", accepted and sim.options.cancelled_word or "not_cancellable"
  end
  return json.ordered({ "request_id", "status", "outcome" }, body)
end

return M
