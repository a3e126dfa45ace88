--- The parameters of an input, whichever way it was declared, as the command line shows and reads them.

local M = {}

local function type_of(property)
  local kind = type(property) == "table" and property.type
  if type(kind) == "table" then
    for _, name in ipairs(kind) do
      if name ~= "null" then return name end
    end
  end
  return type(kind) == "string" and kind or "string"
end

local function parameter_of(name, property, required)
  if type(property) ~= "table" then property = {} end
  return {
    name, type_of(property), type(property.description) == "string" and property.description or "",
    default = property.default, enum = property.enum, minimum = property.minimum, maximum = property.maximum,
    optional = not required or nil,
  }
end

-- In the order of the schema where it has one, else of the names.
local function names_in_order(properties)
  local order = require("core.json").order(properties)
  if order then return order end
  local names = {}
  for name in pairs(properties) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function from_schema(schema)
  local list, required = {}, {}
  for _, name in ipairs(schema.required or {}) do required[name] = true end
  local properties = type(schema.properties) == "table" and schema.properties or {}
  for _, name in ipairs(names_in_order(properties)) do
    if properties[name] ~= nil then list[#list + 1] = parameter_of(name, properties[name], required[name]) end
  end
  return list
end

--- The parameters of an input: a list of parameters as it is, or made of a JSON Schema.
---@param input Parameter[]|table|string|core.json.Raw|nil
---@return Parameter[]
function M.of(input)
  if input == nil then return {} end
  if type(input) == "userdata" then input = input:text() end
  if type(input) == "string" then input = require("core.json").decode(input) end
  if input[1] or next(input) == nil then return input end
  return from_schema(input)
end

return M
