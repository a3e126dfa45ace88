--- What a recipe's file declares: tools, prompts, resources, templates.
---
--- The functions behind `rc.tool` and its like copy what they get and hand out a token; a file returns
--- tokens.  The copy is raw and plain: nothing of the recipe's tables, nor of their metatables, is seen by
--- the host again, except its functions.

local brief = require("lib.text").brief
local copies = require "lib.recipes.boundary.copies"
local didyoumean = require "lib.didyoumean"
local errors = require "lib.errors"
local sizes = require "lib.recipes.load.sizes"
local sorted_keys = require("lib.tables").sorted_keys

local M = {}

---@alias RecipeKind "tool"|"prompt"|"resource"|"template"

---@class RecipeDeclaration  one declaration, copied and checked
---@field kind RecipeKind
---@field line? { source: string, line: integer }  of the call that declared it
---@field fields table        as in rc.Tool, rc.Prompt, rc.Resource, rc.Template
---@field key? string         once it is checked: what must be unique among its kind: name, uri, uri_template

local MAX_VALUES, MAX_BYTES = 20000, 1024 * 1024

-- Token to its declaration: only tokens made here are known here.
local tokens = setmetatable({}, { __mode = "k" }) ---@type table<table, RecipeDeclaration>

local Token = { __name = "declaration", __metatable = false }

---@class RecipeField
---@field expected string              as "must be …" goes on
---@field kinds table<string, true>    Lua types
---@field texts? boolean               a list of texts
---@field json? boolean                a text must be JSON

---@type RecipeField, RecipeField, RecipeField, RecipeField, RecipeField, RecipeField
local TEXT = { expected = "a text", kinds = { string = true } }
local BODY = { expected = "a function", kinds = { ["function"] = true } }
local NAMES = { expected = "a list of texts", kinds = { table = true }, texts = true }
local TABLE = { expected = "a table", kinds = { table = true } }
local PARAMETERS = { expected = "a list of parameters", kinds = { table = true } }
local SCHEMA = { expected = "a list of parameters", kinds = { table = true, string = true }, json = true }

---@type table<RecipeKind, { key: string, fields: table<string, RecipeField>, needed: string[] }>
local forms = {
  tool = {
    key = "name", needed = { "name", "description", "run" },
    fields = {
      name = TEXT, title = TEXT, description = TEXT, input = SCHEMA, output = SCHEMA, uses = NAMES, hosts = NAMES,
      annotations = TABLE, samples = TABLE, run = BODY,
    },
  },
  prompt = {
    key = "name", needed = { "name", "description", "run" },
    fields = { name = TEXT, title = TEXT, description = TEXT, arguments = PARAMETERS, uses = NAMES, run = BODY },
  },
  resource = {
    key = "uri", needed = { "uri", "name", "read" },
    fields = { uri = TEXT, name = TEXT, title = TEXT, description = TEXT, mime_type = TEXT, uses = NAMES, read = BODY },
  },
  template = {
    key = "uri_template", needed = { "uri_template", "name", "read" },
    fields = {
      uri_template = TEXT, name = TEXT, title = TEXT, description = TEXT, mime_type = TEXT, uses = NAMES, read = BODY,
    },
  },
}

-- Tokens ---------------------------------------------------------------------------------------------

-- What is compiled from a declaration is compiled without a budget: it must be small.
local function take_size(value, left)
  local kind = type(value)
  left.values = left.values - 1
  if kind == "string" then left.bytes = left.bytes - #value end
  if left.values < 0 or left.bytes < 0 then
    error(("the declaration has more than %d values or %d bytes of text"):format(MAX_VALUES, MAX_BYTES), 0)
  end
  if kind ~= "table" then return end
  for key, item in next, value do
    if type(key) == "string" then left.bytes = left.bytes - #key end
    take_size(item, left)
  end
end

local function copy_fields(spec)
  local fields, left = {}, { values = MAX_VALUES, bytes = MAX_BYTES }
  for key, value in next, spec do
    local name = type(key) == "string" and key or ("[%s]"):format(type(key) == "number" and key or type(key))
    if type(value) ~= "function" then
      local ok, copy = pcall(copies.import, value)
      if not ok then error(("field '%s': %s"):format(name, copy), 0) end
      take_size(copy, left)
      value = copy
    end
    fields[name] = value
  end
  return fields
end

-- The line of the recipe's code that declares; of a tail call it is not known.
local function line_of_call()
  local caller = debug.getinfo(3, "t") --[[@as debuglib.DebugInfo]] -- of this function, `declare`, the one of `M.functions`
  if caller.istailcall then return nil end
  local info = debug.getinfo(4, "Sl")
  return info and info.currentline > 0 and { source = info.source, line = info.currentline } or nil
end

local function declare(kind, spec)
  if type(spec) ~= "table" then error(("rc.%s takes a table of fields, got %s"):format(kind, type(spec)), 3) end
  local ok, fields = pcall(copy_fields, spec)
  if not ok then error(("rc.%s: %s"):format(kind, fields), 3) end
  local token = setmetatable({}, Token)
  tokens[token] = { kind = kind, fields = fields, line = line_of_call() }
  return token
end

--- `rc.tool`, `rc.prompt`, `rc.resource`, `rc.template`: they only take down what is declared.
---@type table<RecipeKind, fun(spec: table): table>
M.functions = {}
for kind in pairs(forms) do
  M.functions[kind] = function(spec)
    return (declare(kind, spec)) -- no tail call: the levels of errors count this frame
  end
end

-- Between processes ----------------------------------------------------------------------------------

---@class PlainDeclaration  a declaration without its functions, as it crosses from a worker to its host
---@field feature RecipeKind
---@field fields table        plain
---@field functions string[]  the fields that hold functions
---@field line? { source: string, line: integer }

--- A declaration as it crosses.
---@param declaration RecipeDeclaration
---@return PlainDeclaration
function M.without_functions(declaration)
  local plain = { feature = declaration.kind, fields = {}, functions = {}, line = declaration.line }
  for _, name in ipairs(sorted_keys(declaration.fields)) do
    local value = declaration.fields[name]
    if type(value) == "function" then
      plain.functions[#plain.functions + 1] = name
    else
      plain.fields[name] = value
    end
  end
  return plain
end

local refusals = setmetatable({}, { __mode = "k" }) ---@type table<table, string>

--- What `read` says this message of.
---@param message string
---@return table value
function M.refusal(message)
  local value = setmetatable({}, Token)
  refusals[value] = message
  return value
end

--- The token of a declaration that a worker has sent: to be read like one that was made here, copied and counted as those are.
---@param plain PlainDeclaration
---@param fn function  stands for its own
---@return table token
function M.adopt(plain, fn)
  local spec = {}
  for name, value in next, plain.fields do spec[name] = value end
  for _, name in ipairs(plain.functions) do spec[name] = fn end
  local token = declare(plain.feature, spec)
  tokens[token].line = plain.line
  return token
end

-- Checks ---------------------------------------------------------------------------------------------

local function check_texts(name, list)
  for index, text in ipairs(list) do
    if type(text) ~= "string" then return ("field '%s': entry %d must be a text, got %s"):format(name, index, type(text)) end
  end
  for key in pairs(list) do
    if type(key) ~= "number" then return ("field '%s' must be a list of texts, got the key '%s'"):format(name, key) end
  end
end

local function check_field(name, field, value)
  local kind = type(value)
  if not field.kinds[kind] then return ("field '%s' must be %s, got %s"):format(name, field.expected, kind) end
  if kind == "string" and not value:find("%S") then return ("field '%s' is empty"):format(name) end
  if kind == "string" and not utf8.len(value) then return ("field '%s' is no valid UTF-8"):format(name) end
  if field.texts then return check_texts(name, value) end
  if field.json and kind == "string" and not value:find("^%s*{") then
    return ("field '%s' must be %s, a JSON Schema, or its JSON text, got the text '%s'"):format(name, field.expected, brief(value, 40))
  end
end

local function check_fields(form, fields)
  for _, name in ipairs(sorted_keys(fields)) do
    local field = form.fields[name]
    if not field then return ("unknown field '%s'%s"):format(name, didyoumean.hint(name, sorted_keys(form.fields))) end
    local problem = check_field(name, field, fields[name])
    if problem then return problem end
  end
  for _, name in ipairs(form.needed) do
    if fields[name] == nil then return ("field '%s' is missing"):format(name) end
  end
end

local function check_name(name)
  if name:find("^[a-z][a-z0-9_]*$") and #name <= 45 then return nil end
  return ("field 'name' must be lower-case letters, digits and '_', a letter first, at most 45 of them; got '%s'")
    :format(brief(name, 80))
end

local function check_uri(field, uri)
  local scheme = uri:match("^([a-z][a-z0-9+.-]*):.")
  if not scheme then return ("field '%s' must be a URI such as recipe://jobs, got '%s'"):format(field, brief(uri, 80)) end
  if scheme == "rcmcp" then return ("field '%s': rcmcp: is the server's own; take recipe: or a scheme of yours"):format(field) end
  if uri:find("[%s%c]") then return ("field '%s' has white space in it"):format(field) end
end

local function check_hosts(hosts)
  for _, host in ipairs(hosts) do
    if not host:find("^[%w.-]+$") then
      return ("field 'hosts' holds names such as example.com, without scheme, port or path; got '%s'"):format(brief(host, 80))
    end
  end
end

local function check_mime_type(mime_type)
  if mime_type:find("^[%w.+-]+/[%w.+-]+") then return nil end
  return ("field 'mime_type' must be such as text/markdown, got '%s'"):format(brief(mime_type, 80))
end

local function find_problem(kind, fields)
  local problem = check_fields(forms[kind], fields) or sizes.problem(fields)
  if problem then return problem end
  if kind == "tool" or kind == "prompt" then problem = check_name(fields.name) end
  return problem
    or fields.hosts and check_hosts(fields.hosts)
    or fields.uri and check_uri("uri", fields.uri)
    or fields.uri_template and check_uri("uri_template", fields.uri_template)
    or fields.mime_type and check_mime_type(fields.mime_type)
end

-- Returned values ------------------------------------------------------------------------------------

local function not_a_declaration(what, value)
  local got = type(value) ---@type string
  if got == "nil" then got = "nothing" end
  local advice = got == "table" and "; is rc.tool { … } around it missing?" or ""
  return nil, ("%s must be rc.tool { … }, or a list of such declarations, got %s%s"):format(what, got, advice)
end

-- What the file returned, as a list of tokens.
local function listed(value)
  if tokens[value] then return { value } end
  if value ~= nil and refusals[value] then return nil, refusals[value] end
  if type(value) ~= "table" then return not_a_declaration("what the file returns", value) end
  local list = {}
  for key in next, value do
    if math.type(key) ~= "integer" then return not_a_declaration("what the file returns", value) end
  end
  for index = 1, rawlen(value) do
    local item = rawget(value, index)
    if not tokens[item] then return not_a_declaration(("entry %d of what the file returns"):format(index), item) end
    list[index] = item
  end
  if #list == 0 then return nil, "the file returns an empty list; it must declare something" end
  return list
end

local function titled(declaration, several)
  local name = rawget(declaration.fields, forms[declaration.kind].key)
  if not several or type(name) ~= "string" then return "" end
  return ("%s '%s': "):format(declaration.kind, brief(name, 80))
end

local function refuse(declaration, message)
  return nil, errors.new(message, { code = "bad_declaration", line = declaration.line })
end

--- What a file returned, unchecked.
---@param value any
---@return RecipeDeclaration[]|nil declarations, string? message
function M.unchecked(value)
  local list, message = listed(value)
  if not list then return nil, message end
  local declarations = {}
  for index, token in ipairs(list) do declarations[index] = tokens[token] end
  return declarations
end

--- The field that names a declaration of this kind.
---@param kind RecipeKind
---@return string
function M.key_field(kind)
  return forms[kind].key
end

--- Reads what a file returned and checks each declaration, field by field.
---@param value any  the first value returned
---@return RecipeDeclaration[]|nil declarations, Error? err  its message has no file's name yet; `line` as in RecipeDeclaration
---@return_overload RecipeDeclaration[]
---@return_overload nil, Error
function M.read(value)
  local list, message = listed(value)
  if not list then return nil, errors.new(message, { code = "bad_declaration" }) end
  local result, seen, counted = {}, {}, sizes.new()
  for index, token in ipairs(list) do
    local declaration = tokens[token]
    local problem = find_problem(declaration.kind, declaration.fields) or counted:add(declaration.kind)
    if problem then return refuse(declaration, titled(declaration, #list > 1) .. problem) end
    local key = declaration.fields[forms[declaration.kind].key]
    local unique = declaration.kind .. " " .. key
    if seen[unique] then return refuse(declaration, ("%s '%s' is declared twice"):format(declaration.kind, key)) end
    seen[unique] = true
    result[index] = { kind = declaration.kind, key = key, fields = declaration.fields, line = declaration.line }
  end
  return result
end

return M
