--- Overrides: what a request changes in the deployment's workflow, {"<node id>":{"inputs":{"<input>":value}}}.
---
--- What cannot be one is refused before anything is sent, by name and with the right shape: the API may take it, run
--- the saved defaults, and charge for them.

local coerce = require "lib.coerce"
local json = require "core.json"
local meter = require "lib.async.meter"
local text = require "lib.text"
local unfold = require "lib.runcomfy.unfold"

local M = {}

local SHAPE = 'The shape is {"6":{"inputs":{"text":"…"}}}: node id, "inputs", name of the input. get_deployment (include_payload=true) '
  .. "lists node ids and inputs. Nothing was sent."

local WRAPPERS = { overrides = true, prompt = true, workflow_api_json = true, workflow = true, output = true, nodes = true }

-- What a node of a workflow has beside its inputs.  The API merges a partial workflow graph.
local BESIDE_INPUTS = { class_type = true, is_changed = true }

-- Some editors write "12:3" for node 3 inside of subgraph 12.
local function looks_like_node_id(name)
  return name:find "^%d[%d:]*$" ~= nil
end

local function shown(name)
  return "'" .. text.brief(name, 80) .. "'"
end

local function inputs_of(node)
  local inputs = unfold.decoded(node.inputs)
  return unfold.is_object(inputs) and inputs or nil
end

-- {"text":"…"} of {"6":{"text":"…"}}: the inputs themselves.  What names another part of a node is none.
local function are_inputs(node)
  for name in pairs(node) do
    if BESIDE_INPUTS[name] or name == "inputs" or name == "widgets_values" or name:sub(1, 1) == "_" then return false end
  end
  return next(node) ~= nil
end

-- A node's part, in the documented shape; nil and what is wrong.
local function read_node(id, given)
  local node = unfold.decoded(given)
  if not unfold.is_object(node) then
    return nil, ("node %s must be an object with 'inputs', got %s"):format(shown(id), type(node) == "table" and "a list"
      or node == json.null and "null" or "a " .. type(node))
  end
  if node.inputs == nil then
    if looks_like_node_id(id) and are_inputs(node) then return { inputs = node } end
    return nil, looks_like_node_id(id) and ("node %s has no 'inputs'"):format(shown(id))
      or ("%s is no node id, and has no 'inputs'"):format(shown(id))
  end
  local inputs = inputs_of(node)
  if not inputs then return nil, ("'inputs' of node %s must be an object"):format(shown(id)) end
  for _, name in ipairs(unfold.names(node)) do
    if name ~= "inputs" and not BESIDE_INPUTS[name] and name:sub(1, 1) ~= "_" then
      return nil, ("node %s has %s beside 'inputs'"):format(shown(id), shown(name))
    end
  end
  if inputs == node.inputs and node == given then return node end
  local copy = {}
  for name, value in pairs(node) do copy[name] = value end
  copy.inputs = inputs
  return json.ordered(unfold.names(node), copy)
end

-- Node and input of "6.text" and "6.inputs.text"; names of inputs may have dots themselves.
local function dotted(name)
  local id, input = name:match "^(%d[%d:]*)[.](.+)$"
  if not id then return nil end
  return id, input:match "^inputs%.(.+)$" or input
end

-- What is known so far of the nodes: each as it was given, or put together of several members.
---@class overrides.Part
---@field node table       as it was given; the rest of it where inputs were added
---@field names? string[]  of the inputs, once one was added
---@field inputs? table

-- Opens a node to which inputs are added.
local function open(part)
  part.inputs, part.names = {}, unfold.names(part.node.inputs)
  for name, value in pairs(part.node.inputs) do part.inputs[name] = value end
end

-- The node that a part has become.
local function whole(part)
  if not part.names then return part.node end
  local copy = {}
  for name, value in pairs(part.node) do copy[name] = value end
  copy.inputs = json.ordered(part.names, part.inputs)
  return json.ordered(unfold.names(part.node), copy)
end

local function add_input(parts, order, id, input, value)
  local part = parts[id]
  if not part then
    part = { node = { inputs = {} } }
    parts[id], order[#order + 1] = part, id
  end
  if not part.names then open(part) end
  if part.inputs[input] ~= nil then return ("input %s of node %s is given twice"):format(shown(input), shown(id)) end
  part.inputs[input] = value
  part.names[#part.names + 1] = input
end

local function read_member(parts, order, name, value)
  local id, input = dotted(name)
  if id then
    if unfold.is_object(value) and value.inputs ~= nil then return ("%s holds 'inputs' of its own"):format(shown(name)) end
    return add_input(parts, order, id, input, value)
  end
  local node, problem = read_node(name, value)
  if not node then return problem end
  if not parts[name] then
    parts[name], order[#order + 1] = { node = node }, name
    return nil
  end
  for _, each in ipairs(unfold.names(node.inputs)) do
    problem = add_input(parts, order, name, each, node.inputs[each])
    if problem then return problem end
  end
end

-- What stands where a node should: an input without its node, a node without its id.
local function misplaced(object, work)
  if unfold.is_object(object.inputs) and (object.class_type ~= nil or next(object, next(object)) == nil) then
    return "this is a node without its id"
  end
  for _, name in ipairs(unfold.names(object)) do
    if type(name) ~= "string" then return ("%s is no name"):format(tostring(name)) end
    local value = object[name]
    work:step()
    if not looks_like_node_id(name) and not dotted(name) and not unfold.is_object(unfold.decoded(value)) then
      return ("%s is no node id: the node whose input it is must be named"):format(shown(name))
    end
  end
end

local function is_content(object, work)
  for name, value in pairs(object) do
    work:step()
    if type(name) == "string" and looks_like_node_id(name) then return true end
    if not WRAPPERS[name] and unfold.is_object(value) and value.inputs ~= nil then return true end
  end
  return false
end

local function same(given, result)
  for name, value in pairs(given) do
    if result[name] ~= value then return false end
  end
  return true
end

local function read_all(object, work)
  local parts, order, result = {}, {}, {}
  for _, name in ipairs(unfold.names(object)) do
    work:step()
    local problem = read_member(parts, order, name, object[name])
    if problem then return nil, problem end
  end
  for id, part in pairs(parts) do result[id] = whole(part) end
  return same(object, result) and object or json.ordered(order, result)
end

--- Overrides in the documented shape: as they came where they have it, unfolded where what is meant is clear.  In a fiber the
--- loop turns meanwhile.
---@param given table|string
---@return table|nil overrides  empty ones change nothing
---@return string? problem      why not, and what the shape is
function M.read(given)
  local work = meter.new()
  local object = unfold.unwrapped(unfold.with_text_keys(given), WRAPPERS, function(value) return is_content(value, work) end)
  object = unfold.with_text_keys(object)
  local overrides, problem
  if not unfold.is_object(object) then
    problem = coerce.is_array(object) and "a list does not say which node is meant" or "they are no object"
  elseif unfold.is_editor_format(object) then
    return nil, "Field 'overrides' " .. unfold.EDITOR_FORMAT .. " " .. SHAPE
  else
    problem = unfold.too_many(object) or misplaced(object, work)
    if not problem then overrides, problem = read_all(object, work) end
  end
  if problem then return nil, ("Field 'overrides': %s. %s"):format(problem, SHAPE) end
  return overrides
end

return M
