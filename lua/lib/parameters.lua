--- The parameters of a tool: one ordered list, compiled to the JSON Schema that clients see and to the
--- check that every call passes.
---
---   local compiled = parameters.compile {
---     { "deployment_id", "string", "The deployment that upscales" },
---     { "count", "integer", "How many images", default = 1, minimum = 1, maximum = 8 },
---   }
---   local input, err = compiled.check { deployment_id = "d", count = "3" }   --> { deployment_id = "d", count = 3 }
---
--- The check takes what models send (see lib.coerce), treats JSON null as absent, fills defaults, and
--- reports all that is wrong in one error: a model corrects its call at once instead of field by field.

local coerce = require "lib.coerce"
local didyoumean = require "lib.didyoumean"
local errors = require "lib.errors"
local json = require "core.json"

local M = {}

---@class Parameter
---@field [1] string             name
---@field [2] "string"|"integer"|"number"|"boolean"|"object"|"array"
---@field [3] string             description, for the model
---@field default? any
---@field optional? boolean      may be absent, without a default
---@field required? boolean      default: true unless optional or with a default
---@field enum? any[]
---@field minimum? number
---@field maximum? number
---@field min_length? integer    characters of a string, default 0
---@field items? string          type of an array's items
---@field examples? any[]

---@class CompiledParameters
---@field schema table                      JSON Schema, keys ordered, for json.encode
---@field check fun(arguments: table?): table|nil, Error?

local ARTICLE = {
  string = "a string", integer = "an integer", number = "a number", boolean = "true or false",
  object = "an object", array = "a list",
}
local FIELDS = {
  default = true, optional = true, required = true, enum = true, minimum = true, maximum = true,
  min_length = true, items = true, examples = true,
}

-- Declarations -------------------------------------------------------------------------------------

local function declaration_error(format, ...)
  error(errors.new(format:format(...), { code = "bad_declaration" }), 0)
end

local function check_declaration(index, entry, seen)
  if type(entry) ~= "table" then declaration_error("input[%d] must be a table { name, type, description }, got %s", index, type(entry)) end
  local name, kind, description = entry[1], entry[2], entry[3]
  if type(name) ~= "string" or not name:find("^[%a_][%w_%-]*$") then
    declaration_error("input[%d]: the name must be a word of letters, digits, '_' and '-', got %s", index, tostring(name))
  end
  if seen[name] then declaration_error("input[%d]: parameter '%s' is declared twice", index, name) end
  seen[name] = true
  if not ARTICLE[kind] then
    declaration_error("input[%d]: parameter '%s' has type %s; the types are string, integer, number, boolean, object, array",
      index, name, tostring(kind))
  end
  if type(description) ~= "string" or description == "" then
    declaration_error("input[%d]: parameter '%s' needs a description: it is all that a model knows of it", index, name)
  end
  if entry.items and not (kind == "array" and ARTICLE[entry.items]) then
    declaration_error("input[%d]: parameter '%s': 'items' names the type of an array's items", index, name)
  end
  for field in pairs(entry) do
    if type(field) == "string" and not FIELDS[field] then
      declaration_error("input[%d]: parameter '%s' has an unknown field '%s'", index, name, field)
    end
  end
end

local function is_required(entry)
  if entry.required ~= nil then return entry.required end
  return entry.default == nil and not entry.optional
end

-- Schema -------------------------------------------------------------------------------------------

local PROPERTY_KEYS = { "type", "description", "enum", "items", "minLength", "minimum", "maximum", "default", "examples" }

local function property(entry)
  return json.ordered(PROPERTY_KEYS, {
    type = entry[2],
    description = entry[3],
    enum = entry.enum and json.as_array(entry.enum),
    items = entry.items and { type = entry.items },
    minLength = entry.min_length,
    minimum = entry.minimum,
    maximum = entry.maximum,
    default = entry.default,
    examples = entry.examples and json.as_array(entry.examples),
  })
end

local function schema_of(list)
  local names, properties, required = {}, {}, {}
  for _, entry in ipairs(list) do
    names[#names + 1] = entry[1]
    properties[entry[1]] = property(entry)
    if is_required(entry) then required[#required + 1] = entry[1] end
  end
  return json.ordered({ "type", "properties", "required", "additionalProperties" }, {
    type = "object",
    properties = json.ordered(names, properties),
    required = #required > 0 and json.as_array(required) or nil,
    additionalProperties = false,
  })
end

-- Checks -------------------------------------------------------------------------------------------

local function shown(value)
  if type(value) == "table" then return coerce.is_array(value) and "a list" or "an object" end
  local text = tostring(value)
  if #text > 60 then text = (text:sub(1, 57):gsub("[\xC0-\xFF][\x80-\xBF]*$", "")) .. "…" end
  return type(value) == "string" and ("'%s'"):format(text) or text
end

local function range_text(entry)
  local low, high = entry.minimum, entry.maximum
  if low and high then return ("from %s to %s"):format(low, high) end
  return low and ("%s or more"):format(low) or ("%s or less"):format(high)
end

-- The wording of the official server, which names the field and all that is allowed.
local function enum_problem(entry, value)
  local allowed = {}
  for i, option in ipairs(entry.enum) do allowed[i] = shown(option) end
  return ("Invalid %s %s. Must be one of [%s]."):format(entry[1], shown(value), table.concat(allowed, ", "))
end

local function enum_set(entry)
  if not entry.enum then return nil end
  local set = {}
  for _, option in ipairs(entry.enum) do set[option] = true end
  return set
end

local function type_problem(entry, value)
  local wanted = ARTICLE[entry[2]]
  if entry[2] == "array" and entry.items then wanted = ("a list of %ss"):format(entry.items) end
  return ("Field '%s' must be %s, got %s."):format(entry[1], wanted, shown(value))
end

local function converted_items(entry, list)
  local convert = entry.items and coerce[entry.items]
  if not convert then return list end
  local result = {}
  for i, item in ipairs(list) do
    local value = convert(item)
    if value == nil then
      return nil, ("Field '%s': item %d must be %s, got %s."):format(entry[1], i, ARTICLE[entry.items], shown(item))
    end
    result[i] = value
  end
  return json.as_array(result)
end

-- A closure from a present value to the converted one, or nil and what is wrong with it.
local function compile_value(entry)
  local convert, allowed = coerce[entry[2]], enum_set(entry)
  local minimum, maximum, min_length = entry.minimum, entry.maximum, entry.min_length
  if entry[2] == "string" and not allowed and not min_length then
    return function(value)
      if type(value) == "string" then return value end
      return nil, type_problem(entry, value)
    end
  end
  return function(raw)
    local value = convert(raw)
    if value == nil then return nil, type_problem(entry, raw) end
    if allowed and not allowed[value] then return nil, enum_problem(entry, value) end
    if minimum and value < minimum or maximum and value > maximum then
      return nil, ("Field '%s' must be %s, got %s."):format(entry[1], range_text(entry), shown(value))
    end
    if min_length and (utf8.len(value) or #value) < min_length then
      return nil, ("Field '%s' must not be empty."):format(entry[1])
    end
    if entry.items then return converted_items(entry, value) end
    return value
  end
end

local function copy(value)
  if type(value) ~= "table" then return value end
  local result = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do result[key] = copy(item) end
  return result
end

local function invalid(problems)
  local names = {}
  for i, problem in ipairs(problems) do names[i] = problem.field end
  local texts = {}
  for i, problem in ipairs(problems) do texts[i] = problem.text end
  local message = table.concat(texts, "\n")
  return errors.new(message, {
    code = "invalid_input",
    fields = names,
    data = json.ordered({ "ok", "error", "code", "fields" },
      { ok = false, error = message, code = "invalid_input", fields = json.as_array(names) }),
  })
end

--- An error about one field of a tool's input, in the form that `check` gives.
---@param field string
---@param text string   a sentence that names the field and says what is allowed
---@return Error
function M.invalid(field, text)
  return invalid { { field = field, text = text } }
end

local function unknown_problem(name, names)
  local hint = didyoumean.hint(name, names)
  local known = #names > 0 and "It takes " .. table.concat(names, ", ") or "It takes none"
  return { field = name, text = ("Unknown argument %s%s %s."):format(shown(name), hint ~= "" and hint or ".", known) }
end

local function unknown_problems(arguments, known, names)
  local problems = {}
  for name in pairs(arguments) do
    if not known[name] then problems[#problems + 1] = unknown_problem(tostring(name), names) end
  end
  table.sort(problems, function(a, b) return a.field < b.field end)
  return problems
end

local function compile_check(list)
  local slots, known, names = {}, {}, {}
  for i, entry in ipairs(list) do
    slots[i] = { name = entry[1], read = compile_value(entry), default = entry.default, required = is_required(entry), entry = entry }
    known[entry[1]], names[i] = true, entry[1]
  end
  local null = json.null

  local function fill(slot, input, problems)
    if slot.default ~= nil then
      input[slot.name] = copy(slot.default)
    elseif slot.required then
      problems[#problems + 1] = { field = slot.name, text = ("Field '%s' is required: %s"):format(slot.name, slot.entry[3]) }
    end
  end

  return function(arguments)
    if arguments == nil or arguments == null then arguments = {} end
    local object = coerce.object(arguments)
    if not object then return nil, M.invalid("arguments", "The arguments must be an object, got " .. shown(arguments) .. ".") end
    local input, problems = {}, nil
    for name in pairs(object) do
      if not known[name] then problems = unknown_problems(object, known, names) break end
    end
    problems = problems or {}
    for _, slot in ipairs(slots) do
      local value = object[slot.name]
      if value == nil or value == null then
        fill(slot, input, problems)
      else
        local converted, problem = slot.read(value)
        if converted == nil then problems[#problems + 1] = { field = slot.name, text = problem } end
        input[slot.name] = converted
      end
    end
    if #problems > 0 then return nil, invalid(problems) end
    return input
  end
end

--- Compiles a list of parameters.  Raises an Error (code "bad_declaration") on a bad declaration.
---@param list Parameter[]
---@return CompiledParameters
function M.compile(list)
  if type(list) ~= "table" then declaration_error("field 'input' must be a list of parameters, got %s", type(list)) end
  local seen = {}
  for index, entry in ipairs(list) do check_declaration(index, entry, seen) end
  for key in pairs(list) do
    if math.type(key) ~= "integer" or key < 1 or key > #list then
      declaration_error("field 'input' must be a list of parameters; it has a key '%s'", tostring(key))
    end
  end
  return { schema = schema_of(list), check = compile_check(list) }
end

return M
