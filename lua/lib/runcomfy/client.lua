--- The Serverless API in its own words, for one account: one method an endpoint.
---
--- Each returns what the API answered (JSON as checked bytes, or text), or nil and an Error.  Ids are
--- refused before anything is sent where they would not stay one segment of the path.

local advice = require "lib.runcomfy.advice"
local api = require "lib.runcomfy.api"
local clock = require "lib.async.clock"
local json = require "core.json"
local long_json = require "lib.async.long_json"
local lifecycle = require "lib.runcomfy.lifecycle"
local paths = require "lib.runcomfy.paths"
local proofs = require "lib.runcomfy.proofs"
local recent = require "lib.runcomfy.recent"
local redaction = require "lib.redaction"

local M = {}

M.base_url = api.base_url

---@class ClientOptions: ApiOptions
---@field cancel_remote_on_client_cancel? boolean  whether a job is cancelled when the call that waits for it is
---@field recent? Recent  what the account's client before this one knew

---@class Client  of one account
---@field base_url string
---@field writes Writes      of the account, that are under way
---@field recent Recent
---@field waits { count: integer }  that go on now
---@field cancel_remote_on_client_cancel boolean
---@field private api Api
local Client = {}
Client.__index = Client

---@param options ClientOptions
---@return Client|nil client, Error?
---@return_overload Client
---@return_overload nil, Error
function M.new(options)
  local way, err = api.new(options)
  if not way then return nil, err end
  return setmetatable({
    api = way, base_url = way.base_url, writes = way.writes, recent = options.recent or recent.new(), waits = { count = 0 },
    cancel_remote_on_client_cancel = options.cancel_remote_on_client_cancel == true,
  }, Client)
end

--- Ends the use of the key: see lib.redaction.add_key.
function Client:close()
  self.api:close()
end
Client.__close = Client.close

local segment = paths.segment

---@type table<string, Operation>
local OPERATIONS = {
  create = {
    name = "create", tells_id = true, proof = proofs.deployment, wanted = "a deployment",
    unknown = "Look with list_deployments whether the deployment is there before creating it again.",
  },
  update = {
    name = "update", proof = proofs.deployment, wanted = "a deployment",
    unknown = "Look with get_deployment at what is set now.",
  },
  delete = {
    name = "delete", proof = proofs.json_or_nothing, wanted = "one to a delete",
    unknown = "Look with list_deployments whether the deployment is still there.",
  },
  submit = {
    name = "submit", tells_id = true, proof = proofs.request, wanted = "one with a request_id", unproven = "no_request_id",
    unknown = "If the request arrived it runs and is billed, and its id is lost: look at the deployment's requests on "
      .. "runcomfy.com, and submit again only if a second run may be paid for.",
  },
  cancel = {
    name = "cancel", proof = proofs.object_or_nothing, wanted = "one to a cancel",
    unknown = "Look with get_request_status whether the request was cancelled; cancelling twice does no harm.",
  },
  proxy = {
    name = "proxy call", proof = proofs.no_page, wanted = "ComfyUI's",
    unknown = "Look at the instance (get_request_status) before sending it again.",
    hints = { [404] = "The instance is not there: its id lives only while it does, from in_progress until it shuts down after the "
      .. "keep-warm time. get_request_status of a running request tells the instance_id; submit a request to get a new instance." },
  },
}

-- Management ---------------------------------------------------------------------------------------

local function append_query(parts, name, values)
  for _, value in ipairs(values or {}) do parts[#parts + 1] = name .. "=" .. paths.encode(value) end
end

local function with_query(url, parts)
  return #parts > 0 and url .. "?" .. table.concat(parts, "&") or url
end

---@param query? { ids: string[]?, includes: string[]? }
---@return core.json.Raw|string|nil answer, Error?
---@return_overload core.json.Raw|string
---@return_overload nil, Error
function Client:list_deployments(query)
  local parts = {}
  if query then
    append_query(parts, "includes", query.includes)
    append_query(parts, "ids", query.ids)
  end
  return self.api:get(with_query(self.api.deployments_url, parts))
end

---@param id string
---@param query? { includes: string[]? }
---@return core.json.Raw|string|nil answer, Error?
---@return_overload core.json.Raw|string
---@return_overload nil, Error
function Client:get_deployment(id, query)
  local deployment, err = segment("deployment_id", id)
  if not deployment then return nil, err end
  local parts = {}
  append_query(parts, "includes", query and query.includes)
  return self.api:get(with_query(self.api.deployments_url .. "/" .. deployment, parts))
end

---@param body table
---@return core.json.Raw|string|nil answer, Error?
---@return_overload core.json.Raw|string
---@return_overload nil, Error
function Client:create_deployment(body)
  return self.api:send("POST", self.api.deployments_url, OPERATIONS.create, json.encode(body))
end

---@param id string
---@param body table
---@return core.json.Raw|string|nil answer, Error?
---@return_overload core.json.Raw|string
---@return_overload nil, Error
function Client:update_deployment(id, body)
  local deployment, err = segment("deployment_id", id)
  if not deployment then return nil, err end
  return self.api:send("PATCH", self.api.deployments_url .. "/" .. deployment, OPERATIONS.update, json.encode(body))
end

---@param id string
---@return core.json.Raw|string|nil answer, Error?
---@return_overload core.json.Raw|string
---@return_overload nil, Error
function Client:delete_deployment(id)
  local deployment, err = segment("deployment_id", id)
  if not deployment then return nil, err end
  return self.api:send("DELETE", self.api.deployments_url .. "/" .. deployment, OPERATIONS.delete)
end

-- Requests -----------------------------------------------------------------------------------------

---@class Submission
---@field overrides? table
---@field workflow_api_json? table
---@field extra_data? table                    may hold secrets
---@field webhook_url? string
---@field webhook_intermediate_status? boolean

local function submit_url(self, deployment, request)
  local url = self.api.queue_url .. deployment .. "/inference"
  if not request.webhook_url then return url end
  url = url .. "?webhook=" .. paths.encode(request.webhook_url)
  if request.webhook_intermediate_status == nil then return url end
  return url .. "&webhook_intermediate_status=" .. tostring(request.webhook_intermediate_status)
end

--- What is sent as the body of a submit.  With neither overrides nor a workflow it asks for the saved
--- defaults by an empty `overrides`, for some answers to a missing one are a validation error.
---@param request Submission
---@return string text
function M.submit_body(request)
  local body = json.ordered({ "overrides", "workflow_api_json", "extra_data" }, {
    overrides = request.overrides,
    workflow_api_json = request.workflow_api_json,
    extra_data = request.extra_data,
  })
  if not body.overrides and not body.workflow_api_json then body.overrides = {} end
  return long_json.encode(body)
end

-- What is said of the job from now on may show what it was given.
local function remember(deployment_id, request_id, err, secrets)
  if err and err.delivery ~= "unknown" then return end
  redaction.remember(deployment_id, request_id, secrets)
end

-- What is to be known of a job later on.
local function note(self, id, answer, err, secrets)
  local request_id = answer and lifecycle.request_id(answer) or err and lifecycle.refused_id(err)
  if request_id then self.recent:note(id, request_id) end
  if secrets then remember(id, request_id, err, secrets) end
end

---@param id string
---@param request Submission
---@param answer_by? number  moment of lib.async.clock at which the caller wants an answer: what has come of one counts
---@return core.json.Raw|string|nil answer, Error?
---@return_overload core.json.Raw|string
---@return_overload nil, Error
function Client:submit(id, request, answer_by)
  local deployment, err = segment("deployment_id", id)
  if not deployment then return nil, err end
  local secrets = redaction.secrets(request.extra_data)
  local answer, answer_err = self.api:send("POST", submit_url(self, deployment, request), OPERATIONS.submit, M.submit_body(request),
    { secrets = { secrets }, answer_by = answer_by } --[[@as WriteOptions]])
  -- Memory that runs out here must not cost the answer.
  local _ = pcall(note, self, id, answer, answer_err, secrets) or pcall(note, self, id, answer, answer_err, secrets)
  return answer, answer_err
end

local function may_pass(response, options)
  return options.recent:may_pass(response.status, options.deployment_id, options.request_id)
end

-- The same options, and what is secret in answers about the job, and which of its refusals may pass.
local function about(self, deployment_id, request_id, options)
  local copy = {
    secrets = redaction.of(deployment_id, request_id),
    passes = may_pass, recent = self.recent, deployment_id = deployment_id, request_id = request_id,
  }
  if not options then return copy end
  for name, value in pairs(options) do copy[name] = value end
  return copy
end

local function request_url(self, id, request_id, tail)
  local deployment, err = segment("deployment_id", id)
  if not deployment then return nil, err end
  local request, request_err = segment("request_id", request_id)
  if not request then return nil, request_err end
  return self.api.queue_url .. deployment .. "/requests/" .. request .. tail
end

---@param id string
---@param request_id string
---@param options? ReadOptions
---@return core.json.Raw|string|nil answer, Error?
---@return_overload core.json.Raw|string
---@return_overload nil, Error
function Client:status(id, request_id, options)
  local url, err = request_url(self, id, request_id, "/status")
  if not url then return nil, err end
  local answer, answer_err = self.api:get(url, about(self, id, request_id, options))
  local ended = type(answer) == "userdata" and lifecycle.outcome(answer:value "status")
  if ended then self.recent:note(id, request_id) end -- its result may come a moment later
  return answer, answer_err
end

---@param id string
---@param request_id string
---@param options? ReadOptions
---@return core.json.Raw|string|nil answer, Error?
---@return_overload core.json.Raw|string
---@return_overload nil, Error
function Client:result(id, request_id, options)
  local url, err = request_url(self, id, request_id, "/result")
  if not url then return nil, err end
  return self.api:get(url, about(self, id, request_id, options))
end

local CANCEL_PAUSES = { 0.25, 0.5, 1, 2 } -- seconds between tries

--- Cancels a request.  A refusal that may pass (lib.runcomfy.recent) is followed by a few more tries: it changed nothing, and
--- a job that is not cancelled goes on costing money.  `total_ms` is for all of them.
---@param id string
---@param request_id string
---@param options? WriteOptions
---@return core.json.Raw|string|nil answer, Error?
---@return_overload core.json.Raw|string
---@return_overload nil, Error
function Client:cancel(id, request_id, options)
  local url, url_err = request_url(self, id, request_id, "/cancel")
  if not url then return nil, url_err end
  local own = about(self, id, request_id, options)
  local deadline = own.total_ms and clock.now() + own.total_ms / 1000
  for try = 1, #CANCEL_PAUSES + 1 do
    local answer, err = self.api:send("POST", url, OPERATIONS.cancel, nil, own)
    local pause = CANCEL_PAUSES[try]
    if answer or not pause then return answer, err end
    if not self.recent:may_pass(advice.meaning(err.status_code, err.error_code), id, request_id) then return nil, err end
    if deadline and clock.now() + pause >= deadline then return nil, err end
    clock.sleep(pause)
    if deadline then own.total_ms = math.max(1, math.floor((deadline - clock.now()) * 1000)) end
  end
end

--- Waits for a job: see lib.runcomfy.wait.
---@param deployment_id string
---@param request_id string
---@param options WaitOptions
---@return Waited|nil waited, Error? err
---@return_overload Waited
---@return_overload nil, Error
function Client:wait(deployment_id, request_id, options)
  return require("lib.runcomfy.wait").wait(self, deployment_id, request_id, options)
end

---@param id string
---@param instance_id string
---@param path string   ComfyUI's route, "api/free"
---@param body? table   default {}; none goes with a GET
---@param method? "POST"|"GET"  default "POST"; a GET is retried as all reads are
---@return core.json.Raw|string|nil answer, Error?
---@return_overload core.json.Raw|string
---@return_overload nil, Error
function Client:proxy(id, instance_id, path, body, method)
  local deployment, err = segment("deployment_id", id)
  if not deployment then return nil, err end
  local instance, instance_err = segment("instance_id", instance_id)
  if not instance then return nil, instance_err end
  local route, route_err = paths.route("comfy_backend_path", path)
  if not route then return nil, route_err end
  local url = ("%s/%s/instances/%s/proxy/%s"):format(self.api.deployments_url, deployment, instance, route)
  local options = about(self, id) -- ComfyUI's queue and history show the extra_data of jobs
  if method == "GET" then return self.api:get(url, options) end
  return self.api:send("POST", url, OPERATIONS.proxy, long_json.encode(body or {}), options)
end

return M
