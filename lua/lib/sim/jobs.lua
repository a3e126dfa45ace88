--- Requests: queue, run, end, result, cancel, expiry.

local execution = require "lib.sim.execution"
local instances = require "lib.sim.instances"
local json = require "core.json"
local overrides = require "lib.sim.overrides"
local problems = require "lib.sim.problems"

local M = {}

---@class sim.Request
---@field id string
---@field deployment sim.Deployment
---@field status "in_queue"|"in_progress"|"completed"|"cancelled"
---@field outcome? "succeeded"|"failed"|"cancelled"
---@field graph table           what runs: the workflow with the overrides laid over it
---@field created_at number     seconds since 1970
---@field started_at? number
---@field finished_at? number
---@field instance? sim.Instance
---@field files? sim.File[]
---@field texts? sim.Text[]
---@field error? table
---@field on_status? fun(request: sim.Request)  called at each change
---@field event? sim.Event      the end of the run

M.RETENTION = 7 * 86400

local HISTORY = 1000 -- prompts that an instance remembers

local function announce(request)
  if request.on_status then request.on_status(request) end
end

-- Forgets what ended more than seven days ago.
local function forget(model)
  local ended, limit = model.ended, model.time:wall() - M.RETENTION
  while ended[1] and ended[1].finished_at < limit do
    model.requests[table.remove(ended, 1).id] = nil
  end
end

local function finish(model, request, outcome, fields)
  if request.event then request.event:cancel() end
  request.event = nil
  request.outcome = outcome
  request.status = outcome == "cancelled" and "cancelled" or "completed"
  request.finished_at = model.time:wall()
  for key, value in pairs(fields or {}) do request[key] = value end
  table.insert(model.ended, request)
  announce(request)
end

-- The end of a run that nobody interrupted.
local function complete(model, request)
  local deployment, instance = request.deployment, request.instance
  local failure = model.faults:run_failure(request) or execution.failure(request.graph, instance.sku)
  if failure then
    finish(model, request, "failed", { error = failure })
  else
    local digest = execution.digest(request.graph)
    local cached = digest == deployment.last_digest
    deployment.last_digest = digest
    finish(model, request, "succeeded", cached and { files = {} }
      or { files = execution.files(request.graph), texts = execution.texts(request.graph) })
  end
end

local function leave_instance(model, request)
  local instance = request.instance
  table.insert(instance.history, request)
  if #instance.history > HISTORY then table.remove(instance.history, 1) end
  instances.release(model, request.deployment, instance)
  M.dispatch(model, request.deployment)
end

local function begin(model, request, instance)
  local loaded = instances.has_models(instance, request.graph)
  request.status, request.instance, request.started_at = "in_progress", instance, model.time:wall()
  instances.occupy(instance, request)
  announce(request)
  local seconds = model.options.run_time or execution.duration(request.graph, instance.sku, loaded)
  request.event = model.time:after(seconds, function()
    complete(model, request)
    leave_instance(model, request)
  end)
end

--- Gives waiting requests to idle instances, and starts more instances where needed.
---@param model sim.Model
---@param deployment sim.Deployment
function M.dispatch(model, deployment)
  local instance = instances.idle(deployment)
  while instance and deployment.queue[1] do
    begin(model, table.remove(deployment.queue, 1), instance)
    instance = instances.idle(deployment)
  end
  instances.scale(model, deployment, function() M.dispatch(model, deployment) end)
end

local function gate(model, deployment)
  if deployment.deleted then
    return nil, problems.new(model.options.gate_status, 10003, "This deployment has been deleted.")
  elseif model.balance <= 0 then
    return nil, problems.new(model.options.gate_status, 10001, "Insufficient funds: add funds, then enable the deployment again.")
  elseif not deployment.is_enabled then
    return nil, problems.new(model.options.gate_status, 10002, "This deployment is disabled.")
  end
  return true
end

local function given(value)
  if value == json.null then return nil end
  return value
end

-- The graph that a body asks for.
local function compose(deployment, body)
  local graph, changes = given(body.workflow_api_json), given(body.overrides)
  if graph ~= nil then
    local ok, problem = overrides.check_graph(graph)
    if not ok then return nil, problem end
  else
    graph = deployment.graph
  end
  if changes == nil then return graph end
  local ok, problem = overrides.check(graph, changes)
  if not ok then return nil, problem end
  return overrides.merge(graph, changes)
end

--- Accepts a request, or says why not.
---@param model sim.Model
---@param deployment sim.Deployment
---@param body table                                  decoded: overrides, workflow_api_json, extra_data
---@param on_status? fun(request: sim.Request)
---@return sim.Request|nil request, sim.Problem? problem
function M.submit(model, deployment, body, on_status)
  local ok, problem = gate(model, deployment)
  if not ok then return nil, problem end
  forget(model)
  local graph
  graph, problem = compose(deployment, body)
  if not graph then return nil, problem end
  local request = {
    id = model.random:uuid(),
    deployment = deployment,
    status = "in_queue",
    graph = graph,
    created_at = model.time:wall(),
    on_status = on_status,
  }
  model.requests[request.id] = request
  table.insert(deployment.queue, request)
  announce(request)
  M.dispatch(model, deployment)
  return request
end

--- A request that is still known: for 7 days after its end.
---@param model sim.Model
---@param deployment_id string
---@param request_id string
---@return sim.Request|nil request, sim.Problem? problem
function M.find(model, deployment_id, request_id)
  forget(model)
  local request = model.requests[request_id]
  if not request or request.deployment.id ~= deployment_id then return nil, problems.not_found("Request") end
  return request
end

--- Place in the queue, from 1; nil once it has left the queue.
---@param request sim.Request
---@return integer?
function M.position(request)
  if request.status ~= "in_queue" then return nil end
  for at, item in ipairs(request.deployment.queue) do
    if item == request then return at end
  end
end

local function leave_queue(request)
  local at = M.position(request)
  if at then table.remove(request.deployment.queue, at) end
end

--- Cancels: what waits at once, what runs a moment later, when ComfyUI has stopped.
---@param model sim.Model
---@param request sim.Request
---@return boolean accepted  false: it has ended already
function M.cancel(model, request)
  if request.status == "in_queue" then
    leave_queue(request)
    finish(model, request, "cancelled")
  elseif request.status == "in_progress" then
    request.event --[[@as sim.Event]]:cancel()
    request.event = model.time:after(model.options.cancel_delay, function()
      finish(model, request, "cancelled")
      leave_instance(model, request)
    end)
  else
    return false
  end
  return true
end

--- Stops what an instance runs, as ComfyUI's /interrupt does; the request fails.
---@param model sim.Model
---@param instance sim.Instance
function M.interrupt(model, instance)
  local request = instance.request
  if not request then return end
  finish(model, request, "failed", { error = execution.run_error("Processing interrupted by user", "InterruptProcessingException") })
  leave_instance(model, request)
end

--- Fails every open request of a deployment and stops its instances: it was disabled, or deleted.
---@param model sim.Model
---@param deployment sim.Deployment
---@param code integer
---@param text string
function M.fail_open(model, deployment, code, text)
  local queue = deployment.queue
  deployment.queue = {}
  for _, request in ipairs(queue) do
    finish(model, request, "failed", { error = execution.run_error(text, "", code) })
  end
  for _, instance in ipairs(deployment.instances) do
    local request = instance.request
    if request then finish(model, request, "failed", { error = execution.run_error(text, "", code) }) end
  end
  instances.stop_all(deployment)
end

return M
