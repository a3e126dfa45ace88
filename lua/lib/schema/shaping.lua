--- Tables as their schema means them.  To Lua an empty list and an empty object are the same; where the schema declares
--- an array, `{}` becomes one.
---
--- Only what a schema says without a doubt counts: a table that may be either stays what it is.

local documents = require "lib.schema.documents"
local json = require "core.json"
local regex = require "lib.regex"

local M = {}

local MOST_REFERENCES = 64 -- from one schema to the next for one value

---@class shaping.Shaper  what is known of a schema, and the meter of one value
---@field package documents schema.Documents
---@field package patterns table<string, Regex|false>
---@field package prefixed boolean  some items differ from those behind them
---@field package meter Meter

-- The schemas that hold for one value: the one given, and those that it refers to or is made of.
local function gather(shaper, schema, list, seen, depth)
  if type(schema) ~= "table" or seen[schema] or depth > MOST_REFERENCES then return end
  seen[schema] = true
  list[#list + 1] = schema
  local reference = schema["$ref"] or schema["$dynamicRef"]
  if type(reference) == "string" then
    gather(shaper, (shaper.documents:find(shaper.documents:resource_of(schema), reference)), list, seen, depth + 1)
  end
  for _, keyword in ipairs { "allOf", "anyOf", "oneOf" } do
    for _, child in ipairs(type(schema[keyword]) == "table" and schema[keyword] or {}) do
      gather(shaper, child, list, seen, depth + 1)
    end
  end
  for _, keyword in ipairs { "if", "then", "else" } do gather(shaper, schema[keyword], list, seen, depth + 1) end
end

local ARRAY_WORDS = { "items", "prefixItems", "contains", "minItems", "uniqueItems" }

-- Whether a schema alone allows arrays, and objects.
local function types_of(schema)
  local named = schema.type
  if named == nil then
    for _, word in ipairs(ARRAY_WORDS) do
      if schema[word] ~= nil and schema.properties == nil then return true, false end
    end
    return nil, schema.properties ~= nil
  end
  local array, object = named == "array", named == "object"
  for _, one in ipairs(type(named) == "table" and named or {}) do array, object = array or one == "array", object or one == "object" end
  return array, object
end

-- Something says that it is an array, nothing that it may be an object.
local function is_array(schemas)
  local found = false
  for _, schema in ipairs(schemas) do
    local array, object = types_of(schema)
    if object then return false end
    found = found or array == true
  end
  return found
end

local function matches(shaper, pattern, name)
  local compiled = shaper.patterns[pattern]
  if compiled == nil then
    compiled = regex.compile(pattern) or false
    shaper.patterns[pattern] = compiled
  end
  return compiled and compiled:matches(name, shaper.meter)
end

local function of_member(shaper, schema, name, add)
  local properties, patterns = schema.properties, schema.patternProperties
  local known = false
  if type(properties) == "table" and properties[name] ~= nil then
    known = true
    add(properties[name])
  end
  for pattern, child in pairs(type(patterns) == "table" and patterns or {}) do
    if matches(shaper, pattern, name) then
      known = true
      add(child)
    end
  end
  if not known then
    add(schema.additionalProperties)
    add(schema.unevaluatedProperties)
  end
end

local function of_item(schema, index, add)
  local first = type(schema.prefixItems) == "table" and schema.prefixItems or {}
  if first[index] ~= nil then return add(first[index]) end
  add(schema.items)
  add(schema.unevaluatedItems)
end

-- The schemas of a member or an item.
local function inner(shaper, schemas, key)
  local list, seen = {}, {}
  local function add(child) gather(shaper, child, list, seen, 0) end
  for _, schema in ipairs(schemas) do
    if type(key) == "string" then of_member(shaper, schema, key, add) else of_item(schema, key, add) end
  end
  return list
end

local function shape(shaper, value, schemas)
  shaper.meter:step()
  if next(value) == nil then
    if getmetatable(value) == nil and is_array(schemas) then json.as_array(value) end
    return
  end
  local of_items -- the same for all behind prefixItems
  for key, item in next, value do
    shaper.meter:step()
    if type(item) == "table" then
      local list
      if type(key) == "string" or shaper.prefixed then
        list = inner(shaper, schemas, key)
      else
        of_items = of_items or inner(shaper, schemas, key)
        list = of_items
      end
      if #list > 0 then shape(shaper, item, list) end
    end
  end
end

local function has_prefix(shaper, schema, seen)
  if type(schema) ~= "table" or seen[schema] then return false end
  seen[schema] = true
  if schema.prefixItems ~= nil then return true end
  local found = false
  require("lib.schema.subschemas").each(schema, function(child) found = found or has_prefix(shaper, child, seen) end)
  return found
end

--- Compiles a schema to the function that shapes plain values of it, in place; it takes a meter of their work.
---@param schema any  decoded
---@return fun(value: any, work: Meter): any value
function M.compile(schema)
  if type(schema) ~= "table" then return function(value) return value end end
  local docs = documents.new()
  docs:add("", schema)
  local shaper = { documents = docs, patterns = {} }
  shaper.prefixed = has_prefix(shaper, schema, {})
  return function(value, work)
    if type(value) ~= "table" then return value end
    local list = {}
    gather(shaper, schema, list, {}, 0)
    shape(setmetatable({ meter = work }, { __index = shaper }), value, list)
    return value
  end
end

return M
