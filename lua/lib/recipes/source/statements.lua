--- Statements: methods of the walker.

local meaning = require("lib.recipes.source.values").meaning
local walker = require "lib.recipes.source.walker"

require "lib.recipes.source.expressions"

local Walker, note = walker.Walker, walker.note

local BLOCK_ENDS = { ["end"] = true, ["else"] = true, ["elseif"] = true, ["until"] = true }

-- Whether a statement only says once more that nothing comes after: `return`, `return nil`, `break`.
function Walker:is_seal()
  if self:is "break" or self:is "goto" or self:is "::" or self:is ";" then return true end
  local following = self.tokens[self.at + 1]
  return self:is "return" and (following.kind == "eof" or following.kind == "keyword" and BLOCK_ENDS[following.value] ~= nil
    or following.value == ";" or following.kind == "keyword" and following.value == "nil")
end

function Walker:block()
  local ended
  while self:peek().kind ~= "eof" and not self:is_one_of(BLOCK_ENDS) do
    if ended and not self:is_seal() then note(self.scanned.unreachable, ended, self:peek().line) end
    ended = self:statement()
  end
end

function Walker:scoped_block()
  self:open()
  self:block()
  self:close()
end

local statements = {}

-- What is asked: a value that stands there alone is looked at.
function Walker:condition()
  local line, value = self:peek().line, self:expression()
  if value then table.insert(self.scanned.conditions, { value = value, line = line }) end
  self:escape(value)
  return value
end

-- The body of a loop; whether something in it may leave it.
function Walker:loop_body(body)
  local outer, loop = self.loop, {}
  self.loop = loop
  body()
  self.loop = outer
  if loop.left_all then self:leaves() end
  if loop.left and outer then outer.left = true end
  return loop.left or loop.broken or loop.left_all or false
end

-- `return` and `goto` leave all loops around.
function Walker:leaves()
  if self.loop then self.loop.left_all = true end
end

statements["if"] = function(self)
  repeat
    self:condition()
    self:expect "then"
    self:scoped_block()
  until not self:accept "elseif"
  if self:accept "else" then self:scoped_block() end
  self:expect "end"
end

statements["while"] = function(self)
  local line, asked = self:peek().line, self:condition()
  self:expect "do"
  local may_end = self:loop_body(function() self:scoped_block() end)
  self:expect "end"
  if may_end or not (asked and asked.is == "boolean" and asked.value) then return end
  note(self.scanned.endless, "while", line)
  return "the loop"
end

statements["do"] = function(self)
  self:scoped_block()
  self:expect "end"
end

statements["repeat"] = function(self)
  self:open()
  self:loop_body(function() self:block() end)
  self:expect "until"
  self:condition() -- sees the names of the block
  self:close()
end

-- Whether the tokens from here are `0, #name do` or `0, #name - 1 do`.
function Walker:counts_from_zero()
  local tokens, at = self.tokens, self.at
  if tokens[at].value ~= "0" or tokens[at].kind ~= "number" or tokens[at + 2].value ~= "#" then return false end
  for i = at + 3, math.min(at + 12, #tokens - 2) do
    if tokens[i].value == "do" then return true end
    if tokens[i].value == "," then return false end
    if tokens[i].value == "-" and tokens[i + 1].value == "1" then return tokens[i + 2].value == "do" end
  end
  return false
end

-- Whether `[name]` stands among the tokens.
function Walker:indexes(name, from, to)
  for i = from, to - 2 do
    if self.tokens[i].value == "[" and self.tokens[i + 1].value == name and self.tokens[i + 2].value == "]" then return true end
  end
  return false
end

statements["for"] = function(self)
  local names = {}
  repeat names[#names + 1] = self:next().value until not self:accept ","
  local token = self:next() -- "=" or "in"
  local line = token.line
  local from_zero = self:counts_from_zero()
  local values = self:expressions()
  for _, value in ipairs(values) do self:escape(value) end
  if token.value == "in" then table.insert(self.scanned.iterated, { values = values, line = line }) end
  self:expect "do"
  local from = self.at
  self:open()
  for _, name in ipairs(names) do self:declare(name) end
  local entries = values[1].is == "pairs" and names[2] and self:find(names[2])
  if entries then entries.made = { is = "item", of = values[1].of } end
  self:loop_body(function() self:block() end)
  self:close()
  if from_zero and self:indexes(names[1], from, self.at) then note(self.scanned.misused, "0-based", line) end
  self:expect "end"
end

statements["function"] = function(self)
  local value, with_self = self:name_value(), false
  local line, bare = self:peek().line, true
  while self:is "." or self:is ":" do
    if bare then self:read(value) end
    bare, with_self = false, self:next().value == ":"
    local name = self:next().value
    if value.is == "variable" then value.variable.extended, value.variable.written[name] = true, true end
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
local FOLLOWED = {
  rc = true, tools = true, member = true, tool = true, job = true, finished = true, ["function"] = true, global = true,
  status = true, response = true,
}

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
  local line, values = self:peek().line, self:accept "=" and self:expressions() or {}
  if #names > 1 and #values == 1 then table.insert(self.scanned.paired, { value = values[1], line = line }) end
  for i, name in ipairs(names) do
    local value = values[i]
    local kept = meaning(value)
    if kept and not FOLLOWED[kept.is] then
      self:escape(value)
      kept = nil
    end
    local variable = self:declare(name, kept)
    variable.made = value
    if value and value.is == "job" then table.insert(self.scanned.kept, { variable = variable, value = value, line = line }) end
  end
end

statements["return"] = function(self)
  local line, values = self:peek().line, {}
  if self:peek().kind ~= "eof" and not self:is_one_of(BLOCK_ENDS) and not self:is ";" then
    values = self:expressions()
    for _, value in ipairs(values) do self:escape(value) end
  end
  local returned = { line = line, values = values }
  if self.body then table.insert(self.body.returns, returned) else self.scanned.returned = returned end
  self:leaves()
  self:accept ";"
end

statements["goto"] = function(self)
  self:next()
  self:leaves()
end

statements["break"] = function(self)
  if self.loop then self.loop.broken = true end
end

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
  elseif (target.is == "field" or target.is == "item") and target.of and target.of.is == "variable" then
    target.of.variable.extended = true
    if target.name then target.of.variable.written[target.name] = true end
  elseif target.is == "variable" then
    self:escape(target)
    target.variable.value, target.variable.assigned = nil, true
  end
end

function Walker:expression_statement()
  self.last_method = nil
  local line = self:peek().line
  local targets = { self:suffixed() or { is = "unknown" } }
  local called = self.last_method
  while self:accept "," do targets[#targets + 1] = self:suffixed() or { is = "unknown" } end
  if not self:accept "=" then
    if called then table.insert(self.scanned.thrown, called) end
    local value = targets[1]
    table.insert(self.scanned.dropped, { value = value, line = line })
    return value.is == "end" and value.what or nil
  end
  for _, value in ipairs(self:expressions()) do self:escape(value) end
  for _, target in ipairs(targets) do self:assigned(target) end
end

--- One statement; what ended the block, where nothing that follows is reached.
---@return string? ended
function Walker:statement()
  local token = self:peek()
  local known = (token.kind == "keyword" or token.kind == "op") and statements[token.value]
  if not known then return self:expression_statement() end
  self:next()
  return known(self)
end

return Walker
