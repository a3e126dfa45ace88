--- Loops, assignments and results of the wrong form: second values that nothing gives, results that break their own declaration.
--- Only what a source shows for certain is said.

local kinds = require "lib.workbench.lint.kinds"
local gives = require("lib.recipes.source.values").gives
local made = require("lib.recipes.source.values").made
local parameters = require "lib.workbench.lint.parameters"
local set = require("lib.workbench.lint.names").set
local vocabulary = require "lib.workbench.lint.vocabulary"

local M = {}

-- Statements --------------------------------------------------------------------------------------------

local LISTS = set "table list outputs results"

local function check_loop(check, scanned, loop, source)
  local kind = #loop.values == 1 and kinds.of(scanned, loop.values[1])
  if not LISTS[kind or ""] or source:find("__call", 1, true) then return end
  check:add("error", "misused", loop.line, "a loop over a list is: for index, item in ipairs(list) do")
end

local RAISES = set "job finished status answer outcome response saved flow"

local function check_pair(check, pair)
  local value = pair.value
  local what = value and value.what
  if value and value.is == "results" then
    check:add("warning", "second-value", pair.line, "%s gives one list of results: local results = %s(…)", what, what)
  elseif value and RAISES[value.is] then
    check:add("warning", "second-value", pair.line, "%s raises what fails, and gives no second value: local ok, result = pcall(…)", what)
  end
end

-- Results -----------------------------------------------------------------------------------------------

local LUA_KINDS = {
  string = set "text", number = set "number", integer = set "number", boolean = set "boolean",
  array = set "table list outputs results", object = set "table object finished status output saved response job",
}

local ONE = set "table list object outputs output results finished status saved number boolean"

-- What run may give one of.
local function check_several(check, scanned, returned)
  local count = 0
  for _, value in ipairs(returned.values) do
    if ONE[kinds.of(scanned, value) or ""] then count = count + 1 end
  end
  if count < 2 then return false end
  check:add("error", "result", returned.line, "a result has one structured content, not %d: put them into one table", count)
  return true
end

local DEEPEST = 4

-- A function somewhere in a result, which JSON has not.
local function holds_function(scanned, value, depth)
  if kinds.of(scanned, value) == "function" then return true end
  if value.is ~= "table" or depth > DEEPEST then return false end
  for _, field in pairs(value.fields) do
    if holds_function(scanned, field, depth + 1) then return true end
  end
  for _, item in ipairs(value.items) do
    if holds_function(scanned, item.value, depth + 1) then return true end
  end
  return false
end

local function check_function(check, scanned, returned)
  for _, value in ipairs(returned.values) do
    if holds_function(scanned, value, 1) then
      return check:add("error", "result", returned.line, "a function is no part of a result: is () missing behind it?")
    end
  end
end

local function check_returned(check, scanned, declaration, returned)
  local first, second = returned.values[1], returned.values[2]
  if check_several(check, scanned, returned) then return end
  check_function(check, scanned, returned)
  if first and first.is == "nil" and second and (second.is == "string" or second.is == "text") then
    return check:add("error", "result", returned.line, "nil and a text is a success with that text; a failure is: rc.fail(\"…\")")
  end
  if not first or first.is ~= "table" or #first.items > 0 or first.open then return end
  local types, list, known = parameters.of(declaration, "output")
  for _, name in ipairs(vocabulary.names(first.fields)) do
    local kind, takes = kinds.of(scanned, first.fields[name]), LUA_KINDS[types[name]]
    if takes and kind and kind ~= "answer" and kind ~= "nil" and not takes[kind] then
      check:add("error", "result", first.lines[name], "'%s' is declared %s in 'output', and is %s here", name, types[name],
        kinds.WORDS[kind])
    end
  end
  for _, parameter in ipairs(known and list or {}) do
    if not parameter.optional and not first.fields[parameter.name] then
      check:add("error", "result", returned.line, "'output' declares '%s', which is not in this result", parameter.name)
    end
  end
end

-- Lua's `%d` in a regular expression is a percent sign and a d.
local function check_patterns(check, declaration)
  local node = declaration.node and made(declaration.node.fields.input)
  for _, item in ipairs(node and node.is == "table" and node.items or {}) do
    local entry = made(item.value) ---@type any
    local pattern = entry and entry.is == "table" and entry.fields.pattern
    if pattern and pattern.is == "string" and (pattern.text or ""):find "%%[adlsuwxp]" then
      check:add("warning", "pattern", entry.lines.pattern, "'pattern' is a regular expression, where %%d is \\d, and %%a is [A-Za-z]")
    end
  end
end

local ROLES = set "system developer tool function"

-- The roles of a prompt's messages.
local function check_messages(check, declaration)
  for _, returned in ipairs(declaration.run.returns) do
    local list = returned.values[1]
    for _, item in ipairs(list and list.is == "table" and list.items or {}) do
      local role = item.value.is == "table" and item.value.fields.role
      if role and role.is == "string" and ROLES[role.text or ""] then
        check:add("error", "result", item.line, "the role of a prompt's message is user or assistant, not '%s'", role.text)
      end
    end
  end
end

local function check_run(check, scanned, declaration)
  local run, input = declaration.run, declaration.input
  check_patterns(check, declaration)
  if declaration.kind == "prompt" and run then check_messages(check, declaration) end
  if declaration.kind ~= "tool" or not run then return end
  local second = run.parameters[2]
  if input and input.name == "ctx" and (not second or second.name == "input") then
    check:add("error", "parameters", declaration.line, "the first parameter of run is the input: run = function(input, ctx)")
  end
  if input and input.name == "self" then
    check:add("error", "parameters", declaration.line, "run is called without self: run = function(input, ctx)")
  end
  if declaration.node and declaration.node.fields.output and not gives(run) then
    check:add("warning", "result", declaration.line, "'output' is declared, but run returns nothing: is 'return' missing?")
  end
  for _, returned in ipairs(run.returns) do check_returned(check, scanned, declaration, returned) end
end

-- Of several values that a file returns the first counts.
local function check_file(check, scanned)
  local returned = scanned.returned
  if returned and #scanned.declarations > 0 and #returned.values > 1 then
    check:add("error", "result", returned.line, "a file returns one declaration, or a list: return { rc.tool { … }, rc.tool { … } }")
  end
end

local DECLARES = { "run", "read" }

-- A declaration without what makes it one.
local function check_bare(check, scanned)
  local node = scanned.returned and #scanned.declarations == 0 and made(scanned.returned.values[1])
  if not node or node.is ~= "table" or not (node.fields.name or node.fields.uri) then return end
  for _, name in ipairs(DECLARES) do
    if kinds.of(scanned, node.fields[name]) == "function" then
      return check:add("error", "result", scanned.returned.line, "this looks like a declaration: is rc.tool { … } around it missing?")
    end
  end
end

--- Checks what the walk over one source has found.
---@param check lint.Check  gets the findings
---@param scanned lint.Scan
---@param source string
---@param everyday lint.Everyday
function M.check(check, scanned, source, everyday)
  for _, loop in ipairs(scanned.iterated) do check_loop(check, scanned, loop, source) end
  for _, pair in ipairs(scanned.paired) do check_pair(check, pair) end
  for _, declaration in ipairs(scanned.declarations) do check_run(check, scanned, declaration) end
  if everyday.is_module then return end
  check_file(check, scanned)
  if everyday.is_script then check_bare(check, scanned) end
end

return M
