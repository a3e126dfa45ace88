--- Values in the wrong place: fields that a value has not, comparisons that never hold, results that
--- break their own declaration.  Only what a source shows for certain is said.

local arguments = require "lib.recipes.lint.arguments"
local lifecycle = require "lib.runcomfy.lifecycle"
local made = require("lib.recipes.lint.values").made
local meaning = require("lib.recipes.lint.values").meaning
local parameters = require "lib.recipes.lint.parameters"
local vocabulary = require "lib.recipes.lint.vocabulary"

local M = {}

local NOTHING = {}

local function set(words)
  local found = {}
  for word in words:gmatch "%S+" do found[word] = true end
  return found
end

-- Methods and members -----------------------------------------------------------------------------------

local function is_context(variable)
  return variable ~= nil and not variable.assigned and variable.role == "ctx"
end

local STRING_ADVICE = {
  length = "the length of a text is #text", split = "go through text:gmatch \"[^,]+\"", trim = "take text:match \"^%s*(.-)%s*$\"",
  includes = "take text:find(part, 1, true)", contains = "take text:find(part, 1, true)", startswith = "compare text:sub(1, #part)",
  startsWith = "compare text:sub(1, #part)", endswith = "compare text:sub(-#part)", endsWith = "compare text:sub(-#part)",
  replace = "take text:gsub(pattern, replacement)", toUpperCase = "take text:upper()", toLowerCase = "take text:lower()",
  indexOf = "take text:find(part, 1, true)", strip = "take text:match \"^%s*(.-)%s*$\"", substring = "take text:sub(first, last)",
  slice = "take text:sub(first, last)",
}

local function check_text_member(check, scanned, access)
  if parameters.type_of(scanned, access.value) ~= "string" then return end
  if vocabulary.globals.string[access.name] then
    if access.is_call then return end
    return check:add("error", "unknown-method", access.line, "write %s:%s(…), with a colon", access.value.name, access.name)
  end
  local advice = STRING_ADVICE[access.name]
  check:add("error", "unknown-method", access.line, "a text has no '%s'%s", access.name, advice and "; " .. advice or "")
end

local FIELDS = {
  finished = { "the result of a job has no '%s'; it has status, output_urls, result, instance_id, deployment_id, request_id",
    set "status output_urls result note instance_id deployment_id request_id" },
  job = { "a job has no field '%s'; it has deployment_id and request_id", set "deployment_id request_id" },
  response = { "a response has no '%s'; it has status, body, headers, url, header(…), json()", set "status body headers url header json" },
}

local function check_member(check, access)
  local known = FIELDS[access.of]
  if not known or access.is_call or access.variable and (access.variable.extended or access.variable.assigned) then return end
  if known[2][access.name] or access.of == "job" and vocabulary.job_methods[access.name] then return end
  check:add("error", "unknown-field", access.line, known[1], access.name)
end

local function check_list_member(check, access)
  local value = access.value
  if value and value.is == "field" and value.name == "output_urls" and not access.is_call then
    check:add("error", "unknown-field", access.line, "output_urls is a list: output_urls[1].%s", access.name)
  end
end

local function check_rc_member(check, access)
  local member = access.value and meaning(access.value)
  if not member or member.is ~= "member" or access.is_call then return end
  if member.name == "json" then
    local names = require("lib.recipes.rc.json").new()
    if rawget(names, access.name) == nil then
      check:add("error", "unknown-rc", access.line, "rc.json has no '%s'; it has decode, encode, array, ordered, integer, null",
        access.name)
    end
  elseif member.name == "http" then
    check:add("error", "unknown-rc", access.line, "rc.http is a function: rc.http { url = …, method = \"GET\" }")
  end
end

local function check_method(check, scanned, method)
  local value = method.value
  local owner = value and meaning(value)
  if owner and owner.is == "rc" then
    return check:add("error", "dot-call", method.line, "write rc.%s(…), with a dot", method.name)
  end
  local variable = value and value.is == "variable" and value.variable or nil
  if is_context(variable) then arguments.check(check, scanned, "ctx:" .. method.name, method.arguments, method.line) end
end

-- Comparisons -------------------------------------------------------------------------------------------

local STATES = set "in_queue queued in_progress running processing pending completed succeeded failed error cancelled canceled"

local function literal(node)
  return node and (node.is == "string" and node.text or node.is == "number" and node.text) or nil
end

local function owner_of(node)
  return node.of and (meaning(node.of) or NOTHING).is
end

local function check_field(check, scanned, field, other, line)
  local owner = owner_of(field)
  if owner == "job" and vocabulary.job_methods[field.name] then
    return check:add("error", "comparison", line, "job.%s is a method: job:%s()%s", field.name, field.name,
      field.name == "status" and ".status" or "")
  end
  if field.name == "status" and other.is == "string" and other.text then
    if owner == "response" then return check:add("error", "comparison", line, "the status of a response is a number: %s", other.text) end
    local known = lifecycle.outcome(other.text) or lifecycle.is_open(other.text)
    if (owner == "status" or owner == "finished") and not (known and STATES[other.text]) then
      check:add("error", "comparison", line, "no job has the status '%s'; the words are in_queue, in_progress, completed, succeeded, "
        .. "failed, cancelled", other.text)
    end
  end
  local kind = parameters.type_of(scanned, field)
  if kind == "string" and other.is == "number" or (kind == "integer" or kind == "number") and other.is == "string" then
    check:add("error", "comparison", line, "%s is %s, and never equals %s", field.name, kind == "string" and "a text" or "a number",
      other.is == "string" and "a text" or "a number")
  end
end

local function check_comparison(check, scanned, compared)
  if compared.negated and literal(compared.right) then
    return check:add("error", "comparison", compared.line, "'not' binds closer than a comparison: write a ~= b, or not (a == b)")
  end
  for _, pair in ipairs { { compared.left, compared.right }, { compared.right, compared.left } } do
    if pair[1] and pair[1].is == "field" and pair[2] then check_field(check, scanned, pair[1], pair[2], compared.line) end
  end
end

-- Statements --------------------------------------------------------------------------------------------

local function check_loop(check, loop, source)
  local node = #loop.values == 1 and loop.values[1]
  if not node then return end
  local variable = node.is == "variable" and node.variable or nil
  local value = made(node)
  if not value or value.is ~= "table" or variable and variable.assigned or source:find("__call", 1, true) then return end
  check:add("error", "misused", loop.line, "a loop over a list is: for index, item in ipairs(list) do")
end

local RAISES = { job = "rc.submit", finished = "job:wait", status = "job:status", answer = "the call", response = "rc.http" }

local function check_pair(check, pair)
  local what = pair.value and RAISES[pair.value.is]
  if what then
    check:add("warning", "second-value", pair.line, "%s raises what fails, and gives no second value: local ok, result = pcall(…)", what)
  end
end

-- Results -----------------------------------------------------------------------------------------------

local LUA_KINDS = {
  string = set "string text", number = set "number fraction", integer = set "number", boolean = set "boolean", array = set "table finished",
  object = set "table finished status",
}

local function check_returned(check, declaration, returned)
  local first, second = returned.values[1], returned.values[2]
  if first and first.is == "nil" and second and (second.is == "string" or second.is == "text") then
    return check:add("error", "result", returned.line, "nil and a text is a success with that text; a failure is: rc.fail(\"…\")")
  end
  if not first or first.is ~= "table" or #first.items > 0 or first.open then return end
  local types, list, known = parameters.of(declaration, "output")
  for _, name in ipairs(vocabulary.names(first.fields)) do
    local value, takes = first.fields[name], LUA_KINDS[types[name]]
    if takes and arguments.KINDS[value.is] and value.is ~= "answer" and not takes[value.is] then
      check:add("error", "result", first.lines[name], "'%s' is declared %s in 'output', and is %s here", name, types[name],
        arguments.KINDS[value.is])
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
    local entry = made(item.value)
    local pattern = entry and entry.is == "table" and entry.fields.pattern
    if pattern and pattern.is == "string" and (pattern.text or ""):find "%%[adlsuwxp]" then
      check:add("warning", "pattern", entry.lines.pattern, "'pattern' is a regular expression, where %%d is \\d, and %%a is [A-Za-z]")
    end
  end
end

local function gives(run)
  for _, returned in ipairs(run.returns) do
    if #returned.values > 0 then return true end
  end
  return false
end

local function check_run(check, declaration)
  local run, input = declaration.run, declaration.input
  check_patterns(check, declaration)
  if declaration.kind ~= "tool" or not run then return end
  if input and input.name == "ctx" and not run.parameters[2] then
    check:add("error", "parameters", declaration.line, "the first parameter of run is the input: run = function(input, ctx)")
  end
  if input and input.name == "self" then
    check:add("error", "parameters", declaration.line, "run is called without self: run = function(input, ctx)")
  end
  if declaration.node and declaration.node.fields.output and not gives(run) then
    check:add("warning", "result", declaration.line, "'output' is declared, but run returns nothing: is 'return' missing?")
  end
  for _, returned in ipairs(run.returns) do check_returned(check, declaration, returned) end
end

--- Checks what the walk over one source has found.
---@param check lint.Check  gets the findings
---@param scanned lint.Scan
---@param source string
function M.check(check, scanned, source)
  for _, call in ipairs(scanned.calls) do arguments.check(check, scanned, call.what, call.arguments, call.line) end
  for _, method in ipairs(scanned.methods) do check_method(check, scanned, method) end
  for _, access in ipairs(scanned.accesses) do
    check_member(check, access)
    check_list_member(check, access)
    check_rc_member(check, access)
    check_text_member(check, scanned, access)
  end
  for _, compared in ipairs(scanned.compared) do check_comparison(check, scanned, compared) end
  for _, loop in ipairs(scanned.iterated) do check_loop(check, loop, source) end
  for _, pair in ipairs(scanned.paired) do check_pair(check, pair) end
  for _, declaration in ipairs(scanned.declarations) do check_run(check, declaration) end
end

return M
