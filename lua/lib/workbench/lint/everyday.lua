--- Mistakes of every day that a source shows: names of methods and fields that are nearly right, answers that nobody takes,
--- hosts that are not declared, keys.  What is not certain is not said.

local arguments = require "lib.workbench.lint.arguments"
local courses = require "lib.workbench.lint.courses"
local didyoumean = require "lib.didyoumean"
local fields = require "lib.workbench.lint.fields"
local hosts = require "lib.recipes.effects.hosts"
local made = require("lib.recipes.source.values").made
local misuse = require "lib.workbench.lint.misuse"
local operations = require "lib.workbench.lint.operations"
local secrets = require "lib.workbench.lint.secrets"
local vocabulary = require "lib.workbench.lint.vocabulary"

local M = {}

---@class lint.Everyday
---@field tool? fun(name: string): Tool?  the tools that there are
---@field builtin fun(name: string): boolean  whether that is the name of a built-in one
---@field key? string                      the API key in use: it must not stand in a source
---@field is_script boolean
---@field in_library boolean               a module that serves several recipes
---@field is_module boolean                what another file requires

local function hint(name, known)
  return didyoumean.hint(name, vocabulary.names(known))
end

-- Methods and fields -----------------------------------------------------------------------------------

local function is_context(access)
  local variable = access.variable
  return variable ~= nil and not variable.assigned and variable.role == "ctx"
end

-- A parameter of a helper has no type: its name tells, and only what is nearly a name that there is counts.
local function is_called(access, name)
  local variable = access.variable
  return variable ~= nil and not variable.assigned and not variable.made and not variable.value and variable.name == name
end

local function both(a, b)
  local all = {}
  for name in pairs(a) do all[name] = true end
  for name in pairs(b) do all[name] = true end
  return all
end

local ctx_names = both(vocabulary.ctx_methods, vocabulary.ctx_fields)

local function check_context(check, access, certain)
  if ctx_names[access.name] then return end
  local meant = hint(access.name, ctx_names)
  if certain or meant ~= "" then
    check:add("error", "unknown-method", access.line, "ctx has no '%s'%s", access.name, meant)
  end
end

local function check_job(check, access, certain)
  if vocabulary.job_methods[access.name] then return end
  local meant = hint(access.name, vocabulary.job_methods)
  if certain or meant ~= "" then check:add("error", "unknown-method", access.line, "a job has no method '%s'%s", access.name, meant) end
end

local function check_access(check, access)
  if is_context(access) then return check_context(check, access, true) end
  if is_called(access, "ctx") then return check_context(check, access, false) end
  if access.is_call and access.of == "job" then return check_job(check, access, true) end
  if access.is_call and is_called(access, "job") then return check_job(check, access, false) end
end

local function check_context_method(check, scanned, everyday, method)
  local variable = method.value and method.value.is == "variable" and method.value.variable
  if not variable or variable.role ~= "ctx" or variable.assigned then return end
  arguments.check(check, scanned, { what = "ctx:" .. method.name, arguments = method.arguments, line = method.line }, everyday)
end

local function check_dotted(check, access)
  if is_context(access) and vocabulary.ctx_fields[access.name] then
    return check:add("error", "dot-call", access.line, "ctx.%s is no function: without ()", access.name)
  end
  local owner = is_context(access) and vocabulary.ctx_methods[access.name] and "ctx"
    or access.of == "job" and vocabulary.job_methods[access.name] and "job"
  if owner then
    check:add("error", "dot-call", access.line, "write %s:%s(…), with a colon", owner, access.name)
  end
end

local ANSWERS = { confirm = "if not ctx:confirm(…) then … end", elicit = "local values = ctx:elicit { … }" }

local function check_thrown(check, access)
  if ANSWERS[access.name] and (is_context(access) or is_called(access, "ctx")) then
    check:add("error", "answer-unused", access.line, "the answer of ctx:%s is thrown away: what follows is done whatever they say; %s",
      access.name, ANSWERS[access.name])
  end
end

-- Numbers as keys --------------------------------------------------------------------------------------

local DEEPEST = 32

-- The first key of a table, or of one in it, that is a number and no place of a list.
local function stray_number(node, depth)
  node = made(node)
  if not (node and node.is == "table") or depth > DEEPEST then return nil end
  local seen = {}
  for _, number in ipairs(node.numbers) do seen[math.tointeger(tonumber(number.text)) or 0] = true end
  for _, number in ipairs(node.numbers) do
    local key = math.tointeger(tonumber(number.text)) or 0
    if key < 1 or key > 1 and not seen[key - 1] and not node.items[key - 1] then return number end
  end
  for _, name in ipairs(vocabulary.names(node.fields)) do
    local found = stray_number(node.fields[name], depth + 1)
    if found then return found end
  end
  for _, item in ipairs(node.items) do
    local found = stray_number(item.value, depth + 1)
    if found then return found end
  end
  for _, value in ipairs(node.values) do
    local found = stray_number(value, depth + 1)
    if found then return found end
  end
end

-- Overrides and workflows take numbers for ids of nodes; JSON has none.
local function check_numbers(check, call)
  if call.what ~= "rc.json.encode" then return end
  local number = stray_number(call.arguments[1], 1)
  if number then
    check:add("error", "number-key", number.line, "the keys of a JSON object are texts: write [\"%s\"]", number.text)
  end
end

-- Hosts ------------------------------------------------------------------------------------------------

local URL_OF = { ["rc.http"] = true, ["rc.download"] = true }

local function url_of(call)
  local value = made(call.arguments[1])
  if value and value.is == "table" then value = made(value.fields.url) end
  local text = value and (value.is == "string" or value.is == "text") and value.text
  if not value or not text then return nil end
  if value.is == "text" then text = text:match "^https?://[^/?#%%]+/" end -- of a longer one: the host must be whole
  return text and hosts.parse(text)
end

local function method_of(call)
  local node = made(call.arguments[1])
  local value = node and node.is == "table" and made(node.fields.method)
  if value then return value.is == "string" and value.text and value.text:upper() or nil end
  return "GET"
end

local function declared_hosts(declarations)
  local list, known = {}, true
  for _, declaration in ipairs(declarations) do
    local node = declaration.node and made(declaration.node.fields.hosts)
    if declaration.node and declaration.node.fields.hosts and not (node and node.is == "table") then known = false end
    for _, item in ipairs(node and node.is == "table" and node.items or {}) do
      local value = made(item.value)
      if value and value.is == "string" and value.text then list[#list + 1] = value.text else known = false end
    end
    if not declaration.node then known = false end
  end
  return list, known
end

local function is_allowed(call, url, list)
  local as_state = { name = "check", hosts = list, settings = { http_hosts = list }, ctx = {} } ---@type any
  if hosts.check(as_state, url) then return true end
  return hosts.is_runcomfy(as_state, url) and (call.what == "rc.download" or method_of(call) == "GET")
end

local function check_hosts(check, scanned)
  local list, known = declared_hosts(scanned.declarations)
  if not known or #scanned.declarations == 0 then return end
  for _, call in ipairs(scanned.calls) do
    local url = URL_OF[call.what] and url_of(call)
    if url and not is_allowed(call, url, list) then
      check:add("error", "host-missing", call.line, "%s reaches %s, but 'hosts' does not name it", call.what, url.host)
    end
  end
end

-- The rest ---------------------------------------------------------------------------------------------

local MISUSED = {
  ["rc.tools"] = "rc.tools holds the tools to call; what declares one is rc.tool { … }",
  ["+"] = "texts are joined with '..'; '+' adds numbers",
  ["0-based"] = "lists begin at 1: for i = 1, #list do",
}

local function array_parameters(declarations)
  local names = {}
  for _, declaration in ipairs(declarations) do
    local node = declaration.node and made(declaration.node.fields.input)
    for _, item in ipairs(node and node.is == "table" and node.items or {}) do
      local entry = made(item.value)
      local items = entry and entry.is == "table" and entry.items or {}
      if items[1] and items[2] and items[2].value.text == "array" and items[1].value.text then names[items[1].value.text] = true end
    end
  end
  return names
end

local function check_zeroth(check, scanned)
  local arrays = array_parameters(scanned.declarations)
  for _, use in ipairs(scanned.zeroth) do
    if vocabulary.lists[use.name] or arrays[use.name] then
      check:add("error", "0-based", use.line, "lists begin at 1: %s[0] is nothing", use.name)
    end
  end
end

--- Checks what the walk over one source has found.
---@param check lint.Check    gets the findings
---@param scanned lint.Scan
---@param source string
---@param everyday lint.Everyday
function M.check(check, scanned, source, everyday)
  scanned.find_tool = everyday.tool
  for _, access in ipairs(scanned.accesses) do check_access(check, access) end
  for _, access in ipairs(scanned.dotted) do check_dotted(check, access) end
  for _, access in ipairs(scanned.thrown) do check_thrown(check, access) end
  for _, call in ipairs(scanned.calls) do
    arguments.check(check, scanned, call, everyday)
    check_numbers(check, call)
  end
  for _, method in ipairs(scanned.methods) do check_context_method(check, scanned, everyday, method) end
  for _, use in ipairs(scanned.misused) do check:add("error", "misused", use.line, "%s", MISUSED[use.name]) end
  check_zeroth(check, scanned)
  fields.check(check, scanned, source, everyday)
  operations.check(check, scanned, source)
  courses.check(check, scanned, everyday.is_script)
  misuse.check(check, scanned, source, everyday)
  if not everyday.is_script and not everyday.in_library then check_hosts(check, scanned) end
  for _, secret in ipairs(secrets.find(source, everyday.key)) do
    check:add("warning", "secret", secret.line,
      "this text is %s, and goes wherever the file goes; set it outside, or take it as a parameter", secret.what)
  end
end

--- The tool that a method call needs in `uses`, and whether that is certain: a table of one's own may have a method of that name.
---@param access lint.Access
---@return string? tool, boolean certain
function M.tool_of(access)
  local tool = access.is_call and vocabulary.methods[access.name]
  if not tool then return nil, false end
  if access.of == "job" or is_called(access, "job") then return tool, true end
  local node = access.variable and (made(access.variable.made) or made(access.variable.value))
  local is_own = access.variable ~= nil and (access.variable.name == "self" or node ~= nil and node.is == "table")
  return not is_own and tool or nil, false
end

return M
