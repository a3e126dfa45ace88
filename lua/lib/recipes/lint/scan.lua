--- What a recipe's source touches: globals, members of `rc`, tools, parameters.  A walk over the source with
--- the scopes of its names; nothing is run.

local lexer = require "lib.recipes.lint.lexer"

local M = {}

---@class lint.Use
---@field name string
---@field line integer
---@field write? boolean

---@class lint.Declaration
---@field kind string            "tool", "prompt", "resource", "template"
---@field line integer
---@field name? string           where it is a plain text
---@field in_sight boolean       its `run` is a function that was seen
---@field input? lint.Variable   the first parameter of that

---@class lint.Variable
---@field name string
---@field fields table<string, true>  members that are read by name
---@field whole boolean               it is used as a whole: all its members may be read
---@field value? table                what it was made of, where that is known

---@class lint.Scan
---@field globals lint.Use[]        names that are neither local nor declared
---@field members lint.Use[]        "os.execute": members of globals
---@field rc lint.Use[]             members of rc
---@field tools lint.Use[]          rc.tools.NAME
---@field methods lint.Use[]        value:NAME(…)
---@field requires lint.Use[]       files asked for, beside "rc"
---@field declarations lint.Declaration[]
---@field opaque boolean            rc or rc.tools goes somewhere that cannot be followed

local Walker = {}
Walker.__index = Walker

-- Tokens -------------------------------------------------------------------------------------------

function Walker:peek() return self.tokens[self.at] end

function Walker:is(value)
  local token = self.tokens[self.at]
  return token.value == value and (token.kind == "op" or token.kind == "keyword")
end

function Walker:next()
  local token = self.tokens[self.at]
  self.at = self.at + 1
  return token
end

function Walker:accept(value)
  if not self:is(value) then return false end
  self.at = self.at + 1
  return true
end

function Walker:expect(value)
  if not self:accept(value) then
    error(("line %d: expected '%s', got '%s'"):format(self:peek().line, value, tostring(self:peek().value)), 0)
  end
end

-- Scopes -------------------------------------------------------------------------------------------

function Walker:open() self.scope = { parent = self.scope, names = {} } end
function Walker:close() self.scope = self.scope.parent end

function Walker:declare(name, value)
  local variable = { name = name, fields = {}, whole = false, value = value }
  self.scope.names[name] = variable
  return variable
end

function Walker:find(name)
  local scope = self.scope
  while scope do
    if scope.names[name] then return scope.names[name] end
    scope = scope.parent
  end
end

local function note(list, name, line, write)
  list[#list + 1] = { name = name, line = line, write = write }
end

-- Values: what is known of an expression -------------------------------------------------------------
-- { is = "rc" | "tools" | "member" (of rc) | "global" | "variable" | "string" | "function" | "table" }, or nil.

-- An expression's value goes somewhere whole.
function Walker:escape(value)
  if not value then return end
  if value.is == "variable" then
    value.variable.whole = true
    return self:escape(value.variable.value)
  end
  if value.is == "rc" or value.is == "tools" then self.scanned.opaque = true end
end

-- What a value stands for: a local that holds rc is rc.
local function meaning(value)
  if value and value.is == "variable" and value.variable.value then return value.variable.value end
  return value
end

-- value.name
function Walker:member(value, name, line)
  local scanned, meant = self.scanned, meaning(value)
  if value and value.is == "variable" then value.variable.fields[name] = true end
  if not meant then return nil end
  if meant.is == "rc" then
    note(scanned.rc, name, line)
    return { is = name == "tools" and "tools" or "member", name = name }
  elseif meant.is == "tools" then
    note(scanned.tools, name, line)
  elseif meant.is == "global" then
    note(scanned.members, meant.name .. "." .. name, line)
  end
end

-- value[expression]
function Walker:index(value, key, line)
  if key and key.is == "string" and key.text then return self:member(value, key.text, line) end
  self:escape(key)
  self:escape(value)
end

local DECLARES = { tool = true, prompt = true, resource = true, template = true }

function Walker:declared(kind, argument, line)
  local fields = argument and argument.is == "table" and argument.fields or {}
  local name = fields.name and fields.name.is == "string" and fields.name.text or nil
  local run = meaning(fields.run)
  local in_sight = run ~= nil and run.is == "function"
  table.insert(self.scanned.declarations, {
    kind = kind, line = line, name = name, in_sight = in_sight, input = in_sight and run.parameters[1] or nil,
  })
end

-- value(arguments)
function Walker:called(value, arguments, line)
  local meant = meaning(value)
  if meant and meant.is == "global" and meant.name == "require" then
    local name = arguments[1] and arguments[1].is == "string" and arguments[1].text
    if name == "rc" then return { is = "rc" } end
    if name then note(self.scanned.requires, name, line) else self.scanned.opaque = true end
  elseif meant and meant.is == "member" and DECLARES[meant.name] then
    self:declared(meant.name, arguments[1], line)
  end
end

-- Expressions ----------------------------------------------------------------------------------------

function Walker:name_value()
  local token = self:next()
  local variable = self:find(token.value)
  if variable then return { is = "variable", variable = variable } end
  return { is = "global", name = token.value, line = token.line }
end

-- A global that is used now, rather than assigned to.
function Walker:read(value)
  if value and value.is == "global" then note(self.scanned.globals, value.name, value.line) end
  return value
end

function Walker:primary()
  if self:accept "(" then
    local value = self:expression()
    self:expect ")"
    return value
  end
  return self:name_value()
end

function Walker:arguments()
  local token = self:peek()
  if token.kind == "string" then
    self:next()
    return { { is = "string", text = token.value } }
  elseif self:is "{" then
    return { self:table_constructor() }
  end
  self:expect "("
  local list = {}
  if not self:is ")" then list = self:expressions() end
  self:expect ")"
  return list
end

local function starts_arguments(token)
  return token.kind == "string" or token.kind == "op" and (token.value == "(" or token.value == "{")
end

function Walker:call(value, line)
  self:read(value)
  local arguments = self:arguments()
  for _, argument in ipairs(arguments) do self:escape(argument) end
  return self:called(value, arguments, line)
end

-- One step of `a.b[c]:d(e)`; false where it ends.  Second: the value so far.
function Walker:suffix(value)
  local token = self:peek()
  if token.kind == "op" and token.value == "." then
    self:read(value)
    self:next()
    return true, self:member(value, self:next().value, token.line)
  elseif token.kind == "op" and token.value == "[" then
    self:read(value)
    self:next()
    local key = self:expression()
    self:expect "]"
    return true, self:index(value, key, token.line)
  elseif token.kind == "op" and token.value == ":" then
    self:read(value)
    self:next()
    local method = self:next().value
    note(self.scanned.methods, method, token.line)
    self:escape(value)
    self:call(nil, token.line)
    return true, nil
  elseif starts_arguments(token) then
    return true, self:call(value, token.line)
  end
  return false, value
end

-- The value, and whether it is a bare name or member that can be assigned to.
function Walker:suffixed()
  local value, more = self:primary(), true
  while more do more, value = self:suffix(value) end
  return value
end

function Walker:table_constructor()
  local fields = {}
  self:expect "{"
  while not self:is "}" do
    local token, following = self:peek(), self.tokens[self.at + 1]
    if token.kind == "name" and following.kind == "op" and following.value == "=" then
      self.at = self.at + 2
      fields[token.value] = self:expression()
      self:escape(fields[token.value])
    elseif self:accept "[" then
      self:escape(self:expression())
      self:expect "]"
      self:expect "="
      self:escape(self:expression())
    else
      self:escape(self:expression())
    end
    if not (self:accept "," or self:accept ";") then break end
  end
  self:expect "}"
  return { is = "table", fields = fields }
end

function Walker:function_body(with_self)
  self:open()
  local parameters = {}
  if with_self then self:declare "self" end
  self:expect "("
  while not self:is ")" do
    local token = self:next()
    if token.kind == "name" then parameters[#parameters + 1] = self:declare(token.value) end
    self:accept ","
  end
  self:expect ")"
  self:block()
  self:expect "end"
  self:close()
  return { is = "function", parameters = parameters }
end

function Walker:simple()
  local token = self:peek()
  if token.kind == "string" then
    self:next()
    return { is = "string", text = token.value }
  elseif token.kind == "number" or self:is "nil" or self:is "true" or self:is "false" or self:is "..." then
    self:next()
    return nil
  elseif self:is "{" then
    return self:table_constructor()
  elseif self:accept "function" then
    return self:function_body()
  end
  return self:read(self:suffixed())
end

local UNARY = { ["not"] = true, ["-"] = true, ["#"] = true, ["~"] = true }
local BINARY = {}
for operator in ("+ - * / // % ^ .. < <= > >= == ~= and or & | ~ << >>"):gmatch "%S+" do BINARY[operator] = true end

function Walker:is_one_of(set)
  local token = self:peek()
  return (token.kind == "op" or token.kind == "keyword") and set[token.value]
end

-- Precedence does not matter here: only the names do.
function Walker:expression()
  local plain = true
  while self:is_one_of(UNARY) do
    self:next()
    plain = false
  end
  local value = self:simple()
  while self:is_one_of(BINARY) do
    self:next()
    plain = false
    self:escape(value)
    while self:is_one_of(UNARY) do self:next() end
    value = self:simple()
  end
  if plain then return value end
  self:escape(value)
end

function Walker:expressions()
  local list, count = {}, 0
  repeat
    count = count + 1
    list[count] = self:expression() or { is = "unknown" }
  until not self:accept ","
  return list
end

-- Statements -----------------------------------------------------------------------------------------

local BLOCK_ENDS = { ["end"] = true, ["else"] = true, ["elseif"] = true, ["until"] = true }

function Walker:block()
  while self:peek().kind ~= "eof" and not self:is_one_of(BLOCK_ENDS) do self:statement() end
end

function Walker:scoped_block()
  self:open()
  self:block()
  self:close()
end

local statements = {}

statements["if"] = function(self)
  repeat
    self:escape(self:expression())
    self:expect "then"
    self:scoped_block()
  until not self:accept "elseif"
  if self:accept "else" then self:scoped_block() end
  self:expect "end"
end

statements["while"] = function(self)
  self:escape(self:expression())
  self:expect "do"
  self:scoped_block()
  self:expect "end"
end

statements["do"] = function(self)
  self:scoped_block()
  self:expect "end"
end

statements["repeat"] = function(self)
  self:open()
  self:block()
  self:expect "until"
  self:escape(self:expression()) -- sees the names of the block
  self:close()
end

statements["for"] = function(self)
  local names = {}
  repeat names[#names + 1] = self:next().value until not self:accept ","
  self:next() -- "=" or "in"
  for _, value in ipairs(self:expressions()) do self:escape(value) end
  self:expect "do"
  self:open()
  for _, name in ipairs(names) do self:declare(name) end
  self:block()
  self:close()
  self:expect "end"
end

statements["function"] = function(self)
  local value, with_self = self:name_value(), false
  local line, bare = self:peek().line, true
  while self:is "." or self:is ":" do
    if bare then self:read(value) end
    bare, with_self = false, self:next().value == ":"
    self:next()
  end
  local body = self:function_body(with_self)
  if not bare then return end
  if value.is == "global" then note(self.scanned.globals, value.name, line, true)
  else value.variable.value = body end
end

local function local_function(self)
  local variable = self:declare(self:next().value)
  variable.value = self:function_body()
end

-- What is known through another local name.
local FOLLOWED = { rc = true, tools = true, member = true, ["function"] = true, global = true }

statements["local"] = function(self)
  if self:accept "function" then return local_function(self) end
  local names = {}
  repeat
    names[#names + 1] = self:next().value
    if self:accept "<" then
      self:next()
      self:expect ">"
    end
  until not self:accept ","
  local values = self:accept "=" and self:expressions() or {}
  for i, name in ipairs(names) do
    local value = values[i]
    local kept = meaning(value)
    if kept and not FOLLOWED[kept.is] then
      self:escape(value)
      kept = nil
    end
    self:declare(name, kept)
  end
end

statements["return"] = function(self)
  if self:peek().kind ~= "eof" and not self:is_one_of(BLOCK_ENDS) and not self:is ";" then
    for _, value in ipairs(self:expressions()) do self:escape(value) end
  end
  self:accept ";"
end

statements["goto"] = function(self) self:next() end
statements["break"] = function() end
statements[";"] = function() end
statements["::"] = function(self)
  self:next()
  self:expect "::"
end

-- What is assigned to is written, not read; a local that gets another value is no longer known.
function Walker:assigned(target)
  if not target then return end
  if target.is == "global" then
    note(self.scanned.globals, target.name, target.line, true)
  elseif target.is == "variable" then
    self:escape(target)
    target.variable.value = nil
  end
end

function Walker:expression_statement()
  local targets = { self:suffixed() or { is = "unknown" } }
  while self:accept "," do targets[#targets + 1] = self:suffixed() or { is = "unknown" } end
  if not self:accept "=" then return end
  for _, value in ipairs(self:expressions()) do self:escape(value) end
  for _, target in ipairs(targets) do self:assigned(target) end
end

function Walker:statement()
  local token = self:peek()
  local known = (token.kind == "keyword" or token.kind == "op") and statements[token.value]
  if not known then return self:expression_statement() end
  self:next()
  known(self)
end

--- Scans a text that `load` takes.
---@param text string
---@return lint.Scan
function M.scan(text)
  local scanned = {
    globals = {}, members = {}, rc = {}, tools = {}, methods = {}, requires = {}, declarations = {}, opaque = false,
  }
  local self = setmetatable({ tokens = lexer.tokens(text), at = 1, scanned = scanned }, Walker)
  self:open()
  self:block()
  if self:peek().kind ~= "eof" then error(("line %d: '%s' ends nothing"):format(self:peek().line, self:peek().value), 0) end
  return scanned
end

--- Whether a file declares something, or is a script.
---@param scanned lint.Scan
---@return boolean
function M.declares(scanned)
  return #scanned.declarations > 0
end

return M
