--- What there is at RunComfy after what a dry run has done so far: requests and deployments that were never made, and behave as
--- if they had been; real deployments with what the dry run has changed in them.

local json = require "core.json"
local plain = require "lib.plain"

local M = {}

---@class PretendWorld  what a tool's `pretend` answers from
---@field package real Real
---@field package requests table<string, true>      by id
---@field package made table<string, table>         deployments by id
---@field package order string[]                    their ids, as they were made
---@field package changes table<string, table>      of deployments that are real: fields that a dry run has set
---@field package deleted table<string, true>       deployments that a dry run has deleted
---@field package count integer
local World = {}
World.__index = World

---@param real Real  what there is
---@return PretendWorld
function M.new(real)
  return setmetatable({ real = real, requests = {}, made = {}, order = {}, changes = {}, deleted = {}, count = 0 }, World)
end

local function next_id(self, kind)
  self.count = self.count + 1
  return ("dry-run-%s-%d"):format(kind, self.count)
end

-- Requests -------------------------------------------------------------------------------------------

--- A new request.
---@return string id
function World:submit()
  local id = next_id(self, "request")
  self.requests[id] = true
  return id
end

--- The status of a real request, as it is now; nil where it cannot be looked at.
---@param deployment_id string
---@param request_id string
---@return string?
function World:real_status(deployment_id, request_id)
  if self.requests[request_id] then return nil end
  local thing = self.real:request(deployment_id, request_id)
  local status = thing.data and type(thing.data.status) == "table" and thing.data.status.status
  return type(status) == "string" and status or nil
end

--- The status of a request that the dry run has made; all of them have gone well.
---@param request_id string
---@return table
function World.status(_, request_id)
  return { request_id = request_id, status = "completed", instance_id = "dry-run-instance" }
end

-- At a host that rc.download may reach, which in a dry run it does not.
local function picture_of(request_id)
  return { url = ("https://dry-run.runcomfy.net/%s/output.png"):format(request_id), filename = "output.png", subfolder = "",
    type = "output" }
end

---@param request_id string
---@return table
function World.result(_, request_id)
  return {
    request_id = request_id, status = "succeeded", outputs = { ["9"] = { images = json.as_array { picture_of(request_id) } } },
  }
end

---@param request_id string
---@return table output_urls
function World.output_urls(_, request_id)
  local output = picture_of(request_id)
  output.node_id, output.channel = "9", "images"
  return json.as_array { output }
end

-- Deployments ----------------------------------------------------------------------------------------

local function listed(hardware)
  return type(hardware) == "string" and json.as_array { hardware } or hardware
end

local function deployment_of(id, input)
  local deployment = {
    id = id, name = id, workflow_id = "dry-run-workflow", workflow_version = "v1", hardware = json.as_array { "AMPERE_48" },
    min_instances = 0, max_instances = 1, queue_size = 1, keep_warm_duration_in_seconds = 60, status = "standby", is_enabled = true,
  }
  for key, value in pairs(input) do deployment[key] = value end
  deployment.deployment_id = nil
  deployment.hardware = listed(deployment.hardware)
  return deployment
end

local function keep(self, deployment)
  if not self.made[deployment.id] then table.insert(self.order, deployment.id) end
  self.made[deployment.id] = deployment
end

--- A new deployment.
---@param input table  of create_deployment
---@return table deployment
function World:create(input)
  local deployment = deployment_of(next_id(self, "deployment"), input)
  keep(self, deployment)
  return deployment
end

--- A deployment as it would be by now.
---@param id string
---@return table|nil deployment, Error? err  why it cannot be looked at
---@return_overload table
---@return_overload nil, Error
function World:deployment(id)
  if self.made[id] then return self.made[id] end
  local thing = self.real:deployment(id)
  local deployment = thing.data and thing.data.deployment
  if type(deployment) ~= "table" then return nil, thing.err end
  return self:changed(plain(deployment))
end

local function change(self, id, input)
  local changes = self.changes[id] or {}
  for key, value in pairs(input) do
    if key ~= "deployment_id" then changes[key] = value end
  end
  changes.hardware = listed(changes.hardware)
  self.changes[id] = changes
end

--- Changes a deployment.
---@param id string
---@param input table  of update_deployment
---@return table deployment
function World:change(id, input)
  local base = {}
  for key, value in pairs(self:deployment(id) or {}) do base[key] = value end
  for key, value in pairs(input) do base[key] = value end
  local deployment = deployment_of(id, base)
  if self.made[id] then keep(self, deployment) else change(self, id, input) end
  return deployment
end

---@param id string
function World:delete(id)
  self.deleted[id] = true
end

--- Whether a deployment was deleted, as far as the dry run goes.
---@param id any
---@return boolean
function World:is_deleted(id)
  return id ~= nil and self.deleted[id] == true
end

-- What is asked of it ----------------------------------------------------------------------------------

--- Whether a call is about something that the dry run has made: then only a pretended answer fits.
---@param input table
---@return boolean
function World:concerns(input)
  return input.request_id ~= nil and self.requests[input.request_id] ~= nil
    or input.deployment_id ~= nil and self.made[input.deployment_id] ~= nil
end

--- Why RunComfy would refuse any write to what a call names: there is no such thing, or it is not the caller's.
---@param input table
---@return Error?
function World:refusal(input)
  if self:concerns(input) or type(input.deployment_id) ~= "string" then return nil end
  local real = self.real
  local thing = input.request_id and real:request(input.deployment_id, input.request_id) or real:deployment(input.deployment_id)
  return thing.refused and thing.err or nil
end

--- A real deployment as it would be by now.
---@param deployment any  changed in place
---@return any deployment
function World:changed(deployment)
  local changes = type(deployment) == "table" and self.changes[deployment.id]
  for key, value in pairs(changes or {}) do deployment[key] = value end
  return deployment
end

--- The deployments as they would be by now: those that are there, then those that were made, as they were.
---@param deployments table[]  the real ones, changed in place
---@return table[]
function World:all(deployments)
  local list = json.as_array {}
  for _, deployment in ipairs(deployments) do
    if not self.deleted[deployment.id] then list[#list + 1] = self:changed(deployment) end
  end
  for _, id in ipairs(self.order) do
    if not self.deleted[id] then list[#list + 1] = self.made[id] end
  end
  return list
end

--- Whether reads must be changed.
---@return boolean
function World:has_changes()
  return next(self.changes) ~= nil or next(self.deleted) ~= nil or next(self.made) ~= nil
end

--- Takes what a sample of the recipe's author names as new for made by the dry run, too.
---@param sample any   structured content
---@param input table  what the call was given: a deployment that it names is there already
function World:adopt(sample, input)
  if type(sample) ~= "table" then return end
  local id = type(sample.submission) == "table" and sample.submission.request_id
  if type(id) == "string" then self.requests[id] = true end
  local deployment = not input.deployment_id and type(sample.deployment) == "table" and sample.deployment
  if deployment and type(deployment.id) == "string" then keep(self, deployment) end
end

return M
