--- `rc.workflow`: the roles and inputs of a workflow, and overrides by their names.  See lib.workflow.flow.

local copies = require "lib.recipes.boundary.copies"
local coroutines = require "lib.recipes.load.coroutines"
local fiber = require "lib.async.fiber"
local flows = require "lib.workflow.flow"
local known_names = require "lib.recipes.load.known_names"
local meter = require "lib.async.meter"
local rc_error = require "lib.recipes.boundary.rc_error"
local time = require "lib.recipes.rc.time"
local work = require "lib.recipes.rc.work"

local M = {}

---@class rc.FlowRecord
---@field flow workflow.Flow
---@field state rc.State

local records = setmetatable({}, { __mode = "k" }) ---@type table<table, rc.FlowRecord>

local Flow = {}
local FlowType = { __name = "rc.Flow", __metatable = "rc.Flow" }

local function record_of(flow, method)
  local record = type(flow) == "table" and records[flow]
  if not record then error(("call it as flow:%s(…), on what rc.workflow gave"):format(method), 3) end
  return record
end

local function refuse(problem)
  error(rc_error.new(problem.message, {
    code = problem.code, data = { role = problem.role, candidates = problem.candidates and copies.export(problem.candidates) },
  }, true), 0)
end

local function roles_of(flow)
  local roles = {}
  for _, entry in ipairs(flow:summary()) do
    roles[entry.role] = { how = entry.how, inputs = entry.inputs, reason = entry.reason }
  end
  return roles
end

local OPTIONS = { name = "string", node = "string", object_info = "table" }

local function options_of(options)
  if options == nil then return {} end
  if type(options) ~= "table" then error("rc.workflow takes a table of options as its second argument", 4) end
  local plain = work.import(options, "rc.workflow", 4)
  for name, value in pairs(plain) do
    if not OPTIONS[name] then error(("rc.workflow has no option '%s'; it takes name, node, object_info"):format(tostring(name)), 4) end
    if type(value) ~= OPTIONS[name] then error(("rc.workflow: %s must be a %s"):format(name, OPTIONS[name]), 4) end
  end
  return plain
end

-- Below a function of C that calls back nothing can wait: there it is traced in one piece.
local function turn()
  if coroutine.isyieldable() then fiber.next_turn(coroutines.await) end
end

--- `rc.workflow`: of a large one the loop turns meanwhile.
---@param state rc.State
---@param graph table
---@param options? table
---@return table flow
function M.workflow(state, graph, options)
  if type(graph) ~= "table" then error("rc.workflow takes a workflow in API format, a table, got " .. type(graph), 3) end
  local settings = options_of(options)
  settings.turns = turn
  local flow, problem = flows.open(work.import(graph, "rc.workflow", 3), settings)
  if not flow then return refuse(problem) end
  local inputs = copies.export(flow.inputs, meter.new { turn = turn })
  local handle = setmetatable({ name = flow.name, roles = roles_of(flow), inputs = inputs }, FlowType)
  records[handle] = { flow = flow, state = state }
  return handle
end

function Flow:targets(key, values)
  local record = record_of(self, "targets")
  if type(key) ~= "string" then error("flow:targets takes the name of a role or an input, a text", 2) end
  if values ~= nil and type(values) ~= "table" then error("flow:targets takes a table of values as its second argument", 2) end
  local entries, problem = record.flow:targets(key, values and work.import(values, "flow:targets", 2))
  return copies.export(entries or refuse(problem))
end

function Flow:has(role)
  return record_of(self, "has").flow:has(role)
end

function Flow:overrides(values)
  local record = record_of(self, "overrides")
  if type(values) ~= "table" then error("flow:overrides takes a table of values by role or input", 2) end
  local plain = work.import(values, "flow:overrides", 2)
  for key in pairs(plain) do
    if type(key) ~= "string" then error("flow:overrides: names of roles or inputs expected, got a number", 2) end
  end
  local overrides, problem = record.flow:overrides(plain)
  return overrides or refuse(problem)
end

function Flow:new_seed(count)
  local record = record_of(self, "new_seed")
  count = count == nil and 1 or count
  if math.type(count) ~= "integer" or count < 1 then error("flow:new_seed takes how many seeds follow each other, 1 or more", 2) end
  local low, high = record.flow:seed_range()
  return time.random(record.state, low, math.max(low, high - count + 1) --[[@as integer]])
end

FlowType.__index = known_names.reader("a flow", Flow, { "name", "roles", "inputs" })

--- The public names of flows.
---@return string[]
function M.names()
  local names = {}
  for name in pairs(Flow) do names[#names + 1] = "flow:" .. name end
  return names
end

return M
