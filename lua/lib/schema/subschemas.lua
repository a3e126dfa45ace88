--- Where in a schema its subschemas stand: the keywords of draft 2020-12 whose value is a schema, a list of schemas, or
--- an object of schemas.

local json = require "core.json"
local value = require "lib.schema.value"

local M = {}

local ONE = {
  "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then",
  "unevaluatedItems", "unevaluatedProperties",
}
local LIST = { "allOf", "anyOf", "oneOf", "prefixItems" }
local MAP = { "$defs", "definitions", "dependentSchemas", "patternProperties", "properties" }

--- Visits the subschemas of a schema, those right below it.
---@param schema table
---@param visit fun(child: any)
function M.each(schema, visit)
  for i = 1, #ONE do
    local child = schema[ONE[i]]
    if child ~= nil and value.is_schema(child) then visit(child) end
  end
  for i = 1, #LIST do
    local list = schema[LIST[i]]
    if type(list) == "table" then
      for _, child in ipairs(list) do visit(child) end
    end
  end
  for i = 1, #MAP do
    local map = schema[MAP[i]]
    if type(map) == "table" then
      for _, child in pairs(map) do visit(child) end
    end
  end
end

local function mapped(container, change)
  local copy = {}
  for key, child in pairs(container) do copy[key] = change(child) end
  return json.like(container, copy)
end

--- A copy of a schema with `change(child)` in the place of each subschema right below it.
---@param schema table
---@param change fun(child: any): any
---@return table
function M.map(schema, change)
  local copy = {}
  for key, item in pairs(schema) do copy[key] = item end
  for _, key in ipairs(ONE) do
    if value.is_schema(schema[key]) then copy[key] = change(schema[key]) end
  end
  for _, keys in ipairs { LIST, MAP } do
    for _, key in ipairs(keys) do
      if type(schema[key]) == "table" then copy[key] = mapped(schema[key], change) end
    end
  end
  return json.like(schema, copy)
end

return M
