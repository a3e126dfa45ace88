--- Regular expressions of JSON Schema (the part of ECMA-262 that needs no memory of what was matched).
---
--- A pattern becomes a small program that is run over the text with a set of states, so a match takes time
--- in proportion to pattern and text, whatever the pattern: there is no backtracking to run away.
--- Characters are Unicode code points.  Look-around and back references are refused by name.

local M = {}

local MAX_PROGRAM = 10000 -- instructions; {n,m} unfolds

---@class Regex
---@field package program table[]
local Regex = {}
Regex.__index = Regex

---------------------------------------------------------------------------------------------------
-- Sets of characters: functions from code point to boolean

local function between(low, high)
  return function(c) return c >= low and c <= high end
end

local function is_digit(c) return c >= 48 and c <= 57 end

local function is_word(c)
  return is_digit(c) or c == 95 or (c >= 65 and c <= 90) or (c >= 97 and c <= 122)
end

local SPACES = {
  [0x9] = true, [0xA] = true, [0xB] = true, [0xC] = true, [0xD] = true, [0x20] = true, [0xA0] = true, [0x1680] = true,
  [0x2028] = true, [0x2029] = true, [0x202F] = true, [0x205F] = true, [0x3000] = true, [0xFEFF] = true,
}
for c = 0x2000, 0x200A do SPACES[c] = true end

local function is_space(c) return SPACES[c] == true end

local function is_line_end(c) return c == 0xA or c == 0xD or c == 0x2028 or c == 0x2029 end

local function complement(set)
  return function(c) return not set(c) end
end

local function union(sets)
  return function(c)
    for _, set in ipairs(sets) do
      if set(c) then return true end
    end
    return false
  end
end

local CLASSES = {
  d = is_digit, D = complement(is_digit), w = is_word, W = complement(is_word), s = is_space, S = complement(is_space),
}

local CONTROLS = { t = 9, n = 10, v = 11, f = 12, r = 13, ["0"] = 0 }

---------------------------------------------------------------------------------------------------
-- Parser: text to tree

local Parser = {}
Parser.__index = Parser

local function fail(self, message)
  error({ regex = ("%s at character %d of pattern '%s'"):format(message, self.at, self.source) }, 0)
end

function Parser:peek(offset)
  return self.chars[self.at + (offset or 0)]
end

function Parser:take()
  local c = self.chars[self.at]
  self.at = self.at + 1
  return c
end

function Parser:accept(c)
  if self:peek() ~= c then return false end
  self.at = self.at + 1
  return true
end

function Parser:hex(count)
  local digits = {}
  for i = 1, count do digits[i] = self:take() or "" end
  local text = table.concat(digits)
  if not text:match("^%x+$") or #text ~= count then fail(self, "malformed escape") end
  return tonumber(text, 16)
end

function Parser:unicode_escape()
  if not self:accept("{") then return self:hex(4) end
  local digits = {}
  while self:peek() and self:peek() ~= "}" do digits[#digits + 1] = self:take() end
  local text = table.concat(digits)
  if not self:accept("}") or not text:match("^%x+$") then fail(self, "malformed escape") end
  return tonumber(text, 16)
end

function Parser:property(negated)
  local start = self.at
  if not self:accept("{") then fail(self, "\\p wants a property in braces") end
  while self:peek() and self:peek() ~= "}" do self:take() end
  if not self:accept("}") then fail(self, "\\p wants a property in braces") end
  local name = table.concat(self.chars, "", start + 1, self.at - 2)
  local set = require("lib.unicode").set(name)
  if not set then
    fail(self, ("the Unicode property '%s' is not known (general categories, Any, ASCII and Assigned are)"):format(name))
  end
  return negated and complement(set) or set
end

-- Behind a backslash: a code point, or a set.
function Parser:escape()
  local c = self:take()
  if not c then fail(self, "a backslash at the end") end
  if CLASSES[c] then return nil, CLASSES[c] end
  if CONTROLS[c] then return CONTROLS[c] end
  if c == "x" then return self:hex(2) end
  if c == "u" then return self:unicode_escape() end
  if c == "c" then
    local letter = self:take() or ""
    if not letter:match("^%a$") then fail(self, "\\c wants a letter") end
    return letter:byte() % 32
  end
  if c:match("^[1-9]$") or c == "k" then fail(self, "back references are not supported") end
  if c == "p" or c == "P" then return nil, self:property(c == "P") end
  if c:match("^%a$") then fail(self, "unknown escape \\" .. c) end
  return utf8.codepoint(c)
end

-- One end of a range, or a set, inside brackets.
function Parser:class_atom()
  local c = self:take()
  if not c then fail(self, "a bracket is not closed") end
  if c ~= "\\" then return utf8.codepoint(c) end
  if self:accept("b") then return 8 end
  if self:accept("-") then return 45 end
  return self:escape()
end

function Parser:class()
  local negated = self:accept("^")
  local sets = {}
  while not self:accept("]") do
    local low, set = self:class_atom()
    if low and self:peek() == "-" and self:peek(1) and self:peek(1) ~= "]" then
      self:take()
      local high, other = self:class_atom()
      if other or high < low then fail(self, "a range out of order") end
      sets[#sets + 1] = between(low, high)
    else
      sets[#sets + 1] = set or between(low, low)
    end
  end
  local all = union(sets)
  return { op = "set", set = negated and complement(all) or all }
end

function Parser:group()
  if self:accept("?") then
    local kind = self:take()
    if kind == "<" and self:peek() ~= "=" and self:peek() ~= "!" then
      while self:peek() and not self:accept(">") do self:take() end
    elseif kind ~= ":" then
      fail(self, "look-around is not supported")
    end
  end
  local node = self:alternatives()
  if not self:accept(")") then fail(self, "a parenthesis is not closed") end
  return node
end

function Parser:atom()
  local c = self:take()
  if c == "(" then return self:group() end
  if c == "[" then return self:class() end
  if c == "." then return { op = "set", set = complement(is_line_end) } end
  if c == "^" then return { op = "start" } end
  if c == "$" then return { op = "finish" } end
  if c == "*" or c == "+" or c == "?" then fail(self, "nothing to repeat") end
  if c ~= "\\" then
    local code = utf8.codepoint(c)
    return { op = "set", set = between(code, code) }
  end
  if self:accept("b") then return { op = "boundary", wanted = true } end
  if self:accept("B") then return { op = "boundary", wanted = false } end
  local code, set = self:escape()
  return { op = "set", set = set or between(code, code) }
end

-- {n}, {n,} or {n,m} at this place; nil, and nothing taken, if it is none.
function Parser:braces()
  local rest = table.concat(self.chars, "", self.at, math.min(self.at + 20, #self.chars))
  local low, comma, high, stop = rest:match("^{(%d+)(,?)(%d*)}()")
  if not low then return nil end
  self.at = self.at + stop - 1 -- the quantifier is ASCII: bytes are characters
  low = tonumber(low)
  if comma == "" then return low, low end
  return low, high ~= "" and tonumber(high) or math.huge
end

function Parser:quantified()
  local node = self:atom()
  local low, high
  if self:accept("*") then
    low, high = 0, math.huge
  elseif self:accept("+") then
    low, high = 1, math.huge
  elseif self:accept("?") then
    low, high = 0, 1
  else
    low, high = self:braces()
  end
  if not low then return node end
  if high < low then fail(self, "a quantifier out of order") end
  self:accept("?") -- lazy or greedy: whether there is a match is the same
  return { op = "repeat", low = low, high = high, node }
end

function Parser:sequence()
  local node = { op = "sequence" }
  while self:peek() and self:peek() ~= "|" and self:peek() ~= ")" do node[#node + 1] = self:quantified() end
  return node
end

function Parser:alternatives()
  self.depth = (self.depth or 0) + 1
  if self.depth > 100 then fail(self, "nested too deep") end
  local node = { op = "alternatives", self:sequence() }
  while self:accept("|") do node[#node + 1] = self:sequence() end
  self.depth = self.depth - 1
  return #node == 1 and node[1] or node
end

---------------------------------------------------------------------------------------------------
-- Code: tree to program

local emit

local function push(program, instruction)
  if #program >= MAX_PROGRAM then
    error({ regex = "the pattern is too large: over " .. MAX_PROGRAM .. " steps" }, 0)
  end
  program[#program + 1] = instruction
  return instruction
end

local EMIT = {}

function EMIT.sequence(program, node)
  for _, child in ipairs(node) do emit(program, child) end
end

function EMIT.alternatives(program, node)
  local jumps = {}
  for i, child in ipairs(node) do
    local split = i < #node and push(program, { op = "split", #program + 2 })
    emit(program, child)
    if split then
      jumps[#jumps + 1] = push(program, { op = "jump" })
      split[2] = #program + 1
    end
  end
  for _, jump in ipairs(jumps) do jump[1] = #program + 1 end
end

EMIT["repeat"] = function(program, node)
  for _ = 1, node.low do emit(program, node[1]) end
  if node.high == math.huge then
    local split = push(program, { op = "split", #program + 2 })
    local back = #program
    emit(program, node[1])
    push(program, { op = "jump", back })
    split[2] = #program + 1
    return
  end
  local splits = {}
  for _ = node.low + 1, node.high do
    splits[#splits + 1] = push(program, { op = "split", #program + 2 })
    emit(program, node[1])
  end
  for _, split in ipairs(splits) do split[2] = #program + 1 end
end

function emit(program, node)
  local special = EMIT[node.op]
  if special then special(program, node) else push(program, node) end
end

---------------------------------------------------------------------------------------------------
-- Run

-- Whether the assertion `step` holds between the code points `before` and `after` (nil: the text's end).
local function holds(step, before, after)
  if step.op == "start" then return before == nil end
  if step.op == "finish" then return after == nil end
  local word_before = before ~= nil and is_word(before)
  local word_after = after ~= nil and is_word(after)
  return (word_before ~= word_after) == step.wanted
end

-- Adds to `states` every state reached from `at` without a character; true if one of them is the match.
local function follow(program, states, seen, at, before, after)
  local stack = { at }
  while #stack > 0 do
    at = table.remove(stack)
    local step = program[at]
    if not seen[at] then
      seen[at] = true
      if not step then return true end
      if step.op == "set" then
        states[#states + 1] = at
      elseif step.op == "jump" then
        stack[#stack + 1] = step[1]
      elseif step.op == "split" then
        stack[#stack + 1] = step[2]
        stack[#stack + 1] = step[1]
      elseif holds(step, before, after) then
        stack[#stack + 1] = at + 1
      end
    end
  end
  return false
end

--- Whether the pattern matches anywhere in a text.
---@param text string  UTF-8
---@return boolean
function Regex:matches(text)
  local program = self.program
  local codes = {}
  for _, code in utf8.codes(text) do codes[#codes + 1] = code end
  local states, seen = {}, {}
  for i = 0, #codes do
    local before, after = codes[i], codes[i + 1]
    if follow(program, states, seen, 1, before, after) then return true end
    local following, following_seen = {}, {}
    for _, at in ipairs(states) do
      if after and program[at].set(after) and follow(program, following, following_seen, at + 1, after, codes[i + 2]) then
        return true
      end
    end
    states, seen = following, following_seen
  end
  return false
end

--- Compiles a pattern.
---@param pattern string
---@return Regex? regex, string? message
function M.compile(pattern)
  if not utf8.len(pattern) then return nil, "the pattern is not valid UTF-8" end
  local parser = setmetatable({ source = pattern, chars = {}, at = 1 }, Parser)
  for _, code in utf8.codes(pattern) do parser.chars[#parser.chars + 1] = utf8.char(code) end
  local program = {}
  local ok, err = pcall(function()
    local tree = parser:alternatives()
    if parser:peek() then fail(parser, "an unopened parenthesis") end
    emit(program, tree)
  end)
  if ok then return setmetatable({ program = program }, Regex) end
  if type(err) == "table" and err.regex then return nil, err.regex end
  error(err, 0)
end

return M
