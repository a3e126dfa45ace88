--- Tables of a recipe as JSON has them.  To a Lua author the id of a node is a number; in JSON the members of an object
--- have names.

local codec = require "core.codec"
local json = require "core.json"

local M = {}

local function place(path)
  local parts = {}
  for i, key in ipairs(path) do parts[i] = type(key) == "string" and "." .. key or ("[%d]"):format(key) end
  return #parts == 0 and "the value" or "the value at " .. table.concat(parts)
end

local function refuse(path, message, ...)
  error(place(path) .. " " .. message:format(...), 0)
end

-- How many keys a table has that are numbers, and that are names.
local function count_keys(value)
  local numbers, names = 0, 0
  for key in next, value do
    if type(key) == "string" then names = names + 1 else numbers = numbers + 1 end
  end
  return numbers, names
end

-- Of two keys that are one member both stay in a result, which was perhaps paid.
local function second_name(value, name, path, faults)
  local message = ("has both the key %s and the key \"%s\", which are one member"):format(name, name)
  if not faults then refuse(path, "%s", message) end
  faults[#faults + 1] = place(path) .. " " .. message
  repeat name = name .. " (a number)" until value[name] == nil
  return name
end

local function name_members(value, path, faults)
  local numbers = {}
  for key in next, value do
    if type(key) ~= "string" then numbers[#numbers + 1] = key end
  end
  table.sort(numbers)
  for _, number in ipairs(numbers) do
    local name = tostring(number)
    if value[name] ~= nil then name = second_name(value, name, path, faults) end
    value[name], value[number] = value[number], nil
  end
end

-- A table with numbers alone for keys is a list, unless it can only be an object.
local function settle_keys(value, declared, path, options)
  local numbers, names = count_keys(value)
  if numbers == 0 or not declared and names == 0 and numbers == rawlen(value) then return end
  if options.strict and not declared and names == 0 and value[1] ~= nil then
    refuse(path, "is a list with holes; put rc.null into them, or write the keys as text: [\"1\"] = …")
  end
  name_members(value, path, options.faults)
end

local function properties_of(schema)
  local properties = type(schema) == "table" and schema.properties
  return type(properties) == "table" and properties or nil
end

local function is_object(value, schema)
  return json.has_order(value) or type(schema) == "table" and schema.type == "object"
end

-- What the schema says of a member or an entry.
local function schema_of(key, schema, properties)
  if type(schema) ~= "table" then return nil end
  if type(key) ~= "string" then return schema.items end
  return properties and properties[key] or schema.additionalProperties
end

local settle ---@type fun(value: table, schema: any, path: string[], options: table)

local function settle_items(value, schema, path, options)
  local properties, work = properties_of(schema), options.meter
  for key, item in next, value do
    if work then work:step() end
    path[#path + 1] = key
    if type(item) == "table" then
      settle(item, schema_of(key, schema, properties), path, options)
    elseif options.strict and type(item) == "string" and not codec.is_utf8(item) then
      refuse(path, "is no valid UTF-8; was a character cut in two? utf8.offset finds where one begins")
    end
    path[#path] = nil
  end
end

function settle(value, schema, path, options)
  if getmetatable(value) ~= json.array then settle_keys(value, is_object(value, schema), path, options) end
  settle_items(value, schema, path, options)
end

---@class MembersOptions
---@field schema? table    JSON Schema: what is declared an object is one, also where its keys count from 1
---@field faults? string[]  takes, for a result, what is wrong, which is raised else
---@field meter? Meter
---@field strict? boolean  for what is sent: refuse text that is no UTF-8, and what may be a list as well as an object

--- Gives the members of objects in a plain copy names in place of numbers, in place.  Raises a message, with the place,
--- where nobody can tell what was meant.
---@param value any
---@param options? MembersOptions
---@return any value
function M.settle(value, options)
  if type(value) ~= "table" then return value end
  options = options or {}
  settle(value, options.schema, {}, options)
  return value
end

return M
