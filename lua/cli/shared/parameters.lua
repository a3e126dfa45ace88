--- The parameters of an input schema, as far as the words of a command line need them: names and types.

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

local function from_schema(schema)
  local list = {}
  for name, property in pairs(type(schema.properties) == "table" and schema.properties or {}) do
    list[#list + 1] = { name, type_of(property), "" }
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
  if input[1] then return input end
  return from_schema(input)
end

return M
