--- Lua source to tokens, for the checks of recipes.  The text is known to be valid Lua: `load` took it.

local M = {}

---@class lint.Token
---@field kind "name"|"string"|"number"|"op"|"keyword"|"eof"
---@field value? string   as written; of a string its text, nil where escapes make it another
---@field line integer
---@field first integer   where it stands in the text
---@field last integer

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
    until while]]):gmatch "%a+" do
  KEYWORDS[word] = true
end

-- The longest first.
local OPERATORS = { "^%.%.%.", "^[<>=~]=", "^//", "^::", "^<<", "^>>", "^%.%.", "^." }

local function count_lines(text, from, to)
  local count, at = 0, from
  while true do
    at = text:find("\n", at, true)
    if not at or at > to then return count end
    count, at = count + 1, at + 1
  end
end

-- Where a long bracket that opens at `from` has its text, and where it ends; nil where none opens.
local function long_bracket(text, from)
  local level, first = text:match("^%[(=*)%[()", from)
  if not level then return nil end
  local close = assert(text:find("]" .. level .. "]", first, true), "unfinished long bracket")
  return text:sub(first, close - 1), close + #level + 1
end

-- The end of the comment that begins at `from`.
local function comment_end(text, from)
  local _, last = long_bracket(text, from + 2)
  return last or (text:find("\n", from, true) or #text + 1) - 1
end

-- The end of a quoted string.
local function quoted_end(text, from)
  local quote, at = text:sub(from, from), from + 1
  while true do
    -- linear: one character of a set
    local found = assert(text:find("[\\" .. quote .. "]", at), "unfinished string")
    if text:sub(found, found) == quote then return found end
    at = found + 2
  end
end

local function number_end(text, from)
  local last = select(2, text:find("^0[xX][%x.]*", from)) or select(2, text:find("^[%d.]+", from))
  while true do -- an exponent's sign belongs to the number
    local more = select(2, text:find("^[eEpP][+-]?%x*", last + 1)) or select(2, text:find("^[%w.]+", last + 1))
    if not more then return last end
    last = more
  end
end

-- The token that begins at `at`, which is no space and no comment: kind, value, last character.
local function token_at(text, at)
  local byte = text:sub(at, at)
  if byte:find "[%a_]" then
    local word = text:match("^[%w_]+", at)
    return KEYWORDS[word] and "keyword" or "name", word, at + #word - 1
  elseif byte:find "%d" or text:find("^%.%d", at) then
    local last = number_end(text, at)
    return "number", text:sub(at, last), last
  elseif byte == '"' or byte == "'" then
    local last = quoted_end(text, at)
    local value = text:sub(at + 1, last - 1)
    return "string", not value:find("\\", 1, true) and value or nil, last
  end
  local value, last = long_bracket(text, at)
  if value then return "string", value, last end
  for _, pattern in ipairs(OPERATORS) do
    local operator = text:match(pattern, at)
    if operator then return "op", operator, at + #operator - 1 end
  end
end

--- The tokens of a text; the last one is of kind "eof".
---@param text string
---@return lint.Token[]
function M.tokens(text)
  local list, at, line = {}, 1, 1
  if text:sub(1, 1) == "#" then at = text:find("\n", 1, true) or #text + 1 end
  while true do
    local next_at = text:find("%S", at)
    if not next_at then break end
    line, at = line + count_lines(text, at, next_at - 1), next_at
    local last
    if text:find("^%-%-", at) then
      last = comment_end(text, at)
    else
      local kind, value
      kind, value, last = token_at(text, at)
      list[#list + 1] = { kind = kind, value = value, line = line, first = at, last = last }
    end
    line, at = line + count_lines(text, at, last), last + 1
  end
  list[#list + 1] = { kind = "eof", line = line }
  return list
end

--- The same of a text that may be no Lua: nil where it ends within a string or a comment.
---@param text string
---@return lint.Token[]?
function M.attempt(text)
  local ok, tokens = pcall(M.tokens, text)
  return ok and tokens or nil
end

return M
