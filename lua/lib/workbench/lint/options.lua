--- The fields of the tables that calls take: which there are, of what kind, which must be there; what a tool would refuse.  Only what
--- stands in the source is judged.

local constants = require "lib.workbench.lint.constants"
local didyoumean = require "lib.didyoumean"
local kinds = require "lib.workbench.lint.kinds"
local made = require("lib.recipes.source.values").made
local meter = require "lib.async.meter"
local overrides = require "lib.runcomfy.overrides"
local signatures = require "lib.workbench.lint.signatures"
local vocabulary = require "lib.workbench.lint.vocabulary"

local M = {}

local SUBMITS = { ["rc.submit"] = true, ["rc.tools.submit_request"] = true }

-- Names ------------------------------------------------------------------------------------------------

local function schema_of(tool)
  return type(tool.schema) == "userdata" and tool.schema:value() or tool.schema
end

local function closed_properties(tool)
  local schema = schema_of(tool)
  if schema.additionalProperties ~= false or type(schema.properties) ~= "table" then return nil end
  return schema.properties
end

local function tool_of(everyday, what)
  local name = what:match "^rc%.tools%.(.+)$"
  return name and everyday.tool and everyday.tool(name)
end

local function check_names(check, what, node, fields)
  local item = node.items[1]
  if item then
    local names = vocabulary.names(fields)
    check:add("error", "unknown-field", item.line, "%s takes fields by name: %s = …", what, names[1] or "name")
  end
  for _, name in ipairs(vocabulary.names(node.fields)) do
    if not fields[name] then
      check:add("error", "unknown-field", node.lines[name], "%s has no field '%s'%s", what, name,
        didyoumean.hint(name, vocabulary.names(fields)))
    end
  end
end

-- What must be there, in a table that is written in the call itself.
local function check_needed(check, call, node, fields, needed)
  if node.open or #node.items > 0 then return end
  for _, name in ipairs(needed or {}) do
    if not node.fields[name] then
      for given in pairs(node.fields) do
        if not fields[given] then return end -- a misspelt one, which is told
      end
      return check:add("error", "missing-field", call.line, "%s needs '%s'", call.what, name)
    end
  end
end

-- Kinds ------------------------------------------------------------------------------------------------

local function is_changed(argument)
  return argument.is == "variable" and (argument.variable.extended or argument.variable.assigned)
end

local function check_kinds(check, scanned, what, node, fields)
  for _, name in ipairs(vocabulary.names(node.fields)) do
    local taken, kind = fields[name], kinds.whole(scanned, node.fields[name])
    if taken and taken.takes and kind and kind ~= "nil" and not taken.takes[kind] then
      check:add("error", "argument", node.lines[name], "%s: '%s' takes %s, not %s", what, name, taken.expected, kinds.WORDS[kind])
    end
  end
end

local SCALARS = { string = "a text", integer = "a number", number = "a number", boolean = "true or false" }
local NEVER = { object = true, ["function"] = true, table = true } -- a list of one counts as that one

local DEEPEST = 8

-- The first function in a table, which JSON has not.
local function find_function(scanned, node, line, depth)
  if kinds.of(scanned, node) == "function" then return line or node.line end
  if node.is ~= "table" or depth > DEEPEST then return nil end
  for name, value in pairs(node.fields) do
    local found = find_function(scanned, value, node.lines[name], depth + 1)
    if found then return found end
  end
  for _, value in ipairs(node.values) do
    local found = find_function(scanned, value, node.line, depth + 1)
    if found then return found end
  end
end

local SENDS = { ["rc.submit"] = 1, ["job:proxy"] = 2, ["rc.json.encode"] = 1 }

local function check_sent(check, scanned, call)
  local argument = call.arguments[SENDS[call.what] or call.what:find "^rc%.tools%." and 1 or 0]
  local line = argument and argument.is == "table" and find_function(scanned, argument, nil, 1)
  if line then check:add("error", "argument", line, "%s: a function is no JSON: is () missing behind it?", call.what) end
end

-- A table where a tool takes a text; gives the names of these arguments.
local function check_scalars(check, scanned, what, node, properties)
  local told = {}
  for _, name in ipairs(vocabulary.names(node.fields)) do
    local kind = kinds.whole(scanned, node.fields[name])
    local expected = properties[name] and SCALARS[properties[name].type]
    local is_list = kind == "table" and #((made(node.fields[name]) --[[@as table]]).items or {}) > 0
    if expected and (NEVER[kind or ""] or kinds.THINGS[kind or ""]) and not is_list then
      told[name] = true
      check:add("error", "argument", node.lines[name], "%s: '%s' takes %s, not %s", what, name, expected, kinds.WORDS[kind])
    end
  end
  return told
end

-- What a tool says of one argument.
local function refusal(tool, name, value)
  local arguments, err = tool.read({ [name] = value }, meter.new())
  if arguments then return nil end
  local problems = {}
  for line in err.message:gmatch "[^\n]+" do problems[#problems + 1] = line end
  for index, field in ipairs(err.fields or {}) do
    if field == name or field:sub(1, #name + 1) == name .. "/" then return problems[index] end
  end
end

local function check_values(check, what, node, tool, properties, told)
  for _, name in ipairs(vocabulary.names(node.fields)) do
    local value
    if properties[name] and not told[name] then value = constants.of(node.fields[name]) end
    local problem = value ~= nil and tool.read and refusal(tool, name, value)
    if problem then check:add("error", "argument", node.lines[name], "%s: %s", what, problem) end
  end
end

-- Overrides --------------------------------------------------------------------------------------------

local SOMETHING = "something" -- stands for what is known when it runs

local PLAIN = { text = SOMETHING, number = 1, boolean = true }

-- One node's part, where its shape can be seen.
local function part_of(scanned, value)
  if value.is ~= "table" then return PLAIN[kinds.of(scanned, value)] end
  if value.open or #value.items > 0 then return constants.of(value) end
  local part = {}
  for name, each in pairs(value.fields) do
    part[name] = constants.of(each, SOMETHING)
  end
  if part.inputs == SOMETHING then part.inputs = {} end
  return part
end

local function overrides_of(scanned, node)
  if #node.items > 0 then return next(node.fields) == nil and not node.open and constants.of(node, SOMETHING) or nil end
  local whole = {}
  for id, value in pairs(node.fields) do whole[id] = part_of(scanned, value) end
  for place, value in ipairs(node.values) do whole[tostring(1000 + place)] = part_of(scanned, value) end
  return whole
end

local function complain(check, call, node, why)
  check:add("error", "overrides", node.lines.overrides, "%s: %s; the shape is { [\"6\"] = { inputs = { text = … } } }", call.what, why)
end

-- { ["6"] = { input = { … } } }: taken for an input of that name.
local function misspelt_inputs(value)
  for id, part in pairs(value.fields) do
    local name = part.is == "table" and not part.open and #part.items == 0 and next(part.fields)
    if name and next(part.fields, name) == nil and part.fields[name].is == "table" and name ~= "inputs"
        and didyoumean.nearest(name, { "inputs" }) then
      return ("node '%s' has '%s' where 'inputs' should be"):format(id, name)
    end
  end
end

local function check_overrides(check, scanned, call, node)
  local value = node.fields.overrides
  if not value or value.is ~= "table" then return end
  local misspelt = misspelt_inputs(value)
  if misspelt then return complain(check, call, node, misspelt) end
  local whole = overrides_of(scanned, value)
  local read, problem = nil, nil
  if whole and next(whole) ~= nil then read, problem = overrides.read(whole) end
  if read or not problem then return end
  local first = problem:gsub("^Field 'overrides': ", ""):match "^(.-)%. The shape" or problem
  complain(check, call, node, first)
end

-- A call -----------------------------------------------------------------------------------------------

local function check_tool(check, scanned, call, node, tool, is_direct)
  local properties = closed_properties(tool)
  if properties then check_names(check, call.what, node, properties) end
  local known = properties or schema_of(tool).properties or {}
  check_values(check, call.what, node, tool, known, check_scalars(check, scanned, call.what, node, known))
  if is_direct and properties then check_needed(check, call, node, properties, schema_of(tool).required) end
end

-- rc.tools.NAME takes one table.
local function check_tool_arguments(check, scanned, call)
  if not call.what:find("^rc%.tools%.") then return end
  local first = call.arguments[1]
  local kind = first and kinds.of(scanned, first)
  if #call.arguments > 1 or kind == "text" or kind == "number" or kind == "boolean" or kind == "function" then
    check:add("error", "argument", call.line, "%s takes one table: %s { name = value }", call.what, call.what)
  end
end

--- Checks the table that a call takes.
---@param check lint.Check
---@param scanned lint.Scan
---@param everyday lint.Everyday
---@param call { what: string, arguments: table[], line: integer }
function M.check(check, scanned, everyday, call)
  check_tool_arguments(check, scanned, call)
  check_sent(check, scanned, call)
  local options, tool = signatures.OPTIONS[call.what], tool_of(everyday, call.what)
  local argument = call.arguments[options and options.argument or 1]
  local node = (options or tool) and made(argument)
  if not (node and node.is == "table") or not tool and is_changed(argument) then
    if tool and #call.arguments == 0 then check_needed(check, call, { fields = {}, items = {} }, {}, schema_of(tool).required) end
    return
  end
  local is_direct = argument == node
  if tool then
    check_tool(check, scanned, call, node, tool, is_direct)
  else
    check_names(check, call.what, node, options.fields)
    check_kinds(check, scanned, call.what, node, options.fields)
    if is_direct then check_needed(check, call, node, options.fields, options.needed) end
  end
  if SUBMITS[call.what] and is_direct then check_overrides(check, scanned, call, node) end
end

return M
