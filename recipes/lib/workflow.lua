--- What people call "the prompt", "the seed", "the picture", found in any workflow: nobody has to know node numbers.
---
---     local flow = workflow.open("text-to-image")               -- id or name of a deployment; costs nothing
---     rc.submit { deployment_id = flow.deployment_id,
---                 overrides = workflow.overrides(flow, { prompt = "a fox", ["9.filename_prefix"] = "fox" }) }
---
--- A recipe that uses it needs "list_deployments" and "get_deployment" in its `uses`.

local deployments = require "deployments"
local rc = require "rc"

local M = {}

local SEEDS = { seed = true, noise_seed = true }
local TEXTS = { text = true, prompt = true, text_g = true, text_l = true, clip_l = true, t5xxl = true }
local FILES = { image = true, video = true, audio = true, file = true }
local ROLES = { "prompt", "negative", "image", "seed", "width", "height" }

-- Node numbers in their order, 9 before 10.
local function sorted_ids(graph)
  local ids = {}
  for id in pairs(graph) do ids[#ids + 1] = id end
  table.sort(ids, function(a, b)
    local x, y = tonumber(a) or math.huge, tonumber(b) or math.huge
    if x ~= y then return x < y end
    return a < b
  end)
  return ids
end

local function kind_of(class, name, value)
  if SEEDS[name] then return "seed" end
  if FILES[name] and class:find("^Load") and type(value) == "string" then return "file" end
  if TEXTS[name] and type(value) == "string" then return "text" end
  return type(value) == "userdata" and "number" or type(value)
end

-- All that can be set: an input whose value is a list comes from another node.
local function list_inputs(graph)
  local inputs = {}
  for _, id in ipairs(sorted_ids(graph)) do
    local node, names = graph[id], {}
    for name, value in pairs(node.inputs) do
      if type(value) ~= "table" then names[#names + 1] = name end
    end
    table.sort(names)
    for _, name in ipairs(names) do
      inputs[#inputs + 1] = {
        key = id .. "." .. name, node_id = id, input = name, title = node._meta and node._meta.title or node.class_type,
        class_type = node.class_type, value = node.inputs[name], kind = kind_of(node.class_type, name, node.inputs[name]),
      }
    end
  end
  return inputs
end

local function find_input(inputs, matches)
  for _, entry in ipairs(inputs) do
    if matches(entry) then return entry end
  end
end

-- From a sampler's "positive" up the links to the node that holds the words.
local function follow(flow, id, side, seen)
  if seen[id] or not flow.graph[id] then return nil end
  seen[id] = true
  local found = find_input(flow.inputs, function(entry) return entry.node_id == id and entry.kind == "text" end)
  if found then return found end
  local links = flow.graph[id].inputs
  for _, name in ipairs { side, "conditioning", "guider" } do
    local entry = type(links[name]) == "table" and follow(flow, links[name][1], side, seen)
    if entry then return entry end
  end
end

local function text_of(flow, side)
  for _, id in ipairs(sorted_ids(flow.graph)) do
    local links = flow.graph[id].inputs
    local found = (type(links[side]) == "table" or side == "positive" and type(links.guider) == "table") and follow(flow, id, side, {})
    if found then return found end
  end
end

local function of_kind(kind)
  return function(entry) return entry.kind == kind end
end

local function size(name)
  return function(entry) return entry.input == name and (entry.class_type:find("Latent") or entry.class_type:find("Video")) ~= nil end
end

local function find_roles(flow)
  return {
    prompt = text_of(flow, "positive") or find_input(flow.inputs, of_kind "text"),
    negative = text_of(flow, "negative"),
    image = find_input(flow.inputs, of_kind "file"),
    seed = find_input(flow.inputs, of_kind "seed"),
    width = find_input(flow.inputs, size "width"),
    height = find_input(flow.inputs, size "height"),
  }
end

--- Loads the workflow of a deployment, given by its id or its name.
---@param deployment string
---@return table flow  deployment_id, name, hardware, graph, inputs, roles
function M.open(deployment)
  local answer = rc.tools.get_deployment { deployment_id = deployments.id_of(deployment), include_payload = true }.deployment
  local payload = type(answer.payload) == "table" and answer.payload or {}
  if type(payload.workflow_api_json) ~= "table" then rc.fail(("deployment %s shows no workflow to run"):format(answer.id)) end
  local flow = {
    deployment_id = answer.id, name = answer.name, graph = payload.workflow_api_json,
    hardware = type(answer.hardware) == "table" and answer.hardware[1] or nil,
  }
  flow.inputs = list_inputs(flow.graph)
  flow.roles = find_roles(flow)
  return flow
end

local function unknown(flow, key)
  local known = {}
  for _, role in ipairs(ROLES) do
    if flow.roles[role] then known[#known + 1] = role end
  end
  for _, entry in ipairs(flow.inputs) do known[#known + 1] = entry.key end
  rc.fail(("'%s' has no input '%s'; it has: %s"):format(flow.name, key, table.concat(known, ", ")))
end

--- The input of a role ("prompt", "seed", …) or of a place ("6.text"); ends the call where there is none.
---@param flow table
---@param key string
---@return table entry
function M.input(flow, key)
  return flow.roles[key] or find_input(flow.inputs, function(entry) return entry.key == key end) or unknown(flow, key)
end

-- The inputs that a key sets: encoders such as SDXL's and Flux's take the same words in several.
local function targets(flow, key)
  local entry = M.input(flow, key)
  if key ~= "prompt" and key ~= "negative" then return { entry } end
  local list = {}
  for _, other in ipairs(flow.inputs) do
    if other.node_id == entry.node_id and other.kind == "text" then list[#list + 1] = other end
  end
  return list
end

--- Overrides that set inputs by role or by place.  Files may be local ones.
---@param flow table
---@param values table<string, any>
---@return table overrides
function M.overrides(flow, values)
  local overrides = {}
  for key, value in pairs(values) do
    for _, entry in ipairs(targets(flow, key)) do
      local node = overrides[entry.node_id] or { inputs = {} }
      node.inputs[entry.input] = entry.kind == "file" and rc.file(value) or value
      overrides[entry.node_id] = node
    end
  end
  return overrides
end

--- A value written as text, as a table's cell is, in the type of its input.
---@param flow table
---@param key string
---@param text string
---@return any value
function M.from_text(flow, key, text)
  local entry = M.input(flow, key)
  if entry.kind ~= "seed" and entry.kind ~= "number" and entry.kind ~= "boolean" then return text end
  local ok, value = pcall(rc.json.decode, text)
  if ok and type(value) == type(entry.value) then return value end
  if ok and type(value) == "userdata" and value ~= rc.null and type(entry.value) == "number" then return value end -- above 2^63-1
  rc.fail(("'%s' must be a %s, got '%s'"):format(key, type(entry.value), text))
end

--- A seed that no run had before: ComfyUI answers unchanged inputs from its cache, without outputs.
---@return integer
function M.new_seed()
  return rc.random(0, 1 << 48)
end

return M
