--- The account that the simulator plays: its deployments, kept in memory, and the rules for changing them.

local agenda = require "lib.sim.agenda"
local graphs = require "lib.sim.graphs"
local hardware = require "lib.sim.hardware"
local instances = require "lib.sim.instances"
local jobs = require "lib.sim.jobs"
local json = require "core.json"
local problems = require "lib.sim.problems"
local random = require "lib.sim.random"

local M = {}

--- A deployment that belongs to somebody else: every use of it is answered with 403003.
M.FOREIGN_ID = "a1b2c3d4-0000-4000-8000-0000000000ff"

---@class sim.ModelOptions
---@field cold_start number    seconds from the wake-up of an instance until it can work
---@field run_time? number     seconds of a run; default: by graph and hardware
---@field cancel_delay number  seconds until a cancelled run has stopped
---@field gate_status integer  HTTP status that carries 10001, 10002, 10003

---@class sim.Deployment
---@field id string
---@field name string
---@field workflow_id string
---@field workflow_version string
---@field hardware string
---@field min_instances integer
---@field max_instances integer
---@field queue_size integer
---@field keep_warm_duration_in_seconds integer
---@field is_enabled boolean
---@field created_at number
---@field updated_at number
---@field workflow sim.Workflow
---@field graph table             the workflow, decoded
---@field queue sim.Request[]
---@field instances sim.Instance[]
---@field last_digest? integer    of the last successful run
---@field deleted? boolean

---@class sim.Model
---@field options sim.ModelOptions
---@field time sim.Agenda
---@field random sim.Random
---@field faults table
---@field balance number          USD
---@field deployments table<string, sim.Deployment>
---@field requests table<string, sim.Request>
---@field ended sim.Request[]     of these, those that have ended, in that order
---@field package order string[]
local Model = {}
Model.__index = Model

local function seeded(model, workflow)
  return model:add {
    id = workflow.deployment_id,
    name = workflow.name,
    workflow_id = workflow.id,
    workflow_version = "v1",
    hardware = workflow.hardware,
    min_instances = 0,
    max_instances = 1,
    queue_size = 1,
    keep_warm_duration_in_seconds = 60,
    is_enabled = true,
  }
end

---@param options sim.ModelOptions|{ seed: integer }
---@param clock table   of lib.async.clock's form
---@param faults table  `faults:run_failure(request)`
---@return sim.Model
function M.new(options, clock, faults)
  local model = setmetatable({
    options = options,
    time = agenda.new(clock),
    random = random.new(options.seed --[[@as integer]]),
    faults = faults,
    balance = 25.0,
    deployments = {},
    requests = {},
    ended = {},
    order = {},
  }, Model)
  for _, workflow in ipairs(graphs.workflows) do seeded(model, workflow) end
  return model
end

--- Adds a deployment with checked fields.
---@param fields table
---@return sim.Deployment
function Model:add(fields)
  fields.created_at = self.time:wall()
  fields.updated_at = fields.created_at
  fields.workflow = graphs.find(fields.workflow_id)
  fields.graph = assert(json.decode(fields.workflow.graph))
  fields.queue, fields.instances = {}, {}
  self.deployments[fields.id] = fields
  table.insert(self.order, fields.id)
  jobs.dispatch(self, fields)
  return fields
end

local function check_integer(min, max)
  return function(value)
    if math.type(value) ~= "integer" then return "Input should be a valid integer", "int_type" end
    if value < min then return ("Input should be greater than or equal to %d"):format(min), "greater_than_equal" end
    if max and value > max then return ("Input should be less than or equal to %d"):format(max), "less_than_equal" end
  end
end

local function check_text(value)
  if type(value) ~= "string" then return "Input should be a valid string", "string_type" end
  if value == "" then return "String should have at least 1 character", "string_too_short" end
end

local function check_uuid(value)
  if type(value) ~= "string" then return "Input should be a valid string", "string_type" end
  if not value:find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$") then
    return "Input should be a valid UUID", "uuid_parsing"
  end
end

local function check_hardware(value)
  if type(value) ~= "table" or getmetatable(value) ~= json.array then return "Input should be a valid list", "list_type" end
  if #value ~= 1 then return "List should have exactly 1 item, not " .. #value, "too_long" end
  if not hardware[value[1]] then
    return "Input should be 'TURING_16', 'AMPERE_24', 'AMPERE_48', 'ADA_48_PLUS', 'AMPERE_80', 'ADA_80_PLUS' or 'HOPPER_141'", "enum"
  end
end

local function check_boolean(value)
  if type(value) ~= "boolean" then return "Input should be a valid boolean", "bool_type" end
end

-- In the order in which complaints are listed.
local CREATE = { "name", "workflow_id", "workflow_version", "hardware", "min_instances", "max_instances", "queue_size",
                 "keep_warm_duration_in_seconds" }
local UPDATE = { "name", "workflow_version", "hardware", "min_instances", "max_instances", "queue_size",
                 "keep_warm_duration_in_seconds", "is_enabled" }
local CHECKS = {
  name = check_text,
  workflow_id = check_uuid,
  workflow_version = check_text,
  hardware = check_hardware,
  min_instances = check_integer(0, 30),
  max_instances = check_integer(1, 60),
  queue_size = check_integer(0),
  keep_warm_duration_in_seconds = check_integer(0),
  is_enabled = check_boolean,
}

-- Checks the named fields of a body; null counts as absent.  Returns the values, `hardware` unwrapped.
local function check_fields(names, body, required)
  local values, list = {}, json.as_array {}
  for _, name in ipairs(names) do
    local value = body[name]
    if value == json.null then value = nil end
    local msg, kind
    if value ~= nil then
      msg, kind = CHECKS[name](value)
    elseif required then
      msg, kind = "Field required", "missing"
    end
    if msg then list[#list + 1] = problems.entry(json.as_array { "body", name }, msg, kind --[[@as string]]) end
    if name == "hardware" and value ~= nil and not msg then value = value[1] end
    values[name] = value
  end
  if #list > 0 then return nil, problems.unprocessable(list) end
  return values
end

local function check_range(min, max)
  if max >= min then return true end
  local entry = problems.entry(json.as_array { "body", "max_instances" },
    "max_instances must be greater than or equal to min_instances", "value_error")
  return nil, problems.unprocessable(json.as_array { entry })
end

local function check_version(version)
  local number = version:match("^v(%d+)$")
  if number and tonumber(number) >= 1 then return true end
  return nil, problems.not_found("Workflow version " .. version)
end

local function check_object(body)
  if type(body) == "table" and getmetatable(body) ~= json.array then return true end
  local entry = problems.entry(json.as_array { "body" }, "Input should be a valid dictionary", "dict_type")
  return nil, problems.unprocessable(json.as_array { entry })
end

--- Creates a deployment from a decoded body.
---@param body any
---@return sim.Deployment|nil deployment, sim.Problem? problem
function Model:create(body)
  local ok, problem = check_object(body)
  if not ok then return nil, problem end
  local values
  values, problem = check_fields(CREATE, body, true)
  if not values then return nil, problem end
  ok, problem = check_range(values.min_instances, values.max_instances)
  if not ok then return nil, problem end
  ok, problem = check_version(values.workflow_version)
  if not ok then return nil, problem end
  values.id = self.random:uuid()
  values.is_enabled = true
  return self:add(values)
end

--- A deployment of this account that has not been deleted.
---@param id string
---@return sim.Deployment|nil deployment, sim.Problem? problem
function Model:find(id)
  local deployment, problem = self:find_any(id)
  if deployment and deployment.deleted then return nil, problems.not_found("Deployment") end
  return deployment, problem
end

--- A deployment of this account, deleted ones included.
---@param id string
---@return sim.Deployment|nil deployment, sim.Problem? problem
function Model:find_any(id)
  if id == M.FOREIGN_ID then
    return nil, problems.new(403, 403003, "You do not have permission to access this deployment.")
  end
  local deployment = self.deployments[id]
  if not deployment then return nil, problems.not_found("Deployment") end
  return deployment
end

--- All deployments in the order of their creation; with `ids` only those.
---@param ids? table<string, boolean>
---@return sim.Deployment[]
function Model:list(ids)
  local list = {}
  for _, id in ipairs(self.order) do
    local deployment = self.deployments[id]
    if not deployment.deleted and (not ids or ids[id]) then list[#list + 1] = deployment end
  end
  return list
end

local function apply(model, deployment, values)
  local rolling = (values.hardware or deployment.hardware) ~= deployment.hardware
    or (values.workflow_version or deployment.workflow_version) ~= deployment.workflow_version
  local disabled = deployment.is_enabled and values.is_enabled == false
  for name, value in pairs(values) do deployment[name] = value end
  deployment.updated_at = model.time:wall()
  if disabled then jobs.fail_open(model, deployment, 10002, "The deployment was disabled.") end
  if rolling then instances.retire_all(deployment) end
  instances.rescale(model, deployment)
  jobs.dispatch(model, deployment)
end

--- Changes a deployment.  As the service, it wants the name in every body.
---@param deployment sim.Deployment
---@param body any
---@return sim.Deployment|nil deployment, sim.Problem? problem
function Model:update(deployment, body)
  local ok, problem = check_object(body)
  if not ok then return nil, problem end
  if body.name == nil or body.name == json.null or body.name == "" then
    return nil, problems.unprocessable("Deployment name is required")
  end
  local values
  values, problem = check_fields(UPDATE, body, false)
  if not values then return nil, problem end
  ok, problem = check_range(values.min_instances or deployment.min_instances, values.max_instances or deployment.max_instances)
  if not ok then return nil, problem end
  ok, problem = check_version(values.workflow_version or deployment.workflow_version)
  if not ok then return nil, problem end
  apply(self, deployment, values)
  return deployment
end

--- Deletes a deployment; its open requests fail.
---@param deployment sim.Deployment
function Model:delete(deployment)
  deployment.deleted = true
  deployment.is_enabled = false
  jobs.fail_open(self, deployment, 10003, "The deployment was deleted.")
end

return M
