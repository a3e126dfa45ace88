--- Declarations of parameters: what a list may say, and the JSON Schema that clients see of it.

local coerce = require "lib.coerce"
local didyoumean = require "lib.didyoumean"
local errors = require "lib.errors"
local json = require "core.json"
local sorted_names = require("lib.tables").sorted_names

local M = {}

M.ARTICLE = {
  string = "a string", integer = "an integer", number = "a number", boolean = "true or false",
  object = "an object", array = "a list",
}

local MAX_DEPTH = 16

-- What each field of an entry must be, and the parameter types that it goes with (none given: all).
local FIELDS = {
  default = {}, examples = { kind = "table" }, enum = { kind = "table" },
  optional = { kind = "boolean" }, required = { kind = "boolean" }, secret = { kind = "boolean" },
  minimum = { kind = "number", types = { integer = true, number = true } },
  maximum = { kind = "number", types = { integer = true, number = true } },
  min_length = { kind = "number", types = { string = true } },
  max_length = { kind = "number", types = { string = true } },
  pattern = { kind = "string", types = { string = true } },
  min_items = { kind = "number", types = { array = true } },
  max_items = { kind = "number", types = { array = true } },
  items = { types = { array = true } },
  properties = { kind = "table", types = { object = true } },
  empty = { kind = "string", types = { integer = true, number = true } },
}

local function fail(format, ...)
  error(errors.new(format:format(...), { code = "bad_declaration" }), 0)
end

local function check_list(list, label, depth)
  if type(list) ~= "table" then fail("field '%s' must be a list of parameters, got %s", label, type(list)) end
  if depth > MAX_DEPTH then fail("field '%s': parameters are nested deeper than %d", label, MAX_DEPTH) end
  local seen = {}
  for index, entry in ipairs(list) do M.check_entry(entry, ("%s[%d]"):format(label, index), seen, depth) end
  for key in pairs(list) do
    if math.type(key) ~= "integer" or key < 1 or key > #list then
      fail("field '%s' must be a list of parameters; it has a key '%s'", label, tostring(key))
    end
  end
end

local function check_head(entry, label, seen)
  if type(entry) ~= "table" then fail("%s must be a table { name, type, description }, got %s", label, type(entry)) end
  local name, kind, description = entry[1], entry[2], entry[3]
  if type(name) ~= "string" or not name:find("^[%a_][%w_%-]*$") then
    fail("%s: the name must be a word of letters, digits, '_' and '-', got %s", label, tostring(name))
  end
  if seen[name] then fail("%s: parameter '%s' is declared twice", label, name) end
  seen[name] = true
  if not M.ARTICLE[kind] then
    fail("%s: parameter '%s' has type %s; the types are string, integer, number, boolean, object, array", label, name, tostring(kind))
  end
  if type(description) ~= "string" or description == "" then
    fail("%s: parameter '%s' needs a description: it is all that a model knows of it", label, name)
  end
end

local function check_items(entry, label, depth)
  if entry[2] ~= "array" or type(entry.items) ~= "table" and not M.ARTICLE[entry.items] then
    fail("%s: parameter '%s': 'items' names the type of an array's items, or lists the parameters of objects", label, entry[1])
  end
  if type(entry.items) == "table" then check_list(entry.items, label .. ".items", depth + 1) end
end

local function check_field(entry, field, label)
  local rule, value = FIELDS[field], entry[field]
  if not rule then
    fail("%s: parameter '%s' has an unknown field '%s'%s", label, entry[1], field, didyoumean.hint(field, sorted_names(FIELDS)))
  end
  ---@cast rule -?
  if rule.types and not rule.types[entry[2]] then
    fail("%s: parameter '%s': '%s' is not for parameters of type %s", label, entry[1], field, entry[2])
  end
  local boxed = rule.kind == "number" and coerce.is_boxed(value)
  if rule.kind and type(value) ~= rule.kind and not boxed then
    fail("%s: parameter '%s': '%s' must be a %s, got %s", label, entry[1], field, rule.kind, type(value))
  end
end

local function check_pattern(entry, label)
  local compiled, message = require("lib.regex").compile(entry.pattern)
  if not compiled then fail("%s: parameter '%s': 'pattern': %s", label, entry[1], message) end
end

--- Checks one entry of a list; raises an Error (code "bad_declaration").
---@param entry any
---@param label string                 its place, "input[1]"
---@param seen table<string, boolean>  the names so far
---@param depth integer
function M.check_entry(entry, label, seen, depth)
  check_head(entry, label, seen)
  if entry.items ~= nil then check_items(entry, label, depth) end
  for _, field in ipairs(sorted_names(entry)) do
    if not field:find("^[123]$") then check_field(entry, field, label) end
  end
  if entry.empty and entry.empty ~= "refused" then
    fail("%s: parameter '%s': 'empty' may only be \"refused\"", label, entry[1])
  end
  if entry.pattern then check_pattern(entry, label) end
  if entry.enum and #entry.enum == 0 then fail("%s: parameter '%s': 'enum' is empty", label, entry[1]) end
  if entry.properties then check_list(entry.properties, label .. ".properties", depth + 1) end
end

--- Checks a list; raises an Error (code "bad_declaration").
---@param list any
---@param label string  the field that holds it, "input"
function M.check(list, label)
  check_list(list, label, 1)
end

---@param entry Parameter
---@return boolean
function M.is_required(entry)
  if entry.required ~= nil then return entry.required end
  return entry.default == nil and not entry.optional
end

-- Schema -------------------------------------------------------------------------------------------

local PROPERTY_KEYS = {
  "type", "description", "enum", "items", "properties", "required", "additionalProperties", "minLength", "maxLength", "pattern",
  "minItems", "maxItems", "minimum", "maximum", "default", "examples",
}

local function items_schema(items)
  if type(items) == "table" then return M.schema(items) end
  return items and { type = items }
end

-- A text that may be left out may also be empty, which means the same: see lib.parameters.
local function published_min_length(entry)
  if entry.min_length == 1 and not M.is_required(entry) then return nil end
  return entry.min_length
end

local function property(entry)
  local members = entry.properties and M.schema(entry.properties)
  return json.ordered(PROPERTY_KEYS, {
    type = entry[2],
    description = entry[3],
    enum = entry.enum and json.as_array(entry.enum),
    items = items_schema(entry.items),
    properties = members and members.properties,
    required = members and members.required,
    additionalProperties = members and members.additionalProperties,
    minLength = published_min_length(entry),
    maxLength = entry.max_length,
    pattern = entry.pattern,
    minItems = entry.min_items,
    maxItems = entry.max_items,
    minimum = entry.minimum,
    maximum = entry.maximum,
    default = entry.default,
    examples = entry.examples and json.as_array(entry.examples),
  })
end

--- The JSON Schema of an object with these parameters as members; keys ordered, for json.encode.
---@param list Parameter[]
---@return table
function M.schema(list)
  local names, properties, required = {}, {}, {}
  for _, entry in ipairs(list) do
    names[#names + 1] = entry[1]
    properties[entry[1]] = property(entry)
    if M.is_required(entry) then required[#required + 1] = entry[1] end
  end
  return json.ordered({ "type", "properties", "required", "additionalProperties" }, {
    type = "object",
    properties = json.ordered(names, properties),
    required = #required > 0 and json.as_array(required) or nil,
    additionalProperties = false,
  })
end

return M
