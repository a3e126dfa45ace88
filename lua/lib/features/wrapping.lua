--- Results for revisions before 2026-07-28, whose structured content must be an object: a list or a single value becomes
--- `{"result": …}` there, and so does what the output schema says of it.  Official clients throw away a whole result, and
--- a whole list of tools, that is anything else.

local json = require "core.json"

local M = {}

local PLACE = "#/properties/result"

-- A reference to a place in the schema leads to the same place below `result`.  An anchor stays where it is found.
local function moved_reference(reference)
  if type(reference) ~= "string" then return reference end
  if reference == "#" then return PLACE end
  return reference:sub(1, 2) == "#/" and PLACE .. reference:sub(2) or reference
end

local function copy_of(map)
  local copy = {}
  for key, value in pairs(map) do copy[key] = value end
  return json.like(map, copy)
end

-- Within an $id of its own a reference means a place of that.
local function moved(schema)
  if type(schema) ~= "table" or type(schema["$id"]) == "string" then return schema end
  local copy = require("lib.schema.subschemas").map(schema, moved)
  copy["$ref"], copy["$dynamicRef"] = moved_reference(schema["$ref"]), moved_reference(schema["$dynamicRef"])
  return copy
end

--- The schema of `{"result": …}` around what a schema describes.
---@param schema table  decoded
---@return table
function M.schema(schema)
  local inner = moved(schema)
  local dialect = schema["$schema"]
  if dialect ~= nil then
    inner = copy_of(inner)
    inner["$schema"] = nil
  end
  return json.ordered({ "$schema", "type", "properties" }, {
    ["$schema"] = dialect, type = "object", properties = { result = inner },
  })
end

local function decoded(value)
  return type(value) == "userdata" and value ~= json.null and value:value() or value
end

-- The same of JSON text, undecoded.
local function has_booleans(raw)
  local properties = raw:kind() == "object" and raw:get "properties"
  if not properties or properties:kind() ~= "object" then return false end
  for _, property in properties:pairs() do
    if property:kind() == "boolean" then return true end
  end
  return false
end

local BOOLEANS = { [true] = {}, [false] = { ["not"] = {} } }

--- A schema whose properties at the top are objects, as the older revisions have it, which do not know the schemas
--- `true` and `false` there; the same table where they are.
---@param schema table|core.json.Raw
---@return table|core.json.Raw
function M.without_booleans(schema)
  if type(schema) == "userdata" and not has_booleans(schema) then return schema end
  local plain = decoded(schema)
  local properties = type(plain) == "table" and decoded(plain.properties)
  if type(properties) ~= "table" then return schema end
  local changed
  for name, property in pairs(properties) do
    if type(property) == "boolean" then
      changed = changed or copy_of(properties)
      changed[name] = BOOLEANS[property]
    end
  end
  if not changed then return schema end
  local copy = copy_of(plain)
  copy.properties = changed
  return copy
end

--- Structured content as an object.
---@param text string       JSON text
---@param simulated boolean it says so of itself
---@return string
function M.text(text, simulated)
  return '{"result":' .. text .. (simulated and ',"simulated":true}' or "}")
end

return M
