--- Refuses Lua patterns whose time may grow faster than the text: lua/ and recipes/ read foreign text with them.
---
---   rcmcp lua scripts/check-patterns.lua [ROOT]
---
--- Lua's matcher goes back (lstrlib.c): it tries a pattern without "^" at each byte, and each open repeat ("*", "+", "-") at each
--- length.  One of these is linear, two are quadratic.  What is refused:
---   - without "^": a repeat whose text may also begin the pattern, with something behind it that may fail;
---   - with "^": two repeats that may hand over at more than one place.
--- Patterns that are not written where they are used are counted, not judged.
--- A line that ends with "-- linear: REASON" (or the line above it) says why it is not so there: what bounds the text.

local lexer = require "lib.recipes.lint.lexer"

local root = arg[1] or "."

-- Patterns --------------------------------------------------------------------------------------------

local function set_of(item)
  local set = {}
  if item == "$" then return set end
  for byte = 0, 255 do set[byte] = string.char(byte):find("^" .. item) ~= nil end
  return set
end

-- The end of the single item that begins at `at`.
local function item_end(pattern, at)
  local head = pattern:sub(at, at)
  if head == "%" then return at + 1 end
  if head ~= "[" then return at end
  local stop = at + 1
  if pattern:sub(stop, stop) == "^" then stop = stop + 1 end
  if pattern:sub(stop, stop) == "]" then stop = stop + 1 end
  while stop <= #pattern and pattern:sub(stop, stop) ~= "]" do
    stop = stop + (pattern:sub(stop, stop) == "%" and 2 or 1)
  end
  return stop
end

---@class PatternItem
---@field set table<integer, boolean>
---@field open? boolean    a repeat without a bound
---@field optional? boolean
---@field last? boolean    "$"

-- The items of a pattern, and whether it is anchored; nil for "%b" and "%f", back references and what is no pattern.
local function items_of(pattern)
  local at, items = 1, {}
  local anchored = pattern:sub(1, 1) == "^"
  if anchored then at = 2 end
  while at <= #pattern do
    local head = pattern:sub(at, at)
    if head == "(" or head == ")" then
      at = at + 1
    elseif head == "$" and at == #pattern then
      items[#items + 1] = { set = {}, last = true }
      at = at + 1
    else
      if pattern:find("^%%[bf%d]", at) then return nil end
      local stop = item_end(pattern, at)
      local quantifier = pattern:sub(stop + 1, stop + 1)
      local repeats = quantifier ~= "" and ("*+-?"):find(quantifier, 1, true) ~= nil
      items[#items + 1] = {
        set = set_of(pattern:sub(at, stop)), open = repeats and quantifier ~= "?", optional = repeats and quantifier ~= "+",
      }
      at = stop + (repeats and 2 or 1)
    end
  end
  return items, anchored
end

local function overlap(a, b)
  for byte = 0, 255 do
    if a[byte] and b[byte] then return true end
  end
  return false
end

-- What may come first from the item `from` on; and whether all from there on may be empty.
local function first_of(items, from)
  local set = {}
  for i = from, #items do
    for byte = 0, 255 do set[byte] = set[byte] or items[i].set[byte] end
    if not items[i].optional then return set, items[i].last or false end
  end
  return set, true
end

-- Why the pattern may be slow; nil where it is not.
local function fault(pattern)
  local items, anchored = items_of(pattern)
  if not items then return "has a balanced match, a frontier or a back reference, of which nothing is known" end
  local ambiguous = 0
  local first = first_of(items, 1)
  for i, item in ipairs(items) do
    local ends = i == #items -- nothing behind it can fail
    if item.open and not ends then
      if overlap(item.set, (first_of(items, i + 1))) then ambiguous = ambiguous + 1 end
      if not anchored and overlap(item.set, first) then return "is tried again from each byte that its repeat has passed" end
    end
  end
  if ambiguous >= 2 or ambiguous >= 1 and not anchored then return "has repeats that go back over each other" end
end

-- Calls -------------------------------------------------------------------------------------------------

local problems, patterns, computed = 0, 0, 0

local FUNCTIONS = { find = true, match = true, gmatch = true, gsub = true }
local OPENING, CLOSING = { ["("] = true, ["{"] = true, ["["] = true }, { [")"] = true, ["}"] = true, ["]"] = true }

-- The arguments of a call, each a list of tokens; `at` is that behind the "(".
local function arguments_at(tokens, at)
  local list, current, depth = {}, {}, 0
  while tokens[at].kind ~= "eof" do
    local token = tokens[at]
    local op = token.kind == "op" and token.value
    if depth == 0 and op == ")" then break end
    if OPENING[op] then depth = depth + 1 elseif CLOSING[op] then depth = depth - 1 end
    if token.kind == "keyword" and token.value == "function" then depth = depth + 1 end
    if token.kind == "keyword" and token.value == "end" then depth = depth - 1 end
    if depth == 0 and op == "," then
      list[#list + 1], current = current, {}
    else
      current[#current + 1] = token
    end
    at = at + 1
  end
  list[#list + 1] = current
  return list
end

local function is_op(token, op) return token and token.kind == "op" and token.value == op end

-- A string token's value; the lexer leaves out those with escapes.
local function value_of(text, token)
  return token.value or load("return " .. text:sub(token.first, token.last))()
end

-- The pattern of the call whose function's name is token `at`: its value, or false for one that is not written there; nil: none.
local function pattern_at(text, tokens, at)
  local is_method = is_op(tokens[at - 1], ":")
  local is_function = is_op(tokens[at - 1], ".") and tokens[at - 2].kind == "name" and tokens[at - 2].value == "string"
  if not is_method and not is_function then return nil end
  local following = tokens[at + 1]
  if following.kind == "string" then return value_of(text, following) end
  if not is_op(following, "(") then return nil end
  local arguments = arguments_at(tokens, at + 2)
  local which = is_method and 1 or 2
  local plain = arguments[which + 2]
  if tokens[at].value == "find" and plain and #plain == 1 and plain[1].value == "true" then return nil end
  local given = arguments[which]
  if not given or #given == 0 then return nil end
  if #given > 1 or given[1].kind ~= "string" then return false end
  return value_of(text, given[1])
end

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

local function is_excused(lines, number)
  local above = lines[number - 1] or ""
  return lines[number]:find("-- linear: ", 1, true) ~= nil or above:find("^%s*%-%- linear: ") ~= nil
end

local function complain(path, line, format, ...)
  problems = problems + 1
  print(("%s:%d: %s"):format(path, line, format:format(...)))
end

local function check(path, text)
  local lines, tokens = lines_of(text), lexer.tokens(text)
  for at, token in ipairs(tokens) do
    local pattern
    if token.kind == "name" and FUNCTIONS[token.value] then pattern = pattern_at(text, tokens, at) end
    if pattern ~= nil and not is_excused(lines, token.line) then
      if pattern then patterns = patterns + 1 else computed = computed + 1 end
      local why = pattern and fault(pattern)
      if why then complain(path, token.line, "the pattern %q %s", pattern, why) end
    end
  end
end

local function files(folder)
  local list = {}
  local pipe = assert(io.popen(("find '%s/%s' -name '*.lua' -type f"):format(root, folder)))
  for path in pipe:lines() do list[#list + 1] = path end
  pipe:close()
  table.sort(list)
  return list
end

local count = 0
for _, folder in ipairs { "lua", "recipes" } do
  for _, path in ipairs(files(folder)) do
    if not path:find("/lua/meta/", 1, true) then
      local file = assert(io.open(path, "rb"))
      count = count + 1
      check(path:sub(#root + 2), file:read "a")
      file:close()
    end
  end
end
print(("patterns: %d files, %d patterns, %d computed ones, %d problems"):format(count, patterns, computed, problems))
os.exit(problems == 0 and 0 or 1)
