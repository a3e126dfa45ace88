--- Why RunComfy would refuse a call that a dry run only plans: what can be told from the deployment and its workflow.

local didyoumean = require "lib.didyoumean"
local errors = require "lib.errors"
local graphs = require "lib.workflow.graph"
local json = require "core.json"
local meter = require "lib.async.meter"
local plain = require "lib.plain"

local M = {}

--- What is wrong with the inputs of nodes: their ranges, choices and types, for who knows the nodes of the deployment.
---@alias DryRunJudge fun(workflow: table?, input: { overrides: table?, workflow_api_json: table? }): string[]

local SHOWN = 5 -- problems in a message

local function refusal(status, message)
  return errors.new(message, { code = "http_status", status_code = status, data = { ok = false, error = message, status_code = status } })
end

local function cut(text)
  return require("core.codec").utf8_head(tostring(text), 80)
end

local function sorted_keys(object)
  local keys = {}
  for key in pairs(object) do
    if type(key) == "string" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end

-- A list as the value of an input is a link for ComfyUI, whatever it holds.
local function check_link(graph, place, value, complain)
  local link = type(value) == "table" and rawlen(value) == 2 and type(value[1]) == "string" and value[1]
  if link and not graph.nodes[link] then
    complain(("%s is linked to node '%s', which does not exist"):format(place, cut(link)))
  end
end

-- What ComfyUI cannot make a number of, where the workflow has one.
local function check_number(own, place, value, complain)
  if not graphs.is_number(own) or graphs.is_number(value) or type(value) == "boolean" then return end
  if type(value) == "string" and tonumber(value) then return end
  if type(value) == "table" and rawlen(value) == 2 and type(value[1]) == "string" then return end -- a link
  complain(("%s takes a number, got %s"):format(place, cut(json.encode(value))))
end

local function check_node(graph, id, override, complain)
  local node = graph.nodes[id]
  if not node then
    return complain(("Node '%s' does not exist in the workflow%s"):format(cut(id), didyoumean.hint(id, graph.ids)))
  end
  local inputs = type(override) == "table" and type(override.inputs) == "table" and override.inputs or {}
  for _, name in ipairs(sorted_keys(inputs)) do
    if node.inputs[name] == nil then
      complain(("Input '%s' does not exist on node %s (%s)%s"):format(cut(name), cut(id), cut(node.class),
        didyoumean.hint(name, node.names)))
    else
      local place = ("Input '%s' of node %s"):format(cut(name), cut(id))
      check_link(graph, place, inputs[name], complain)
      check_number(node.inputs[name], place, inputs[name], complain)
    end
  end
end

local function check_whole(workflow, complain)
  local graph, why = graphs.read(workflow, meter.new())
  if not graph then return complain(why) end
  for _, id in ipairs(graph.ids) do
    local node = graph.nodes[id]
    for _, name in ipairs(node.names) do
      check_link(graph, ("Input '%s' of node %s"):format(cut(name), cut(id)), node.inputs[name], complain)
    end
  end
end

local function workflow_problems(deployment, input)
  local list = {}
  local function complain(text) list[#list + 1] = text end
  if input.workflow_api_json then
    check_whole(input.workflow_api_json, complain)
    return list
  end
  local payload = type(deployment) == "table" and type(deployment.payload) == "table" and deployment.payload
  local graph = payload and graphs.read(payload.workflow_api_json, meter.new())
  for _, id in ipairs(graph and type(input.overrides) == "table" and sorted_keys(input.overrides) or {}) do
    check_node(graph, id, input.overrides[id], complain)
  end
  return list
end

local function listed(list)
  local more = #list > SHOWN and ("; and %d more"):format(#list - SHOWN) or ""
  return table.concat(list, "; ", 1, math.min(#list, SHOWN)) .. more
end

local function workflow_of(deployment)
  return deployment and type(deployment.payload) == "table" and deployment.payload.workflow_api_json or nil
end

-- What is wrong with the inputs of nodes for who knows the nodes, who takes plain data.
local function judged(deployment, input, judge)
  return judge(plain(workflow_of(deployment)), { overrides = plain(input.overrides), workflow_api_json = plain(input.workflow_api_json) })
end

--- Why a request would be refused; nil where nothing speaks against it.
---@param input table       as the tool would send it
---@param deployment? table as it would be by then; nil: not known
---@param judge? DryRunJudge
---@return Error|nil
function M.of_request(input, deployment, judge)
  if deployment and deployment.is_enabled == false then
    return refusal(403, ("dry run: deployment %s is disabled (is_enabled: false), and RunComfy refuses what it is sent. Enable it with "
      .. "update_deployment."):format(cut(input.deployment_id)))
  end
  local problems = workflow_problems(deployment, input)
  if #problems == 0 and judge then problems = judged(deployment, input, judge) end
  if #problems == 0 then return nil end
  return refusal(422, ("dry run: RunComfy would refuse this request: %s. Nothing was sent; get_deployment with include_payload=true "
    .. "shows the nodes and inputs."):format(listed(problems)))
end

--- Why a change of a deployment would be refused.
---@param input table
---@param deployment? table
---@return Error|nil
function M.of_update(input, deployment)
  local function now(name)
    local value = input[name]
    if value == nil and deployment then value = deployment[name] end
    return math.tointeger(value)
  end
  local low, high = now "min_instances", now "max_instances"
  if not low or not high or low <= high then return nil end
  return refusal(422, ("dry run: RunComfy would refuse this update: min_instances would be %d and max_instances %d"):format(low, high))
end

--- Whether a request sets inputs of nodes that nobody has judged.
---@param deployment? table
---@param input table
---@param judge? DryRunJudge
---@return boolean
function M.is_unjudged(deployment, input, judge)
  if input.workflow_api_json then return judge == nil end
  return input.overrides ~= nil and next(input.overrides) ~= nil and not (judge and workflow_of(deployment))
end

return M
