--- Overrides and whole graphs: the checks before a request is accepted, and the merge.

local codec = require "core.codec"
local json = require "core.json"
local nodes = require "lib.sim.nodes"
local problems = require "lib.sim.problems"
local sorted_keys = require("lib.tables").sorted_keys

local M = {}

-- The digits of an integer of any size; nil for everything else.
local function digits(value)
  if math.type(value) == "integer" then return tostring(value) end
  if math.type(value) == "float" and value == math.floor(value) and math.abs(value) < 2 ^ 53 then
    return string.format("%d", value)
  end
  if type(value) == "userdata" and value ~= json.null then -- a boxed integer
    return tostring(value):match("^%-?%d+$")
  end
  return nil
end

-- Compares two integers by their digits.
local function less(a, b)
  local a_negative, b_negative = a:sub(1, 1) == "-", b:sub(1, 1) == "-"
  if a_negative ~= b_negative then return a_negative end
  if a_negative then a, b = b:sub(2), a:sub(2) end
  if #a ~= #b then return #a < #b end
  return a < b
end

local function check_integer(field, value)
  local text = digits(value)
  if not text then return "Input should be a valid integer", "int_type" end
  local min, max = field.options.min, field.options.max
  if min and less(text, tostring(min)) then
    return ("Value %s smaller than min of %s"):format(text, min), "value_smaller_than_min"
  elseif max and less(tostring(max), text) then
    return ("Value %s bigger than max of %s"):format(text, max), "value_bigger_than_max"
  end
end

local function check_float(field, value)
  local number = type(value) == "number" and value or tonumber(digits(value) or "")
  if not number then return "Input should be a valid number", "float_type" end
  local min, max = field.options.min, field.options.max
  if min and number < min then
    return ("Value %s smaller than min of %s"):format(number, min), "value_smaller_than_min"
  elseif max and number > max then
    return ("Value %s bigger than max of %s"):format(number, max), "value_bigger_than_max"
  end
end

-- A file input: the name of a file that is there, a public URL, or a data URI.
local function check_file(field, value)
  for _, name in ipairs(field.choices) do
    if value == name then return nil end
  end
  local data = value:match("^data:[%w.+-]+/[%w.+-]+;base64,(.*)$")
  if data then
    if data == "" or not codec.base64_decode(data) then return "Invalid base64 data URI", "base64_invalid" end
  elseif value:find("^data:") then
    return "Invalid data URI: expected data:<mime>;base64,<data>", "data_uri_invalid"
  elseif not value:find("^https?://[%w%-._%[%]:]+[^%s]*$") then
    return "Input should be a public http(s) URL or a base64 data URI", "url_parsing"
  end
end

local function check_choice(field, value)
  if type(value) ~= "string" then return "Input should be a valid string", "string_type" end
  if field.upload then return check_file(field, value) end
  for _, name in ipairs(field.choices) do
    if value == name then return nil end
  end
  return ("Value not in list: %s: '%s' not in ['%s']"):format(field.name, value, table.concat(field.choices, "', '")),
    "value_not_in_list"
end

local widgets = {
  ["*"] = function(_, value) -- takes anything
    if value == json.null then return "Input should not be null", "value_error" end
  end,
  INT = check_integer,
  FLOAT = check_float,
  COMBO = check_choice,
  STRING = function(_, value)
    if type(value) ~= "string" then return "Input should be a valid string", "string_type" end
  end,
  BOOLEAN = function(_, value)
    if type(value) ~= "boolean" then return "Input should be a valid boolean", "bool_type" end
  end,
}

local function is_array(value)
  return type(value) == "table" and getmetatable(value) == json.array
end

local function is_object(value)
  return type(value) == "table" and not is_array(value)
end

-- A link: [node id, index of its output], of the type that the input takes.
local function check_link(graph, field, value)
  if #value ~= 2 or type(value[1]) ~= "string" or math.type(value[2]) ~= "integer" then
    return "A link is a list of a node id and an output index", "bad_linked_input"
  end
  local source = graph[value[1]]
  local class = is_object(source) and nodes.find(source.class_type)
  if not class then return ("Linked node '%s' does not exist"):format(value[1]), "bad_linked_input" end
  local given = class.outputs[value[2] + 1]
  if given ~= field.type and not (widgets[field.type] and given) then
    return ("Return type mismatch between linked nodes: %s, received_type(%s) mismatch input_type(%s)")
      :format(field.name, tostring(given), field.type), "return_type_mismatch"
  end
end

local function check_value(graph, field, value)
  if is_array(value) then return check_link(graph, field, value) end
  local widget = widgets[field.type]
  if widget then return widget(field, value) end
  return ("Input should be a link to a node that returns %s"):format(field.type), "bad_linked_input"
end

local function check_inputs(graph, class, inputs, base, complain)
  for _, name in ipairs(sorted_keys(inputs)) do
    local field = nodes.input(class, name)
    if field then
      local msg, kind = check_value(graph, field, inputs[name])
      if msg then complain({ base, "inputs", name }, msg, kind) end
    else
      complain({ base, "inputs", name }, ("Input '%s' does not exist on node '%s' (%s)"):format(name, base, class.name), "unknown_input")
    end
  end
end

local function check_override(graph, node_id, override, complain)
  local node = graph[node_id]
  if not is_object(node) or not is_object(node.inputs) or type(node.class_type) ~= "string" then
    return complain({ node_id }, ("Node '%s' does not exist in the workflow"):format(node_id), "unknown_node")
  elseif not is_object(override) then
    return complain({ node_id }, "Input should be a valid dictionary", "dict_type")
  end
  for _, key in ipairs(sorted_keys(override)) do
    if key ~= "inputs" then complain({ node_id, key }, "Extra inputs are not permitted", "extra_forbidden") end
  end
  if not is_object(override.inputs) then
    local missing = override.inputs == nil
    return complain({ node_id, "inputs" }, missing and "Field required" or "Input should be a valid dictionary",
      missing and "missing" or "dict_type")
  end
  check_inputs(graph, nodes.find(node.class_type) or nodes.of_node(node), override.inputs, node_id, complain)
end

local function complaints(field)
  local list = json.as_array {}
  return list, function(path, msg, kind)
    local loc = json.as_array { "body", field, table.unpack(path) }
    list[#list + 1] = problems.entry(loc, msg, kind)
  end
end

--- Checks overrides against a graph.
---@param graph table      a graph that passed `check_graph`
---@param overrides any
---@return true|nil ok, sim.Problem? problem
function M.check(graph, overrides)
  local list, complain = complaints("overrides")
  if is_object(overrides) then
    for _, node_id in ipairs(sorted_keys(overrides)) do
      check_override(graph, node_id, overrides[node_id], complain)
    end
  else
    complain({}, "Input should be a valid dictionary", "dict_type")
  end
  if #list > 0 then return nil, problems.validation(list) end
  return true
end

local function check_node(graph, node_id, node, complain)
  if not is_object(node) or not is_object(node.inputs) or type(node.class_type) ~= "string" then
    return complain({ node_id }, "A node is an object with class_type and inputs", "invalid_node")
  end
  local class = nodes.find(node.class_type)
  if not class then
    return complain({ node_id, "class_type" }, ("Node type '%s' is not installed in this deployment"):format(node.class_type),
      "unknown_class_type")
  end
  check_inputs(graph, class, node.inputs, node_id, complain)
  for _, field in ipairs(class.inputs) do
    if node.inputs[field.name] == nil and not field.optional then
      complain({ node_id, "inputs", field.name }, "Required input is missing", "required_input_missing")
    end
  end
  return class.output_node
end

-- Whether following the links from a node leads back to it.
local function has_cycle(graph)
  local state = {}
  local function visit(node_id)
    if state[node_id] == "done" or not graph[node_id] then return false end
    if state[node_id] == "open" then return true end
    state[node_id] = "open"
    for _, value in pairs(graph[node_id].inputs) do
      if is_array(value) and visit(value[1]) then return true end
    end
    state[node_id] = "done"
    return false
  end
  for node_id in pairs(graph) do
    if visit(node_id) then return true end
  end
  return false
end

--- Checks a whole graph in API format.
---@param graph any
---@return true|nil ok, sim.Problem? problem
function M.check_graph(graph)
  local list, complain = complaints("workflow_api_json")
  if not is_object(graph) then
    complain({}, "Input should be a valid dictionary", "dict_type")
    return nil, problems.validation(list)
  end
  local outputs = 0
  for _, node_id in ipairs(sorted_keys(graph)) do
    if check_node(graph, node_id, graph[node_id], complain) then outputs = outputs + 1 end
  end
  if #list == 0 and outputs == 0 then complain({}, "Prompt has no outputs", "prompt_no_outputs") end
  if #list == 0 and has_cycle(graph) then complain({}, "The workflow has a cycle", "dependency_cycle") end
  if #list > 0 then return nil, problems.validation(list) end
  return true
end

local function copy(object)
  local new = {}
  for key, value in pairs(object) do new[key] = value end
  return json.like(object, new)
end

--- The graph with the overrides laid over it; neither is changed.
---@param graph table
---@param overrides table
---@return table
function M.merge(graph, overrides)
  local merged = copy(graph)
  for node_id, override in pairs(overrides) do
    local node = copy(graph[node_id])
    node.inputs = copy(node.inputs)
    for name, value in pairs(override.inputs) do node.inputs[name] = value end
    merged[node_id] = node
  end
  return merged
end

return M
