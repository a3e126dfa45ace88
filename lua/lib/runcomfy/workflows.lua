--- A whole workflow in ComfyUI's API format, {"<node id>":{"class_type":"…","inputs":{…}}}, given to run instead of the
--- deployment's own.  What cannot be one is refused before anything is sent.

local coerce = require "lib.coerce"
local json = require "core.json"
local meter = require "lib.async.meter"
local unfold = require "lib.runcomfy.unfold"

local M = {}

local SHAPE = 'The shape is {"6":{"class_type":"CLIPTextEncode","inputs":{…}},…}: all nodes of a workflow in ComfyUI\'s API format. '
  .. "Nothing was sent."

local WRAPPERS = { prompt = true, workflow_api_json = true, workflow = true, output = true, workflow_api = true, nodes = true }

local function is_node(value)
  return unfold.is_object(value) and type(value.class_type) == "string"
end

-- Metadata beside the nodes stays as it came; what looks like a node and is none would fail at the API, or be left out.
local function is_meant_as_node(name, value)
  if name:sub(1, 1) == "_" then return false end
  return name:find "^%d[%d:]*$" ~= nil or unfold.is_object(value) and value.inputs ~= nil
end

-- Work of a value: text is looked through.
local function size_of(value)
  return 1 + (type(value) == "string" and #value // 64 or 0)
end

local function is_content(object, work)
  for _, value in pairs(object) do
    work:step(size_of(value))
    if is_node(unfold.decoded(value)) then return true end
  end
  return false
end

-- The nodes, those given as JSON text decoded; nil and what is wrong.
local function read_nodes(object, work)
  local result, changed, found = {}, false, false
  for _, name in ipairs(unfold.names(object)) do
    local given = object[name]
    work:step(size_of(given))
    local value = unfold.decoded(given)
    if is_node(value) then
      found = true
    elseif is_meant_as_node(name, value) then
      if unfold.is_object(value) and value.inputs ~= nil then
        return nil, ("node '%s' has no 'class_type'. To change inputs of the deployment's own workflow use 'overrides' instead")
          :format(name)
      end
      return nil, ("node '%s' has no 'class_type'"):format(name)
    else
      value = given
    end
    result[name], changed = value, changed or value ~= given
  end
  if not found then return nil, "it holds no node" end
  return changed and json.ordered(unfold.names(object), result) or object
end

-- Parts of a wrapper that mean something of their own, and where they go.
local ELSEWHERE = { extra_data = "field 'extra_data'", overrides = "field 'overrides', without workflow_api_json" }

local function check_beside(object)
  for name, place in pairs(ELSEWHERE) do
    local value = object[name]
    if value ~= nil and value ~= json.null and not (type(value) == "table" and next(value) == nil) then
      return ("it is a wrapper that also holds '%s': give that in %s"):format(name, place)
    end
  end
end

local function is_empty_part(name, value)
  if name == "object_info_url" then return true end
  return ELSEWHERE[name] ~= nil and (value == json.null or type(value) == "table" and next(value) == nil)
end

-- Empty parts of a wrapper say nothing.
local function without_empty_parts(object)
  local copy, dropped = {}, false
  for name, value in pairs(object) do dropped = dropped or is_empty_part(name, value) end
  if not dropped then return object end
  for name, value in pairs(object) do
    if not is_empty_part(name, value) then copy[name] = value end
  end
  return copy
end

--- The workflow in the API format: as it came where it has it, unfolded where what is meant is clear.  In a fiber the loop
--- turns meanwhile.
---@param given table|string
---@return table|nil workflow  an empty one counts as none
---@return string? problem     why not, and what the shape is
function M.read(given)
  local work = meter.new()
  local function is_workflow(object) return is_content(object, work) end
  local object = unfold.with_text_keys(unfold.decoded(given))
  local problem, workflow
  if unfold.is_object(object) and not is_workflow(object) then
    problem = check_beside(object)
    object = unfold.with_text_keys(unfold.unwrapped(without_empty_parts(object), WRAPPERS, is_workflow))
  end
  if problem then -- said below
    workflow = nil
  elseif not unfold.is_object(object) then
    problem = coerce.is_array(object) and "a list is no workflow" or "it is no object"
  elseif next(object) == nil then
    return object
  elseif unfold.is_editor_format(object) then
    return nil, ("Field 'workflow_api_json' %s Nothing was sent."):format(unfold.EDITOR_FORMAT)
  else
    problem = unfold.too_many(object)
    if not problem then workflow, problem = read_nodes(object, work) end
  end
  if problem then return nil, ("Field 'workflow_api_json': %s. %s"):format(problem, SHAPE) end
  return workflow
end

return M
