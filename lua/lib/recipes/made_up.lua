--- What a dry run answers instead of RunComfy: requests and deployments that were never made, and behave as if
--- they had been.

local json = require "lib.json"

local M = {}

---@class MadeUp
---@field package requests table<string, true>      by id
---@field package deployments table<string, table>  by id
---@field package changes table<string, table>      of deployments that are real: fields that a dry run has set
---@field package deleted table<string, true>       deployments that a dry run has deleted
---@field package count integer
local MadeUp = {}
MadeUp.__index = MadeUp

---@return MadeUp
function M.new()
  return setmetatable({ requests = {}, deployments = {}, changes = {}, deleted = {}, count = 0 }, MadeUp)
end

local function next_id(self, kind)
  self.count = self.count + 1
  return ("dry-run-%s-%d"):format(kind, self.count)
end

-- At a host that rc.download may reach, which in a dry run it does not.
local function output_of(request_id)
  return {
    node_id = "9", channel = "images", url = ("https://dry-run.runcomfy.net/%s/output.png"):format(request_id), filename = "output.png",
    subfolder = "", type = "output",
  }
end

local function result_of(request_id)
  local output = output_of(request_id)
  return {
    request_id = request_id, status = "succeeded",
    outputs = { ["9"] = { images = json.as_array { { url = output.url, filename = output.filename, subfolder = "", type = "output" } } } },
  }
end

local function status_of(request_id)
  return { request_id = request_id, status = "completed", instance_id = "dry-run-instance" }
end

local answers = {}

function answers.submit_request(self, input)
  local id = next_id(self, "request")
  self.requests[id] = true
  local data = { ok = true, deployment_id = input.deployment_id, submission = { request_id = id } }
  if input.wait_for_completion then
    data.pending, data.status, data.result = false, status_of(id), result_of(id)
    data.output_urls = json.as_array { output_of(id) }
  end
  return data
end

function answers.get_request_status(_, input)
  return { ok = true, status = status_of(input.request_id) }
end

function answers.get_request_result(_, input)
  return { ok = true, result = result_of(input.request_id), output_urls = json.as_array { output_of(input.request_id) } }
end

function answers.cancel_request(_, input)
  return { ok = true, cancel = { request_id = input.request_id, outcome = "cancelled" }, outcome = "cancelled" }
end

function answers.call_instance_proxy()
  return { ok = true, response = "" }
end

local function deployment_of(id, input)
  local deployment = {
    id = id, name = id, workflow_id = "dry-run-workflow", workflow_version = "v1", hardware = json.as_array { "AMPERE_48" },
    min_instances = 0, max_instances = 1, queue_size = 1, keep_warm_duration_in_seconds = 60, status = "standby", is_enabled = true,
  }
  for key, value in pairs(input) do deployment[key] = value end
  deployment.deployment_id = nil
  if type(deployment.hardware) == "string" then deployment.hardware = json.as_array { deployment.hardware } end
  return deployment
end

function answers.create_deployment(self, input)
  local id = next_id(self, "deployment")
  self.deployments[id] = deployment_of(id, input)
  return { ok = true, deployment = self.deployments[id] }
end

local function change(self, id, input)
  local changes = self.changes[id] or {}
  for key, value in pairs(input) do
    if key ~= "deployment_id" then changes[key] = value end
  end
  if type(changes.hardware) == "string" then changes.hardware = json.as_array { changes.hardware } end
  self.changes[id] = changes
end

-- `present`: what a deployment that is real is now.
function answers.update_deployment(self, input, present)
  local id = input.deployment_id
  local base = {}
  for key, value in pairs(self.deployments[id] or present or {}) do base[key] = value end
  for key, value in pairs(input) do base[key] = value end
  local deployment = deployment_of(id, base)
  if self.deployments[id] then self.deployments[id] = deployment else change(self, id, input) end
  return { ok = true, deployment = deployment }
end

function answers.delete_deployment(self, input)
  self.deleted[input.deployment_id] = true
  return { ok = true, response = "" }
end

function answers.get_deployment(self, input)
  return { ok = true, deployment = self.deployments[input.deployment_id] }
end

--- Whether a call is about something that was made up: then only a made-up answer fits.
---@param input table
---@return boolean
function MadeUp:concerns(input)
  return input.request_id ~= nil and self.requests[input.request_id] ~= nil
    or input.deployment_id ~= nil and self.deployments[input.deployment_id] ~= nil
end

--- The data that stands for the tool's; nil for a tool that is not known here.
---@param name string
---@param input table
---@param present? table  the deployment that the call is about, if it is real
---@return table? data
function MadeUp:answer(name, input, present)
  local answer = answers[name]
  return answer and answer(self, input, present)
end

--- Whether a deployment was deleted, as far as the dry run goes.
---@param id any
---@return boolean
function MadeUp:is_deleted(id)
  return id ~= nil and self.deleted[id] == true
end

local function with_changes(self, deployment)
  local changes = type(deployment) == "table" and self.changes[deployment.id]
  for key, value in pairs(changes or {}) do deployment[key] = value end
  return deployment
end

--- What a read of something real gives after what the dry run has changed.
---@param name string
---@param data table  changed in place
---@return table data
function MadeUp:overlay(name, data)
  if name == "get_deployment" then
    with_changes(self, data.deployment)
  elseif name == "list_deployments" and type(data.deployments) == "table" then
    local list = json.as_array {}
    for _, deployment in ipairs(data.deployments) do
      if not self.deleted[deployment.id] then list[#list + 1] = with_changes(self, deployment) end
    end
    for _, deployment in pairs(self.deployments) do
      if not self.deleted[deployment.id] then list[#list + 1] = deployment end
    end
    data.deployments = list
  end
  return data
end

--- Whether reads must be changed.
---@return boolean
function MadeUp:has_changes()
  return next(self.changes) ~= nil or next(self.deleted) ~= nil or next(self.deployments) ~= nil
end

--- Takes the ids in a sample that the recipe's author gave for made up, too.
---@param name string
---@param sample any
function MadeUp:adopt(name, sample)
  if type(sample) ~= "table" then return end
  local id = name == "submit_request" and type(sample.submission) == "table" and sample.submission.request_id
  if type(id) == "string" then self.requests[id] = true end
  local deployment = name == "create_deployment" and type(sample.deployment) == "table" and sample.deployment
  if deployment and type(deployment.id) == "string" then self.deployments[deployment.id] = deployment end
end

return M
