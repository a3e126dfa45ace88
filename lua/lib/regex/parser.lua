--- From the text of a regular expression to its tree.
---
--- A node is `{ op = "set", set }`, `{ op = "start" | "finish" }`, `{ op = "boundary", wanted }`, or has nodes: `sequence`,
--- `alternatives`, and `repeat` with `low`, `high` and one.

local sets = require "lib.regex.sets"

local between, complement, union = sets.between, sets.complement, sets.union

local M = {}

local MAX_LENGTH = 10000 -- characters of a pattern
local MAX_DEPTH = 100    -- of its parentheses

---@class regex.Parser
---@field source string
---@field chars string[]
---@field at integer       of the character that is read next
---@field depth integer
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
  local set = require("lib.unicode").set(name) --[[@as CharSet]]
  if not set then
    fail(self, ("the Unicode property '%s' is not known (general categories, Any, ASCII and Assigned are)"):format(name))
  end
  return negated and complement(set) or set
end

-- Behind a backslash: a code point, or a set.
function Parser:escape()
  local c = self:take()
  if not c then fail(self, "a backslash at the end") end
  if sets.CLASSES[c] then return nil, sets.CLASSES[c] end
  if sets.CONTROLS[c] then return sets.CONTROLS[c] end
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
  local parts = {}
  while not self:accept("]") do
    local low, set = self:class_atom()
    if low and self:peek() == "-" and self:peek(1) and self:peek(1) ~= "]" then
      self:take()
      local high, other = self:class_atom()
      if other or high < low then fail(self, "a range out of order") end
      parts[#parts + 1] = between(low, high)
    else
      parts[#parts + 1] = set or between(low, low)
    end
  end
  local all = union(parts)
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

local literals = {} ---@type table<string, table>  of ASCII: nodes never change

local function literal(c)
  local node = literals[c]
  if node then return node end
  local code = utf8.codepoint(c)
  node = { op = "set", set = between(code, code) }
  if code < 0x80 then literals[c] = node end
  return node
end

function Parser:atom()
  local c = self:take()
  if c == "(" then return self:group() end
  if c == "[" then return self:class() end
  if c == "." then return { op = "set", set = complement(sets.is_line_end) } end
  if c == "^" then return { op = "start" } end
  if c == "$" then return { op = "finish" } end
  if c == "*" or c == "+" or c == "?" then fail(self, "nothing to repeat") end
  if c ~= "\\" then return literal(c) end
  if self:accept("b") then return { op = "boundary", wanted = true } end
  if self:accept("B") then return { op = "boundary", wanted = false } end
  local code, set = self:escape()
  return { op = "set", set = set or between(code, code) }
end

-- {n}, {n,} or {n,m} at this place; nil, and nothing taken, if it is none.
function Parser:braces()
  if self:peek() ~= "{" then return nil end
  local rest = table.concat(self.chars, "", self.at, math.min(self.at + 20, #self.chars))
  local least, comma, most, stop = rest:match("^{(%d+)(,?)(%d*)}()")
  if not least then return nil end
  self.at = self.at + stop --[[@as any]] - 1 -- the quantifier is ASCII: bytes are characters
  local low = tonumber(least) --[[@as integer]]
  if comma == "" then return low, low end
  return low, most ~= "" and tonumber(most) or math.huge
end

function Parser:quantified()
  local node = self:atom()
  local low, high
  local c = self:peek()
  if c ~= "*" and c ~= "+" and c ~= "?" and c ~= "{" then return node end
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
  self.depth = self.depth + 1
  if self.depth > MAX_DEPTH then fail(self, "nested too deep") end
  local node = { op = "alternatives", self:sequence() }
  while self:accept("|") do node[#node + 1] = self:sequence() end
  self.depth = self.depth - 1
  return #node == 1 and node[1] or node
end

--- Parses a pattern.  Raises `{ regex = message }` where it is none.
---@param pattern string
---@return table node
function M.parse(pattern)
  local length = utf8.len(pattern)
  if not length then error({ regex = "the pattern is not valid UTF-8" }, 0) end
  if length > MAX_LENGTH then error({ regex = ("the pattern is too large: over %d characters"):format(MAX_LENGTH) }, 0) end
  local self = setmetatable({ source = pattern, chars = {}, at = 1, depth = 0 }, Parser)
  for _, code in utf8.codes(pattern) do self.chars[#self.chars + 1] = utf8.char(code) end
  local tree = self:alternatives()
  if self:peek() then fail(self, "an unopened parenthesis") end
  return tree
end

return M
