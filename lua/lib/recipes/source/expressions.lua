--- Expressions: methods of the walker that give the value of each.

local walker = require "lib.recipes.source.walker"

require "lib.recipes.source.values"

local Walker, note = walker.Walker, walker.note

local UNKNOWN = { is = "unknown" }

function Walker:name_value()
  local token = self:next()
  local variable = self:find(token.value)
  if variable then
    variable.used = true
    return { is = "variable", variable = variable }
  end
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
    return { { is = "string", text = token.value, line = token.line } }
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

function Walker:escaped_arguments()
  local arguments = self:arguments()
  for _, argument in ipairs(arguments) do self:escape(argument) end
  return arguments
end

function Walker:call(value, line)
  self:read(value)
  local called = self:called(value, self:escaped_arguments(), line)
  self.last_method = nil
  return called
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
    self:escape(value)
    local arguments = self:escaped_arguments()
    self.last_method = { name = method, line = token.line, variable = value and value.is == "variable" and value.variable or nil }
    return true, self:method(value, method, arguments, token.line)
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

-- One entry of a table: by its name, at its place in the list, or under a key that is worked out.
function Walker:entry(node)
  local token, following = self:peek(), self.tokens[self.at + 1]
  if token.kind == "name" and following.kind == "op" and following.value == "=" then
    self.at = self.at + 2
    node.fields[token.value] = self:expression() or UNKNOWN
    node.lines[token.value] = token.line
    return self:escape(node.fields[token.value])
  elseif self:accept "[" then
    local key = self:expression()
    self:escape(key)
    self:expect "]"
    self:expect "="
    local value = self:expression()
    if key and key.is == "string" and key.text then
      node.fields[key.text], node.lines[key.text] = value or UNKNOWN, token.line
    else
      node.open = true
      if key and key.is == "number" then node.numbers[#node.numbers + 1] = { text = key.text, line = token.line } end
      node.values[#node.values + 1] = value
    end
    return self:escape(value)
  end
  local value = self:expression() or UNKNOWN
  node.items[#node.items + 1] = { value = value, line = token.line }
  self:escape(value)
end

function Walker:table_constructor()
  local node = { is = "table", fields = {}, lines = {}, items = {}, numbers = {}, values = {}, line = self:peek().line }
  self:expect "{"
  while not self:is "}" do
    self:entry(node)
    if not (self:accept "," or self:accept ";") then break end
  end
  self:expect "}"
  return node
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
  self:may_leave() -- if it is called there
  local outer, loop = self.body, self.loop
  local node = { is = "function", parameters = parameters, returns = {} }
  self.body, self.loop = node, nil
  self:block()
  self.body, self.loop = outer, loop
  self:expect "end"
  self:close()
  return node
end

function Walker:simple()
  local token = self:peek()
  if token.kind == "string" then
    self:next()
    return { is = "string", text = token.value, line = token.line }
  elseif token.kind == "number" then
    self:next()
    return { is = "number", text = token.value }
  elseif self:is "nil" then
    self:next()
    return { is = "nil" }
  elseif self:is "true" or self:is "false" then
    self:next()
    return { is = "boolean", value = token.value == "true" }
  elseif self:accept "..." then
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

local COMPARES = { ["=="] = true, ["~="] = true, ["<"] = true, [">"] = true, ["<="] = true, [">="] = true }
local LOGICAL = { ["and"] = true, ["or"] = true }
local WORKS = {} -- what fails on values of the wrong kind
for operator in ("+ - * / // % ^ .. #"):gmatch "%S+" do WORKS[operator] = true end
local JOINS = {} -- what binds closer than a comparison
for operator in pairs(BINARY) do JOINS[operator] = not (COMPARES[operator] or LOGICAL[operator]) or nil end

-- Texts are joined with `..`: one that is no number makes `+` fail.
function Walker:check_plus(value, line)
  if value and value.is == "string" and value.text and not tonumber(value.text) then note(self.scanned.misused, "+", line) end
end

-- A value beside an operator is worked with by that one, or by a closer one that fails on it as well.
function Walker:take_operation(operator, left, right)
  if WORKS[operator.value] then
    table.insert(self.scanned.operations, { operator = operator.value, left = left, right = right, line = operator.line })
  end
end

-- The rest of an expression with operators, of which the first value is known: nothing is known of the whole, but how a
-- text begins.
function Walker:operated(value, negated)
  local head = value and value.is == "string" and self:is ".." and value.text
  local whole = true -- the value is all that stands before the operator
  local left = not negated and value or nil
  while self:is_one_of(BINARY) do
    local operator = self:next()
    self:escape(value)
    local plain, own = not self:is_one_of(UNARY), nil
    while self:is_one_of(UNARY) do own = self:next() end
    local right = self:simple()
    if own then self:measure(own, right) end
    if COMPARES[operator.value] and whole and plain and not self:is_one_of(JOINS) then
      table.insert(self.scanned.compared, { left = value, right = right, line = operator.line, negated = negated })
    end
    self:take_operation(operator, left, plain and right or nil)
    left = plain and right or nil
    whole, negated = LOGICAL[operator.value] and plain or false, false
    if operator.value == "+" then
      self:check_plus(value, operator.line)
      if plain then self:check_plus(right, operator.line) end
    end
    value = right
  end
  self:escape(value)
  return head and { is = "text", text = head } or nil
end

-- #value
function Walker:measure(operator, value)
  if operator.value == "#" then self:take_operation(operator, nil, value) end
end

-- What a value is behind an operator of its own: a negative number; nothing else is known.
function Walker:behind(operator, value)
  if operator.value == "-" and value and value.is == "number" then return { is = "number", text = "-" .. value.text } end
  self:escape(value)
end

-- Precedence does not matter here: only the names do.
function Walker:expression()
  local plain, negated, operator = true, false, nil
  while self:is_one_of(UNARY) do
    operator = self:next()
    negated = operator.value == "not"
    plain = false
  end
  local value = self:simple()
  if operator then self:measure(operator, value) end
  if self:is_one_of(BINARY) then
    local known = plain or negated
    if not known then self:escape(value) end
    return self:operated(known and value or nil, negated)
  end
  if plain then return value end
  return self:behind(operator, value)
end

function Walker:expressions()
  local list, count = {}, 0
  repeat
    count = count + 1
    list[count] = self:expression() or UNKNOWN
  until not self:accept ","
  return list
end

return Walker
