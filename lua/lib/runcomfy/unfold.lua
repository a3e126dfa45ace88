--- What overrides and whole workflows have in common: the wrappers that people and models put around them, JSON text
--- inside of JSON, the format of ComfyUI's editor.  A shape that is clear is unfolded; nothing else is touched, and
--- members keep their order.

local coerce = require "lib.coerce"
local json = require "core.json"
local MOST_NODES = require("lib.workflow.graph").MOST_NODES

local M = {}

local DEEPEST = 4 -- wrappers in each other

--- An object of JSON: a table that is no list.
---@param value any
---@return boolean
function M.is_object(value)
  return type(value) == "table" and not coerce.is_array(value)
end

--- The members of an object in their order: as they came, or sorted.
---@param object table
---@return string[]
function M.names(object)
  local names, left = {}, 0
  for _, name in ipairs(json.order(object) or {}) do
    if object[name] ~= nil then names[#names + 1] = name end
  end
  for _ in pairs(object) do left = left + 1 end
  if left == #names then return names end
  local seen, rest = {}, {}
  for _, name in ipairs(names) do seen[name] = true end
  for name in pairs(object) do
    if not seen[name] then rest[#rest + 1] = name end
  end
  table.sort(rest)
  return table.move(rest, 1, #rest, #names + 1, names)
end

--- Why there are more members than a workflow can have nodes; nil where there are not.
---@param object table
---@return string?
function M.too_many(object)
  local count = 0
  for _ in pairs(object) do
    count = count + 1
    if count > MOST_NODES then return ("over %d nodes are too many"):format(MOST_NODES) end
  end
end

--- The object that JSON text holds, or the value itself.  Text that is no object stays text.
---@param value any
---@return any
function M.decoded(value)
  if type(value) ~= "string" or not value:find "^%s*{" then return value end
  local object = json.decode(value)
  return M.is_object(object) and object or value
end

--- Node ids that are numbers, as every author of Lua writes them, as the texts that they are in JSON.
---@param map any  not changed
---@return any
function M.with_text_keys(map)
  if type(map) ~= "table" or getmetatable(map) == json.array then return map end
  local numbers = false
  for key in pairs(map) do numbers = numbers or math.type(key) == "integer" end
  if not numbers then return map end
  local copy = {}
  for key, value in pairs(map) do
    local name = type(key) == "number" and ("%d"):format(key) or key
    if copy[name] ~= nil then return map end -- [6] beside ["6"]: json.encode refuses it
    copy[name] = value
  end
  return copy
end

--- Whether an object is what ComfyUI's editor saves: a list of nodes with positions, and links.
---@param object table
---@return boolean
function M.is_editor_format(object)
  if coerce.is_array(object.nodes) then return true end
  return object.last_node_id ~= nil or coerce.is_array(object.links) and object.version ~= nil
end

M.EDITOR_FORMAT = "is in the format of ComfyUI's editor (a list of nodes, and links), which cannot be run. Export it with "
  .. "\"Export (API)\" (formerly \"Save (API Format)\"), or take deployment.payload.workflow_api_json of get_deployment "
  .. "(include_payload=true)."

-- What may stand beside the content of a wrapper without changing what is meant: the transport of ComfyUI's own
-- POST /prompt, and what its pictures carry.
local BESIDE = { client_id = true, prompt_id = true, number = true, front = true, workflow = true, extra_pnginfo = true }

-- The wrapped object; nil where there is none, or more than one, or something beside it that has a meaning.
local function content_of(object, wrappers, is_content)
  for name in pairs(object) do
    if not wrappers[name] and not BESIDE[name] then return nil end
  end
  local found, certain
  for _, name in ipairs(M.names(object)) do
    local part = wrappers[name] and M.decoded(object[name])
    local is_part = M.is_object(part)
    local surely = is_part and is_content(part)
    if surely and certain or not (is_part or BESIDE[name]) then return nil end
    if surely or is_part and not found then found, certain = part, certain or surely end
  end
  return found
end

--- Takes off wrappers such as {"prompt":{…}}, where all else beside the content is transport.
---@param value any
---@param wrappers table<string, true>
---@param is_content fun(object: table): boolean  whether it needs no unwrapping
---@return any
function M.unwrapped(value, wrappers, is_content)
  value = M.decoded(value)
  for _ = 1, DEEPEST do
    if not M.is_object(value) or next(value) == nil or M.is_editor_format(value) or is_content(value) then return value end
    local content = content_of(value, wrappers, is_content)
    if not content then return value end
    value = content
  end
  return value
end

return M
