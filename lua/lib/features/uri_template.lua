--- URI templates, RFC 6570 levels 1 and 2, read backwards: from a URI to the values that expand to it.
---
---   {var}   characters without a meaning of their own, and percent escapes, which are decoded
---   {+var}  any characters, "/" among them
---   {#var}  "#" and any characters
---
--- Each variable takes at least one character.  A template and a URI have one answer: the earlier of two
--- variables takes as little as it can.

local codec = require "core.codec"

local M = {}

---@class UriTemplate
---@field literal integer              how many characters stand for themselves
---@field wide integer                 how many variables take any characters
---@field package head string          before the first expression
---@field package parts { name: string, class: string, tail: string }[]  an expression, and the text up to the next
local UriTemplate = {}
UriTemplate.__index = UriTemplate

local SIMPLE = "[^%c :/?#%[%]@!$&'()*+,;=]+"
local RESERVED = "[^%c ]+"
local OPERATORS = { [""] = { "", SIMPLE }, ["+"] = { "", RESERVED }, ["#"] = { "#", RESERVED } }

local function read_expression(text, seen)
  local operator, name = text:match("^([^%w_]?)([%w_.]+)$")
  if not name then return nil, ("'{%s}' must be a variable's name, or '+' or '#' and a name"):format(text) end
  local kind = OPERATORS[operator]
  if not kind then return nil, ("'{%s}': the operators are '+' and '#'"):format(text) end
  if seen[name] then return nil, ("the variable '%s' stands in it twice"):format(name) end
  seen[name] = true
  return { name = name, lead = kind[1], class = "^" .. kind[2], is_wide = kind[2] == RESERVED }
end

--- Compiles a template.
---@param text string
---@return UriTemplate|nil template, string? problem
function M.compile(text)
  local self = setmetatable({ parts = {}, literal = 0, wide = 0 }, UriTemplate)
  local seen, last = {}, nil
  local at = 1
  repeat
    local open = text:find("{", at, true)
    local between = text:sub(at, (open or 0) - 1)
    if between:find("}", 1, true) then return nil, "a '}' without its '{'" end
    local close = open and text:find("}", open, true)
    if open and not close then return nil, "a '{' without its '}'" end
    local part, problem
    ---@cast close integer
    if open then part, problem = read_expression(text:sub(open + 1, close - 1), seen) end
    if problem then return nil, problem end
    if part then between = between .. part.lead end
    if last and part and between == "" then return nil, "two variables need a character between them" end
    if last then last.tail = between else self.head = between end
    self.literal = self.literal + #between
    self.parts[#self.parts + 1] = part
    if part and part.is_wide then self.wide = self.wide + 1 end
    last, at = part, close and close + 1
  until not at
  if #self.parts == 0 then return nil, "it has no variable, as '{id}'; a resource without one is declared with a 'uri'" end
  return self
end

-- The ends that a part's value may have: where its tail begins.  The last tail ends the URI.
local function next_end(part, uri, from, is_last)
  if is_last then
    local at = #uri - #part.tail + 1
    return at >= from and uri:sub(at) == part.tail and at or nil
  end
  return (uri:find(part.tail, from, true))
end

-- Fills `ends` from part `index`, whose value begins at `from`.  A part that fails at one place fails at all
-- later ones of the same run of characters, which leave it fewer ends: that keeps the work linear.
local function fit(parts, index, uri, from, ends, failed)
  local part, run = parts[index], failed[index]
  if not part then return true end
  if run and from >= run.from and from <= run.last then return false end
  -- linear: anchored, and one repeat of one class
  local _, last = uri:find(part.class, from)
  local at = last and next_end(part, uri, from + 1, index == #parts)
  while at and at <= last + 1 do
    ends[index] = at
    if fit(parts, index + 1, uri, at + #part.tail, ends, failed) then return true end
    at = index < #parts and next_end(part, uri, at + 1, false) or nil
  end
  failed[index] = { from = from, last = last or from }
  return false
end

--- Matches a URI.
---@param uri string
---@return table<string, string>|nil variables  decoded; nil: it does not match
function UriTemplate:match(uri)
  local parts, ends, from = self.parts, {}, #self.head + 1
  if uri:sub(1, from - 1) ~= self.head or not fit(parts, 1, uri, from, ends, {}) then return nil end
  local variables = {}
  for i, part in ipairs(parts) do
    local value = codec.percent_decode(uri:sub(from, ends[i] - 1))
    if not value or not codec.is_utf8(value) or value:find("%z") then return nil end
    variables[part.name] = value
    from = ends[i] + #part.tail
  end
  return variables
end

return M
