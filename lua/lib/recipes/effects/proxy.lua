--- Calls of the ComfyUI on the instance of a job.

local errors = require "lib.errors"
local job_calls = require "lib.recipes.effects.job_calls"
local json = require "core.json"
local lifecycle = require "lib.runcomfy.lifecycle"
local tools = require "lib.recipes.effects.tools"
local brief = require("lib.text").brief

local M = {}

-- What ran a job that has ended may stand in its result alone.  A read that fails tells nothing.
local function in_result(record)
  local answer = job_calls.call(record, "get_request_result")
  return answer and lifecycle.instance_id(job_calls.raw(answer.data.result))
end

-- The instance that the status names now, or the result of a job that has ended; where none does: nil, nil, the status.
local function look_up(record)
  local answer, err = job_calls.call(record, "get_request_status")
  if not answer then return nil, err end
  local status = job_calls.raw(answer.data.status)
  local word = status:kind() == "object" and status:value "status"
  local instance = lifecycle.instance_id(status) or lifecycle.outcome(word) and in_result(record)
  if not instance then return nil, nil, type(word) == "string" and word or "not known" end
  record.instance_id = instance
  return instance
end

-- The tool itself only POSTs, as RunComfy's own does; reading is done beside it, with its rights.
local function read(effect, scope)
  local input = effect.input
  local answer, err = scope.ctx.runcomfy:proxy(input.deployment_id, input.instance_id, input.comfy_backend_path, nil, "GET")
  if not answer then return nil, err end
  return { data = { ok = true, response = answer } }
end

local function send(record, instance, request)
  local answer, err = tools.call(record.state, "call_instance_proxy", {
    deployment_id = record.deployment_id, instance_id = instance, comfy_backend_path = request.path, request_body = request.body,
  }, nil, request.method == "GET" and read or nil)
  if not answer then return nil, err end
  return json.encode(answer.data.response == nil and json.null or answer.data.response)
end

-- Only an answer that says so: anything else may have reached the instance.
local function is_gone(err)
  return err.status_code == 404 or err.status_code == 410
end

local function is_free(request)
  return request.method == "POST" and request.path:gsub("^/+", "") == "api/free"
end

-- Jobs that end so before they have begun have no instance, and nothing to free.
local MAY_NOT_HAVE_BEGUN = { in_queue = true, queued = true, pending = true, failed = true, cancelled = true, canceled = true }

-- Freeing what nobody knows is told, and is no error: it comes after the run, and would take the paid result with it.
local function nothing_freed(record, status)
  local level, tail = "info", ""
  if not MAY_NOT_HAVE_BEGUN[status:lower()] then
    level, tail = "warning", "; the instance that ran it keeps its models until it stops"
  end
  local text = ("api/free was not sent: no instance was ever known for request %s of deployment %s (status %s)%s"):format(
    record.request_id, record.deployment_id, brief(status, 40), tail)
  record.state.ctx:log(level, text)
  return json.encode(text)
end

local function without_instance(record, request, status)
  if is_free(request) then return nothing_freed(record, status) end
  return nil, errors.new(("no instance is known for request %s (status %s), so there is no ComfyUI to call '%s' on"):format(
    record.request_id, brief(status, 40), request.path), { code = "no_instance",
    hint = "An instance serves a request from in_progress until its keep-warm time has passed." })
end

--- Calls a route of the instance that runs or ran the job, in a fiber of the host.  Where the instance is gone
--- the status is asked for another one, which is tried once; with none left, its VRAM is free.  Where none was ever
--- known, api/free answers with a text that says so.
---@param record rc.JobRecord
---@param request { path: string, method: "POST"|"GET", body: table? }
---@return string|nil text, Error? err  the answer, as JSON text
---@return_overload string
---@return_overload nil, Error
function M.call(record, request)
  local text, err, status
  local known = record.instance_id
  if not known then
    known, err, status = look_up(record)
    if err then return nil, err end
    if not known then return without_instance(record, request, status) end
  end
  text, err = send(record, known, request)
  if text or not is_gone(err) then return text, err end
  local current = look_up(record)
  if current and current ~= known then
    text, err = send(record, current, request)
    if text or not is_gone(err) then return text --[[@as string?]], err end
  end
  if is_free(request) then return '""' end
  return nil, err
end

return M
