--- Calls of the ComfyUI on the instance of a job.

local calls = require "lib.recipes.rc.calls"
local errors = require "lib.errors"
local json = require "core.json"
local serverless = require "lib.runcomfy.serverless"

local M = {}

local function ids(record)
  return { deployment_id = record.deployment_id, request_id = record.request_id }
end

-- The instance that the status names now; nil where there is none.
local function look_up(record)
  local answer, err = calls.perform(record.state, "get_request_status", ids(record), true)
  if not answer then return nil, err end
  local instance = json.raw(json.encode(answer.data.status)):value "instance_id"
  if type(instance) ~= "string" or instance == "" then return nil end
  record.instance_id = instance
  return instance
end

-- The tool itself only POSTs, as RunComfy's own does; reading is done beside it, with its rights.
local function read(input)
  local answer, err = serverless.proxy(input.deployment_id, input.instance_id, input.comfy_backend_path, nil, "GET")
  if not answer then return nil, err end
  return { data = { ok = true, response = answer } }
end

local function send(record, instance, request)
  local answer, err = calls.perform(record.state, "call_instance_proxy", {
    deployment_id = record.deployment_id, instance_id = instance, comfy_backend_path = request.path, request_body = request.body,
  }, false, request.method == "GET" and read or nil)
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

local function without_instance(record, request)
  if is_free(request) then return '""' end
  return nil, errors.new(("request %s runs on no instance now, so there is no ComfyUI to call '%s' on"):format(
    record.request_id, request.path), { code = "no_instance",
    hint = "An instance serves a request from in_progress until its keep-warm time has passed." })
end

--- Calls a route of the instance that runs or ran the job, in a fiber of the host.  Where the instance is gone
--- the status is asked for another one, which is tried once; with none left, its VRAM is free.
---@param record rc.JobRecord
---@param request { path: string, method: "POST"|"GET", body: table? }
---@return string|nil text, Error? err  the answer, as JSON text
function M.call(record, request)
  local text, err
  local known = record.instance_id
  if not known then
    known, err = look_up(record)
    if err then return nil, err end
    if not known then return without_instance(record, request) end
  end
  text, err = send(record, known, request)
  if text or not is_gone(err) then return text, err end
  local current = look_up(record)
  if current and current ~= known then
    text, err = send(record, current, request)
    if text or not is_gone(err) then return text, err end
  end
  if is_free(request) then return '""' end
  return nil, err
end

return M
