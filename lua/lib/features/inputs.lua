--- The input of a tool: an ordered list of parameters, a JSON Schema, or JSON text of one, compiled to
--- the schema that clients see and to the check of every call.

local coerce = require "lib.coerce"
local errors = require "lib.errors"
local json = require "core.json"
local meter = require "lib.async.meter"
local parameters = require "lib.parameters"

local M = {}

local null = json.null

local function fail(format, ...)
  error(errors.new(format:format(...), { code = "bad_declaration" }), 0)
end

local function is_schema(value)
  for key in pairs(value) do
    if type(key) == "string" then return #value == 0 end
  end
  return false
end

-- A schema as a table, and as `tools/list` writes it.
local function decode_text(text, field)
  local raw, message = json.raw(text)
  if not raw then return fail("field '%s' is no JSON: %s", field, message) end
  local schema = json.decode(text)
  if raw:kind() ~= "object" then fail("field '%s' must be a JSON Schema, an object; got %s", field, raw:kind()) end
  return schema, raw
end

local TYPED_OTHERWISE = { "$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "enum", "const" }

-- What a tool takes is an object.  What it gives may be anything, but the schema has to say so: `properties` alone is
-- a type that was forgotten.
local function says_type(schema, field)
  if field == "input" then return schema.type == "object" end
  if schema.type ~= nil then return true end
  for _, keyword in ipairs(TYPED_OTHERWISE) do
    if schema[keyword] ~= nil then return true end
  end
  return false
end

-- One that cannot be written would take the list of all tools with it.
local function check_written(schema, field)
  local ok, message = pcall(json.encode, schema)
  if not ok then fail("field '%s' cannot be written as JSON: %s", field, tostring(message)) end
end

local DRAFT = "https://json-schema.org/draft/2020-12/schema"
local check_draft

-- What each keyword's value must be, by the schema of schemas: a wrong one would show at some call, or never.
local function check_keywords(schema, field)
  local dialect = schema["$schema"]
  if dialect ~= nil and dialect ~= DRAFT then return end
  check_draft = check_draft or assert(require("lib.schema").compile { ["$ref"] = DRAFT })
  local ok, message = check_draft(schema, meter.new { still = true })
  if not ok then fail("field '%s' is no JSON Schema: %s", field, message) end
end

local function check_schema(schema, field)
  if not says_type(schema, field) then
    fail("field '%s': the schema's type must be \"object\"%s, got %s", field, field == "input" and "" or ", or another one",
      tostring(schema.type))
  end
  check_written(schema, field)
  check_keywords(schema, field)
end

local LISTS = { "required", "enum", "allOf", "anyOf", "oneOf", "prefixItems", "examples", "type" }

local function is_plain_empty(value)
  return type(value) == "table" and next(value) == nil and getmetatable(value) == nil
end

-- A schema of Lua tables: what JSON Schema has as a list is one, also where it is empty.  `"required": {}` in one tool
-- costs a client the list of all.
local function with_lists(schema)
  if type(schema) ~= "table" then return schema end
  local copy = require("lib.schema.subschemas").map(schema, with_lists)
  for _, key in ipairs(LISTS) do
    if is_plain_empty(copy[key]) then copy[key] = json.as_array {} end
  end
  for _, key in ipairs { "default", "const" } do
    if copy.type == "array" and is_plain_empty(copy[key]) then copy[key] = json.as_array {} end
  end
  if type(copy.dependentRequired) == "table" then
    for name, names in pairs(copy.dependentRequired) do
      if is_plain_empty(names) then copy.dependentRequired[name] = json.as_array {} end
    end
  end
  return copy
end

--- A schema given as a list of parameters, a table, or JSON text.  Raises an Error on a bad one.
---@param given table|string
---@param field string  for messages
---@param known? boolean  it is known to be one, with its lists: that check, most of a server's start, is left out
---@return table schema            decoded
---@return table|core.json.Raw written  what clients see: JSON text stays as it was given
---@return boolean is_list         it was a list of parameters
function M.read_schema(given, field, known)
  if type(given) == "string" then
    local schema, raw = decode_text(given, field)
    check_schema(schema, field)
    return schema, raw, false
  end
  if is_schema(given) then
    if known then return given, given, false end
    given = with_lists(given)
    check_schema(given, field)
    return given, given, false
  end
  local schema = parameters.compile(given, field).schema
  check_written(schema, field)
  return schema, schema, true
end

--- Compiles a schema to lib.schema's check.  Raises an Error where it is none.
---@param schema table
---@param field string
---@return fun(value: any, work: Meter?): true|nil, string?, schema.Failure?
function M.compile_schema(schema, field)
  local check, message = require("lib.schema").compile(schema, { formats = true })
  if not check then return fail("field '%s' is no JSON Schema: %s", field, message) end
  return check
end

local function copy(value)
  if type(value) ~= "table" then return value end
  local result = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do result[key] = copy(item) end
  return result
end

-- The simple type of a member, and of its items.
local function kinds_of(property)
  if type(property) ~= "table" then return nil end
  local items = type(property.items) == "table" and property.items.type
  return type(property.type) == "string" and coerce[property.type] and property.type or nil, type(items) == "string" and items or nil
end

-- Whether a value says nothing, for a member that may be left out: see lib.parameters, which says the same of a list.
local function is_unset(value, property, kind)
  if coerce.is_blank(value, kind) then return true end
  if value ~= "" then return false end
  if type(property.enum) ~= "table" then return math.type(property.minLength) == "integer" and property.minLength > 0 end
  for _, option in ipairs(property.enum) do
    if option == "" then return false end
  end
  return true
end

-- What models send for a member of a simple type ("30" for 30), and empty values for one that is left out.
local function lenient(value, property, required)
  local kind, items = kinds_of(property)
  if not kind then return value end
  if value == null or not required and is_unset(value, property, kind) then return nil end
  local converted = coerce[kind](value)
  if converted == nil and kind == "array" and items and coerce[items] then converted = coerce.list_of_one(value, items) end
  if converted == nil then return value end
  return converted
end

local function prepared(object, properties, required, work)
  local input = json.like(object, {})
  for name, value in pairs(object) do
    work:step()
    input[name] = lenient(value, properties[name], required[name])
  end
  for name, property in pairs(properties) do
    if input[name] == nil and type(property) == "table" and property.default ~= nil then input[name] = copy(property.default) end
  end
  return input
end

local function compile_reader(schema)
  local check = M.compile_schema(schema, "input")
  local properties = type(schema.properties) == "table" and schema.properties or {}
  local required = {}
  for _, name in ipairs(type(schema.required) == "table" and schema.required or {}) do required[name] = true end
  local shape = require("lib.schema.shaping").compile(schema)
  return function(arguments, work)
    if arguments == nil or arguments == null then arguments = {} end
    local object = coerce.object(arguments)
    if not object then return nil, parameters.invalid("arguments", "The arguments must be an object.") end
    work = work or meter.new()
    local input = prepared(object, properties, required, work)
    local ok, message, failure = check(shape(input, work), work)
    if ok then return input end
    local place = failure and require("lib.schema.failure").place(failure) or ""
    if place == "" then return nil, parameters.invalid("arguments", ("The arguments %s."):format(message)) end
    return nil, parameters.invalid(place, ("Field '%s' %s."):format(place, failure --[[@as schema.Failure]].message))
  end
end

--- Compiles the input of a tool.  Raises an Error (code "bad_declaration") on a bad one.
---@param input Parameter[]|table|string|nil
---@return { schema: table|core.json.Raw, check: fun(arguments: any, work: Meter?): table|nil, Error? }
function M.compile(input)
  if input == nil then input = {} end
  if type(input) == "table" and not is_schema(input) then
    local compiled = parameters.compile(input)
    check_written(compiled.schema, "input")
    return compiled
  end
  local schema, written = M.read_schema(input, "input")
  return { schema = written, check = compile_reader(schema) }
end

return M
