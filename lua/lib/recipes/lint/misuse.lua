--- Values in the wrong place: arguments of another kind, fields that a value has not, comparisons that never hold, results that
--- break their own declaration.  Only what a source shows for certain is said.

local lifecycle = require "lib.runcomfy.lifecycle"
local made = require("lib.recipes.lint.values").made
local meaning = require("lib.recipes.lint.values").meaning
local vocabulary = require "lib.recipes.lint.vocabulary"

local M = {}

-- Parameters --------------------------------------------------------------------------------------------

local function is_context(variable)
  return variable ~= nil and not variable.assigned and variable.role == "ctx"
end

local function type_of_parameter(scanned, node)
  local variable = node and node.is == "field" and node.of and node.of.is == "variable" and node.of.variable
  for _, declaration in ipairs(variable and scanned.declarations or {}) do
    if declaration.input == variable and not variable.assigned and not variable.extended then
      return M.parameter_types(declaration, "input")[node.name]
    end
  end
end

--- The types of parameters that stand in a declaration, by name.
---@param declaration lint.Declaration
---@param field "input"|"output"
---@return table<string, string> types, { name: string, optional: boolean }[] list, boolean known  all of them are known
function M.parameter_types(declaration, field)
  local types, list, known = {}, {}, false
  local node = declaration.node and made(declaration.node.fields[field])
  if not (node and node.is == "table") then return types, list, known end
  known = next(node.fields) == nil and not node.open and #node.items > 0
  for _, item in ipairs(node.items) do
    local entry = made(item.value)
    local parts = entry and entry.is == "table" and entry.items or {}
    local name, kind = parts[1] and made(parts[1].value), parts[2] and made(parts[2].value)
    if name and name.is == "string" and name.text and kind and kind.is == "string" and kind.text then
      types[name.text] = kind.text
      list[#list + 1] = { name = name.text, optional = entry.fields.optional ~= nil or entry.fields.default ~= nil or entry.open }
    else
      known = false
    end
  end
  return types, list, known
end

-- Arguments ---------------------------------------------------------------------------------------------

-- What is known of a node, in the words of messages.
local KINDS = {
  string = "a text", text = "a text", number = "a number", fraction = "a number", table = "a table", ["function"] = "a function",
  boolean = "true or false", job = "a job", finished = "the result of a job", status = "the status of a job",
  response = "a response", answer = "the answer of a call",
}

local function set(words)
  local found = {}
  for word in words:gmatch "%S+" do found[word] = true end
  return found
end

-- The kinds that an argument may have, beside nil and what is not known.
local TEXT = { takes = set "string text number answer", expected = "a text" }
local NUMBER = { takes = set "number fraction answer", expected = "a number" }
local TABLE = { takes = set "table finished status response answer", expected = "a table" }
local BODY = { takes = set "function", expected = "a function" }
local SOURCE = { takes = set "string text table answer", expected = "a URL, or one of output_urls" }
local ANY = {}

---@type table<string, { [integer]: table, like: string }>
local ARGUMENTS = {
  ["rc.submit"] = { TABLE, like = "rc.submit { deployment_id = …, overrides = … }" },
  ["rc.job"] = { TEXT, TEXT, like = "rc.job(deployment_id, request_id)" },
  ["rc.sleep"] = { { takes = set "number fraction answer", expected = "seconds, a number" }, like = "rc.sleep(5)" },
  ["rc.map"] = { TABLE, BODY, TABLE, like = "rc.map(list, function(item) … end, { concurrency = 4 })" },
  ["rc.all"] = { TABLE, like = "rc.all { function() … end, function() … end }" },
  ["rc.finally"] = { BODY, like = "rc.finally(function() … end)" },
  ["rc.fail"] = { TEXT, TABLE, like = 'rc.fail("why", { … })' },
  ["rc.http"] = { TABLE, like = "rc.http { url = … }" },
  ["rc.download"] = { SOURCE, TABLE, like = "rc.download(url, { name = … })" },
  ["rc.file"] = { TEXT, like = "rc.file(path)" }, ["rc.read"] = { TEXT, like = "rc.read(path)" },
  ["rc.read_text"] = { TEXT, like = "rc.read_text(path)" }, ["rc.text"] = { TEXT, like = "rc.text(text)" },
  ["rc.image"] = { TEXT, TEXT, like = "rc.image(bytes, mime_type)" }, ["rc.audio"] = { TEXT, TEXT, like = "rc.audio(bytes, mime_type)" },
  ["rc.link"] = { TEXT, TABLE, like = "rc.link(uri, { name = … })" },
  ["rc.embed"] = { TEXT, TEXT, TEXT, like = "rc.embed(uri, content, mime_type)" },
  ["job:wait"] = { TABLE, like = "job:wait { timeout = 60 }" },
  ["job:proxy"] = { TEXT, ANY, TABLE, like = 'job:proxy("api/free", { … })' },
  ["ctx:progress"] = { NUMBER, NUMBER, TEXT, like = 'ctx:progress(1, 4, "drawing")' },
  ["ctx:confirm"] = { TEXT, like = 'ctx:confirm("Go on?")' },
  ["ctx:elicit"] = { TABLE, like = "ctx:elicit { message = …, input = { … } }" },
}

local function wrong_argument(expected, node)
  if not (expected.takes and node) or node.is == "nil" then return nil end
  local got = KINDS[node.is]
  return got and not expected.takes[node.is] and got or nil
end

local function check_arguments(check, scanned, what, arguments, line)
  local expected = ARGUMENTS[what]
  for index, node in ipairs(expected and arguments or {}) do
    local declared = type_of_parameter(scanned, node)
    local known = declared == "string" and { is = "string" } or declared == nil and meaning(node)
    local got = expected[index] and known and wrong_argument(expected[index], known)
    if got then
      return check:add("error", "argument", line, "argument %d of %s is %s, not %s: %s", index, what, expected[index].expected, got,
        expected.like)
    end
  end
end

local LEVELS = set "debug info warning error"

local function check_level(check, what, arguments, line)
  local level = arguments[1]
  if level and level.is == "string" and level.text and not LEVELS[level.text] then
    check:add("error", "argument", line, "%s takes a level, which is debug, info, warning or error, and a text: %s(\"info\", …)", what, what)
  end
end

-- What is called in the place of a function that is handed over.
local CALLED = set "job finished status answer response"

local function check_pcall(check, arguments, line)
  local first, second = arguments[1], arguments[2]
  if first and CALLED[first.is] then
    return check:add("error", "argument", line, "pcall takes a function and its arguments, and calls it itself: pcall(rc.submit, { … })")
  end
  if not first or first.is ~= "field" or not vocabulary.job_methods[first.name] then return end
  if (meaning(first.of) or ANY).is == "job" and not (second and second.is == "variable") then
    check:add("error", "argument", line, "a method gets its job first: pcall(job.%s, job, …)", first.name)
  end
end

local function check_functions(check, arguments, line)
  local list = arguments[1]
  for index, item in ipairs(list and list.is == "table" and list.items or {}) do
    local kind = meaning(item.value)
    if kind and (CALLED[kind.is] or kind.is == "table" or kind.is == "string") then
      return check:add("error", "argument", item.line or line, "rc.all takes functions, and calls them itself; entry %d is %s: function() … end",
        index, KINDS[kind.is])
    end
  end
end

local function check_download(check, arguments, line)
  local source = arguments[1]
  if source and source.is == "field" and source.name == "output_urls" then
    check:add("error", "argument", line, "rc.download takes one of output_urls: output_urls[1]")
  end
end

local function check_image(check, arguments, line)
  local bytes = arguments[1]
  if bytes and bytes.is == "field" and bytes.name == "url" then
    check:add("error", "argument", line, "rc.image takes bytes, not a URL: rc.image(rc.http({ url = … }).body)")
  end
end

local QUESTION = set "message input"

local function check_question(check, arguments)
  local node = arguments[1]
  for _, name in ipairs(node and node.is == "table" and vocabulary.names(node.fields) or {}) do
    if not QUESTION[name] then
      check:add("error", "unknown-field", node.lines[name], "ctx:elicit has no field '%s'; it takes message and input", name)
    end
  end
end

local function is_seed(name) return name == "seed" or name == "noise_seed" end

-- rc.random() where a whole number is meant, however deep in what is submitted.
local function check_seeds(check, node, depth)
  if not node or node.is ~= "table" or depth > 8 then return end
  for _, name in ipairs(vocabulary.names(node.fields)) do
    local value = node.fields[name]
    if is_seed(name) and value.is == "fraction" then
      check:add("error", "argument", node.lines[name], "rc.random() is below 1; a seed is a whole number: rc.random(0, 2147483647)")
    end
    check_seeds(check, value, depth + 1)
  end
end

local SPECIAL = {
  ["rc.log"] = function(check, arguments, line) check_level(check, "rc.log", arguments, line) end,
  ["ctx:log"] = function(check, arguments, line) check_level(check, "ctx:log", arguments, line) end,
  ["rc.image"] = check_image, ["ctx:elicit"] = check_question, ["pcall"] = check_pcall, ["rc.all"] = check_functions, ["rc.download"] = check_download,
  ["rc.submit"] = function(check, arguments) check_seeds(check, arguments[1], 1) end,
}

local function check_call(check, scanned, what, arguments, line)
  check_arguments(check, scanned, what, arguments, line)
  if SPECIAL[what] then SPECIAL[what](check, arguments, line) end
end

-- Methods and members -----------------------------------------------------------------------------------

local STRING_ADVICE = {
  length = "the length of a text is #text", len = nil, split = "go through text:gmatch \"[^,]+\"", trim = "take text:match \"^%s*(.-)%s*$\"",
  includes = "take text:find(part, 1, true)", contains = "take text:find(part, 1, true)", startswith = "compare text:sub(1, #part)",
  startsWith = "compare text:sub(1, #part)", endswith = "compare text:sub(-#part)", endsWith = "compare text:sub(-#part)",
  replace = "take text:gsub(pattern, replacement)", toUpperCase = "take text:upper()", toLowerCase = "take text:lower()",
  indexOf = "take text:find(part, 1, true)", strip = "take text:match \"^%s*(.-)%s*$\"", substring = "take text:sub(first, last)",
  slice = "take text:sub(first, last)",
}

local function check_text_member(check, scanned, access)
  if type_of_parameter(scanned, access.value) ~= "string" then return end
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
    if names[access.name] == nil then
      check:add("error", "unknown-rc", access.line, "rc.json has no '%s'; it has decode, encode, array, ordered, integer, null", access.name)
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
  if is_context(variable) then check_call(check, scanned, "ctx:" .. method.name, method.arguments, method.line) end
end

-- Comparisons -------------------------------------------------------------------------------------------

local STATES = set "in_queue queued in_progress running processing pending completed succeeded failed error cancelled canceled"

local function literal(node)
  return node and (node.is == "string" and node.text or node.is == "number" and node.text) or nil
end

local function owner_of(node)
  return node.of and (meaning(node.of) or ANY).is
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
      check:add("error", "comparison", line, "no job has the status '%s'; the words are in_queue, in_progress, completed, succeeded, failed, "
        .. "cancelled", other.text)
    end
  end
  local kind = type_of_parameter(scanned, field)
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
  local types, list, known = M.parameter_types(declaration, "output")
  for _, name in ipairs(vocabulary.names(first.fields)) do
    local value, takes = first.fields[name], LUA_KINDS[types[name]]
    if takes and KINDS[value.is] and value.is ~= "answer" and not takes[value.is] then
      check:add("error", "result", first.lines[name], "'%s' is declared %s in 'output', and is %s here", name, types[name], KINDS[value.is])
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
  for _, call in ipairs(scanned.calls) do check_call(check, scanned, call.what, call.arguments, call.line) end
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
