--- Fields and methods that a value has not: of texts, numbers, lists, and of the things of the API.  Only what a source shows for
--- certain is said.

local didyoumean = require "lib.didyoumean"
local kinds = require "lib.workbench.lint.kinds"
local made = require("lib.recipes.source.values").made
local meaning = require("lib.recipes.source.values").meaning
local parameters = require "lib.workbench.lint.parameters"
local vocabulary = require "lib.workbench.lint.vocabulary"

local M = {}

local STRING_ADVICE = {
  length = "the length of a text is #text", split = "go through text:gmatch \"[^,]+\"", trim = "take text:match \"^%s*(.-)%s*$\"",
  includes = "take text:find(part, 1, true)", contains = "take text:find(part, 1, true)", startswith = "compare text:sub(1, #part)",
  startsWith = "compare text:sub(1, #part)", endswith = "compare text:sub(-#part)", endsWith = "compare text:sub(-#part)",
  replace = "take text:gsub(pattern, replacement)", toUpperCase = "take text:upper()", toLowerCase = "take text:lower()",
  indexOf = "take text:find(part, 1, true)", strip = "take text:match \"^%s*(.-)%s*$\"", substring = "take text:sub(first, last)",
  slice = "take text:sub(first, last)", size = "the length of a text is #text", concat = "texts are joined with '..'",
}

local LIST_ADVICE = {
  length = "the length of a list is #list", count = "the length of a list is #list", size = "the length of a list is #list",
  len = "the length of a list is #list", push = "take table.insert(list, item)", append = "take table.insert(list, item)",
  add = "take table.insert(list, item)", insert = "take table.insert(list, item)", remove = "take table.remove(list)",
  pop = "take table.remove(list)", join = "take table.concat(list, \", \")", concat = "take table.concat(list, \", \")",
  sort = "take table.sort(list)", map = "take rc.map(list, function(item) … end), or a loop", first = "the first is list[1]",
  forEach = "take for index, item in ipairs(list) do", each = "take for index, item in ipairs(list) do",
  includes = "look in a loop", filter = "pick in a loop", unpack = "take table.unpack(list)",
}

local function advised(text)
  return text and "; " .. text or ""
end

local OWNERS = {} ---@type table<lint.Kind, fun(check: lint.Check, access: lint.Access)>

function OWNERS.text(check, access)
  if vocabulary.globals.string[access.name] then
    if access.is_call then return end
    return check:add("error", "unknown-method", access.line, "write %s:%s(…), with a colon", kinds.called(access.value), access.name)
  end
  check:add("error", "unknown-method", access.line, "a text has no '%s'%s", access.name, advised(STRING_ADVICE[access.name]))
end

function OWNERS.number(check, access)
  check:add("error", "unknown-method", access.line, "a number has no '%s'%s", access.name,
    vocabulary.globals.string[access.name] and ("; take tostring(…):%s(…)"):format(access.name) or "")
end

function OWNERS.boolean(check, access)
  check:add("error", "unknown-method", access.line, "true and false have no '%s'", access.name)
end

function OWNERS.list(check, access)
  check:add("error", "unknown-field", access.line, "%s is a list%s", kinds.called(access.value),
    advised(LIST_ADVICE[access.name] or "its entries have fields: list[1]." .. access.name))
end

function OWNERS.outputs(check, access)
  check:add("error", "unknown-field", access.line, "output_urls is a list: %s",
    LIST_ADVICE[access.name] or "output_urls[1]." .. access.name)
end

local function check_thing(check, kind, access)
  local thing, methods = kinds.THINGS[kind], kinds.METHODS[kind] or {}
  if methods[access.name] then return end
  if thing.fields[access.name] then
    if access.is_call then
      check:add("error", "dot-call", access.line, "%s of %s is no method: without ()", access.name, thing.words)
    end
    return
  end
  if thing.open then return end
  local names = {}
  for name in pairs(thing.fields) do names[#names + 1] = name end
  if kind == "job" then
    if access.is_call then return end -- of methods more is known: see lib.workbench.lint.everyday
  else
    for name in pairs(methods) do names[#names + 1] = name end
  end
  table.sort(names)
  local hint = didyoumean.hint(access.name, names)
  if hint == "" then hint = "; it has " .. table.concat(names, ", ") end
  check:add("error", "unknown-field", access.line, "%s has no '%s'%s", thing.words, access.name, hint)
end

-- A method that is asked for a field: response.json.a.
local function check_uncalled(check, scanned, access)
  local value = access.value
  local owner = value and value.is == "field" and kinds.of(scanned, value.of)
  local methods = owner and kinds.METHODS[owner]
  if methods and methods[value.name] and not access.is_call then
    check:add("error", "dot-call", access.line, "%s is a method: %s:%s(…)", value.name, owner, value.name)
  end
end

local function is_own(access)
  local variable = access.variable
  return variable ~= nil and (variable.extended or variable.assigned) or false
end

local function check_access(check, scanned, access)
  if is_own(access) then return end
  check_uncalled(check, scanned, access)
  local kind = kinds.of(scanned, access.value)
  if OWNERS[kind] then return OWNERS[kind](check, access) end
  if kinds.THINGS[kind] then check_thing(check, kind, access) end
end

-- Of what a built-in tool gives the fields are known.
local function check_answer(check, access, everyday)
  local name = not is_own(access) and not access.is_call and kinds.answer_of(access.value)
  local tool = name and everyday.builtin(name) and everyday.tool and everyday.tool(name)
  local output = tool and tool.output
  if type(output) == "userdata" then output = output:value() end
  local properties = output and output.properties
  if not properties or properties[access.name] or access.name == "simulated" then return end
  local names = vocabulary.names(properties)
  local hint = didyoumean.hint(access.name, names)
  check:add("error", "unknown-field", access.line, "what rc.tools.%s gives has no '%s'%s", name, access.name,
    hint ~= "" and hint or "; it has " .. table.concat(names, ", "))
end

local NO_LISTS = { finished = true, status = true, response = true, saved = true, job = true, flow = true, output = true, number = true,
  boolean = true, text = true }

-- job:wait()[1]
local function check_index(check, scanned, index, everyday)
  local kind = kinds.of(scanned, index.value)
  local variable = index.value and index.value.is == "variable" and index.value.variable
  if variable and (variable.extended or variable.assigned) then return end
  if NO_LISTS[kind or ""] then
    return check:add("error", "unknown-field", index.line, "%s is no list%s", kinds.WORDS[kind],
      kind == "finished" and "; its files are in output_urls" or kind == "text" and "; a character of it is text:sub(1, 1)" or "")
  end
  local tool = kinds.answer_of(index.value)
  if tool and everyday.builtin(tool) then
    check:add("error", "unknown-field", index.line, "what rc.tools.%s gives is no list", tool)
  end
end

-- input:prompt()
local function check_input_method(check, scanned, method)
  if not kinds.is_input(scanned, method.value) or method.value.variable.extended then return end
  check:add("error", "unknown-method", method.line, "%s has no methods: its parameters are values, %s.%s", method.value.variable.name,
    method.value.variable.name, method.name)
end

-- rc and its members ---------------------------------------------------------------------------------------

local LIKE = {
  http = "rc.http { url = …, method = \"GET\" }", log = "rc.log(\"info\", text)", file = "rc.file(path), or rc.read(path)",
  submit = "rc.submit { deployment_id = … }",
}

local function check_rc_member(check, access)
  local member = access.value and meaning(access.value)
  if not member or member.is ~= "member" or access.is_call then return end
  if member.name == "json" then
    local names = require("lib.recipes.rc.json").new()
    if rawget(names, access.name) == nil then
      check:add("error", "unknown-rc", access.line, "rc.json has no '%s'; it has decode, encode, array, ordered, integer, null",
        access.name)
    end
  elseif kinds.is_function(member.name) then
    check:add("error", "unknown-rc", access.line, "rc.%s is a function: %s", member.name,
      LIKE[member.name] or ("rc.%s(…)"):format(member.name))
  end
end

local function check_rc_method(check, method)
  local owner = method.value and meaning(method.value)
  if owner and owner.is == "rc" then
    check:add("error", "dot-call", method.line, "write rc.%s(…), with a dot", method.name)
  elseif owner and owner.is == "tools" then
    check:add("error", "dot-call", method.line, "write rc.tools.%s { … }, with a dot", method.name)
  end
end

-- Names that are given -------------------------------------------------------------------------------------

local GIVEN = { prompt = "arguments", template = "uri_template" }

-- What a prompt's or a template's function reads must have been declared.
local function check_given(check, scanned, declaration)
  local field, input = GIVEN[declaration.kind], declaration.input
  local names = field and parameters.declaration_of(scanned, input) and parameters.names_of(declaration)
  if not names then return end
  for _, name in ipairs(vocabulary.names(input.fields)) do
    if not names[name] then
      check:add("error", "unknown-parameter", input.fields[name], "'%s' declares no '%s'%s", field, name,
        didyoumean.hint(name, vocabulary.names(names)))
    end
  end
end

-- Tables of one's own ---------------------------------------------------------------------------------------

local JAVASCRIPT = { length = true, push = true, append = true, forEach = true, pop = true }

-- What is written down as a table has no length and no methods.
local function check_own(check, access, source)
  local node = access.variable and made(access.variable.made)
  local is_slip = JAVASCRIPT[access.name] or access.is_call and LIST_ADVICE[access.name]
  if not (node and node.is == "table" and is_slip) then return end
  if node.fields[access.name] or node.open or access.variable.assigned or access.variable.written[access.name] then return end
  if source:find("setmetatable", 1, true) then return end
  check:add("error", "unknown-field", access.line, "a table has no '%s'; %s", access.name, LIST_ADVICE[access.name])
end

--- Checks what the walk over one source has found.
---@param check lint.Check  gets the findings
---@param scanned lint.Scan
---@param source string
---@param everyday lint.Everyday
function M.check(check, scanned, source, everyday)
  for _, access in ipairs(scanned.accesses) do
    check_access(check, scanned, access)
    check_answer(check, access, everyday)
    check_rc_member(check, access)
    check_own(check, access, source)
  end
  for _, index in ipairs(scanned.indexed) do check_index(check, scanned, index, everyday) end
  for _, method in ipairs(scanned.methods) do
    check_rc_method(check, method)
    check_input_method(check, scanned, method)
  end
  for _, declaration in ipairs(scanned.declarations) do check_given(check, scanned, declaration) end
end

return M
