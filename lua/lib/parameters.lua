--- The parameters of a tool: one ordered list, compiled to the JSON Schema that clients see and to the
--- check that every call passes.
---
---   local compiled = parameters.compile {
---     { "deployment_id", "string", "The deployment that upscales" },
---     { "count", "integer", "How many images", default = 1, minimum = 1, maximum = 8 },
---   }
---   local input, err = compiled.check { deployment_id = "d", count = "3" }   --> { deployment_id = "d", count = 3 }
---
--- The check takes what models send (see lib.coerce), fills defaults, and reports all that is wrong in one error:
--- a model corrects its call at once instead of field by field.  JSON null counts as left out; where a parameter
--- may be left out, so does an empty value that the parameter cannot have: some clients fill in every field.
--- A place inside a parameter is written as lib.schema does: `stages/0/seed`.

local coerce = require "lib.coerce"
local declaration = require "lib.parameters.declaration"
local didyoumean = require "lib.didyoumean"
local errors = require "lib.errors"
local json = require "core.json"
local brief = require("lib.text").brief

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
---@field max_length? integer
---@field pattern? string        regular expression (lib.regex) that must match somewhere in a string
---@field min_items? integer     of an array
---@field max_items? integer
---@field items? string|Parameter[]  an array's items: their type, or the parameters of objects
---@field properties? Parameter[]    the members of an object; without it, any object
---@field examples? any[]
---@field secret? boolean       no message repeats what it was given
---@field empty? "refused"       an empty value that it cannot have (0 below its minimum) is an error, left out or not

---@class CompiledParameters
---@field schema table                      JSON Schema, keys ordered, for json.encode
---@field check fun(arguments: table?, work: Meter?): table|nil, Error?

local ARTICLE = declaration.ARTICLE

-- Problems -----------------------------------------------------------------------------------------

local function shown(value)
  if type(value) == "table" then return coerce.is_array(value) and "a list" or "an object" end
  local text = tostring(value)
  text = brief(text, #text > 60 and 57 or 60)
  return type(value) == "string" and ("'%s'"):format(text) or text
end

local LONGEST_NAME = 200 -- bytes of an unknown argument's name that an answer repeats

local function head(name)
  if #name <= LONGEST_NAME then return name end
  return name:sub(1, (utf8.offset(name, 0, LONGEST_NAME + 1) or 1) - 1) .. "…"
end

local MOST_PROBLEMS = 20 -- listed; who has made more looks at the first ones, and a message has an end

-- Adds a problem; returns nil, for a reader that found no value.
local function note(problems, place, format, ...)
  if #problems >= MOST_PROBLEMS then
    problems.more = true
  else
    problems[#problems + 1] = { field = place, text = format:format(...) }
  end
end

local function invalid(problems)
  local names = {}
  for i, problem in ipairs(problems) do names[i] = problem.field end
  local texts = {}
  for i, problem in ipairs(problems) do texts[i] = problem.text end
  if problems.more then texts[#texts + 1] = ("There are more problems; the first %d are listed."):format(#problems) end
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

local function range_text(low, high)
  if low and high then return ("from %s to %s"):format(low, high) end
  return low and ("%s or more"):format(low) or ("%s or less"):format(high)
end

-- Values -------------------------------------------------------------------------------------------

-- The readers: from a present value to the converted one; nil after a note of what is wrong with it.  `problems.work` is
-- the meter of the check.
---@alias Reader fun(value: any, place: string, problems: table[]): any

local compile_value ---@type fun(entry: table): Reader
local compile_members ---@type fun(list: table[]): fun(object: table, prefix: string, problems: table): table?

local MOST_SHOWN = 40 -- values of an enum, or names of parameters, that a message lists

-- The wording of the official server, which names the field and all that is allowed.
local function enum_rule(entry)
  local allowed, names = {}, {}
  for i, option in ipairs(entry.enum) do
    allowed[option] = true
    if i <= MOST_SHOWN then names[i] = shown(option) end
  end
  local list = table.concat(names, ", ")
  if #entry.enum > MOST_SHOWN then list = ("%s and %d others"):format(list, #entry.enum - MOST_SHOWN) end
  return function(value, place, problems)
    if allowed[value] then return true end
    note(problems, place, "Invalid %s %s. Must be one of [%s].", place, shown(value), list)
  end
end

local function range_rule(low, high)
  return function(value, place, problems)
    if not (low and value < low or high and value > high) then return true end
    note(problems, place, "Field '%s' must be %s, got %s.", place, range_text(low, high), shown(value))
  end
end

local function length_rule(low, high)
  return function(value, place, problems)
    local length = utf8.len(value) or #value
    if low and length < low then
      if low == 1 then return note(problems, place, "Field '%s' must not be empty.", place) end
      return note(problems, place, "Field '%s' must have at least %d characters, got %d.", place, low, length)
    end
    if high and length > high then
      return note(problems, place, "Field '%s' must have at most %d characters, got %d.", place, high, length)
    end
    return true
  end
end

local function pattern_rule(pattern)
  local regex = assert(require("lib.regex").compile(pattern))
  return function(value, place, problems)
    if utf8.len(value) and regex:matches(value, problems.work) then return true end
    note(problems, place, "Field '%s' must match the pattern %s, got %s.", place, pattern, shown(value))
  end
end

local function count_rule(low, high)
  return function(value, place, problems)
    if not (low and #value < low or high and #value > high) then return true end
    note(problems, place, "Field '%s' must have %s items, got %d.", place, range_text(low, high), #value)
  end
end

local function rules_of(entry)
  local rules = {}
  if entry.enum then rules[#rules + 1] = enum_rule(entry) end
  if entry.minimum or entry.maximum then rules[#rules + 1] = range_rule(entry.minimum, entry.maximum) end
  if entry.min_length or entry.max_length then rules[#rules + 1] = length_rule(entry.min_length, entry.max_length) end
  if entry.pattern then rules[#rules + 1] = pattern_rule(entry.pattern) end
  if entry.min_items or entry.max_items then rules[#rules + 1] = count_rule(entry.min_items, entry.max_items) end
  return rules
end

-- Items of a simple type: told by their number, as a person counts.
local function simple_items(kind)
  local convert, wanted = coerce[kind], ARTICLE[kind]
  return function(list, place, problems)
    local result, work = {}, problems.work
    for i, item in ipairs(list) do
      if work then work:step() end
      local value = convert(item)
      if value == nil then
        return note(problems, place, "Field '%s': item %d must be %s, got %s.", place, i, wanted, shown(item))
      end
      result[i] = value
    end
    return json.as_array(result)
  end
end

local function object_items(members)
  local read = compile_members(members)
  return function(list, place, problems)
    local result, sound = {}, true
    for i, item in ipairs(list) do
      local inside = place .. "/" .. i - 1
      local object = coerce.object(item)
      if object then
        result[i] = read(object, inside .. "/", problems)
      else
        note(problems, inside, "Field '%s' must be an object, got %s.", inside, shown(item))
      end
      sound = sound and result[i] ~= nil
      if problems.more then return nil end
    end
    return sound and json.as_array(result) or nil
  end
end

local function inside_of(entry)
  if entry.properties then
    local read = compile_members(entry.properties)
    return function(object, place, problems) return read(object, place .. "/", problems) end
  end
  if type(entry.items) == "table" then return object_items(entry.items) end
  return entry.items and simple_items(entry.items)
end

-- A list, or its only item.
local function converter_of(entry)
  local convert, items = coerce[entry[2]], entry.items
  if not items then return convert end
  local of = type(items) == "table" and "object" or items
  return function(raw)
    raw = coerce.unpacked(raw) -- read once
    return convert(raw) or coerce.list_of_one(raw, of)
  end
end

-- What a value of the right form looks like, where the declaration has an example.
local function such_as(entry)
  if entry[2] ~= "object" or not entry.examples then return "" end
  return ", such as " .. json.encode(entry.examples[1])
end

---@param entry Parameter
---@return Reader
function compile_value(entry)
  local convert, rules, inside = converter_of(entry), rules_of(entry), inside_of(entry)
  local wanted = ARTICLE[entry[2]]
  if type(entry.items) == "string" then wanted = ("a list of %ss"):format(entry.items) end
  wanted = wanted .. such_as(entry)
  return function(raw, place, problems)
    local value = convert(raw)
    if value == nil then
      local got = entry.secret and "a " .. type(raw) or shown(raw)
      return note(problems, place, "Field '%s' must be %s, got %s.", place, wanted, got)
    end
    for i = 1, #rules do
      if not rules[i](value, place, problems) then return nil end
    end
    if inside then return inside(value, place, problems) end
    return value
  end
end

-- Empty values -------------------------------------------------------------------------------------

-- Whether the declaration itself has no use for an empty text, an empty list, or a zero.  A zero is unset only
-- without a default: with one, as in `count`, it may mean "none", and the default costs money.
local function empty_tests(entry)
  local kind = entry[2]
  local function refused(value)
    return compile_value(entry)(value, entry[1], {}) == nil
  end
  if kind == "string" then
    local unset = refused ""
    return function(value) return unset and (value == "" or type(value) == "string" and not value:find "%S" and #value <= 64) end
  elseif kind == "array" then
    local unset = (entry.min_items or 0) > 0
    return function(value) return unset and type(value) == "table" and next(value) == nil end
  elseif (kind == "integer" or kind == "number") and entry.default == nil and entry.empty ~= "refused" then
    local unset = refused(0)
    return function(value) return unset and coerce.number(value) == 0 end
  end
  return function() return false end
end

-- Whether a value counts as left out.
local function compile_is_unset(entry)
  local null = json.null
  if declaration.is_required(entry) then return function(value) return value == null end end
  local kind, is_empty = entry[2], nil
  return function(value)
    if value == null then return true end
    if type(value) == "boolean" then return false end
    is_empty = is_empty or empty_tests(entry)
    return coerce.is_blank(value, kind) or is_empty(value)
  end
end

-- Objects ------------------------------------------------------------------------------------------

local function copy(value)
  if type(value) ~= "table" then return value end
  local result = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do result[key] = copy(item) end
  return result
end

local function unknown_problem(name, names, prefix)
  local hint = didyoumean.hint(name, names)
  local known = #names > 0 and "It takes " .. table.concat(names, ", ", 1, math.min(#names, MOST_SHOWN)) or "It takes none"
  if #names > MOST_SHOWN then known = ("%s and %d others"):format(known, #names - MOST_SHOWN) end
  return { field = prefix .. head(name),
    text = ("Unknown argument %s%s %s."):format(shown(prefix .. name), hint ~= "" and hint or ".", known) }
end

-- Keeps the `most` first of the names seen so far, in order.  Sorting all of them would take as long as there are many.
local function keep_first(kept, name, most)
  if #kept == most then
    if name >= kept[most] then return end
    kept[most] = nil
  end
  local at = #kept + 1
  while at > 1 and name < kept[at - 1] do at = at - 1 end
  table.insert(kept, at, name)
end

local function note_unknown(arguments, known, names, prefix, problems)
  local kept, count, most = {}, 0, MOST_PROBLEMS - #problems
  for name in pairs(arguments) do
    if problems.work then problems.work:step() end
    if not known[name] then
      count = count + 1
      if most > 0 then keep_first(kept, tostring(name), most) end
    end
  end
  for _, name in ipairs(kept) do problems[#problems + 1] = unknown_problem(name, names, prefix) end
  problems.more = problems.more or count > #kept
end

local function compile_slots(list)
  local slots, known, names = {}, {}, {} ---@type table[], table<string, true>, string[]
  for i, entry in ipairs(list) do
    local required = declaration.is_required(entry)
    slots[i] = {
      name = entry[1], read = compile_value(entry), default = entry.default, required = required, entry = entry,
      is_unset = compile_is_unset(entry),
    }
    known[entry[1]], names[i] = true, entry[1]
  end
  return slots, known, names
end

local function fill(slot, input, prefix, problems)
  if slot.default ~= nil then
    input[slot.name] = copy(slot.default)
  elseif slot.required then
    local place = prefix .. slot.name
    note(problems, place, "Field '%s' is required: %s", place, slot.entry[3])
  end
end

-- Reads the members of an object; nil where any of them is wrong.  Clients that fill in every field send "" where nothing
-- is meant: it is taken as absent where it could be no value.
function compile_members(list)
  local slots, known, names = compile_slots(list)
  return function(object, prefix, problems)
    local input, before = json.like(object, {}), #problems
    if problems.work then problems.work:step(#slots) end
    for name in pairs(object) do
      if not known[name] then note_unknown(object, known, names, prefix, problems) break end
    end
    for i = 1, #slots do
      local slot = slots[i]
      local value = object[slot.name]
      if value == nil or slot.is_unset(value) then
        fill(slot, input, prefix, problems)
      else
        input[slot.name] = slot.read(value, prefix == "" and slot.name or prefix .. slot.name, problems)
      end
    end
    return #problems == before and input or nil
  end
end

local function compile_check(list)
  local read, null = compile_members(list), json.null
  return function(arguments, work)
    if arguments == nil or arguments == null then arguments = {} end
    local object = coerce.object(arguments)
    if not object then return nil, M.invalid("arguments", "The arguments must be an object, got "
      .. require("lib.redaction").told(shown(arguments)) .. ".") end
    local problems = { work = work }
    local input = read(object, "", problems)
    if not input then return nil, invalid(problems) end
    return input
  end
end

-- A default that its own declaration refuses would fail every call that relies on it.
local function check_defaults(list, label)
  for i, entry in ipairs(list) do
    local place = ("%s[%d]"):format(label, i)
    local problems = {}
    if entry.default ~= nil and compile_value(entry)(entry.default, entry[1], problems) == nil then
      error(errors.new(("%s: parameter '%s': its default breaks its own declaration: %s"):format(place, entry[1], problems[1].text),
        { code = "bad_declaration" }), 0)
    end
    if entry.properties then check_defaults(entry.properties, place .. ".properties") end
    if type(entry.items) == "table" then check_defaults(entry.items, place .. ".items") end
  end
end

--- Compiles a list of parameters.  Raises an Error (code "bad_declaration") on a bad declaration.
---@param list Parameter[]
---@param label? string  the field that holds it, for messages; default "input"
---@return CompiledParameters
function M.compile(list, label)
  label = label or "input"
  declaration.check(list, label)
  check_defaults(list, label)
  return { schema = declaration.schema(list), check = compile_check(list) }
end

return M
