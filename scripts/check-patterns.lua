--- Refuses Lua patterns whose time may grow faster than the text: lua/ and recipes/ read foreign text with them.
---
---   rcmcp lua scripts/check-patterns.lua [ROOT]
---
--- Lua's matcher goes back (lstrlib.c): it tries a pattern without "^" at each byte, and each open repeat ("*", "+", "-") at each
--- length.  One of these is linear, two are quadratic.  What is refused:
---   - without "^": a repeat whose text may also begin the pattern, with something behind it that may fail;
---   - with "^": two repeats that may hand over at more than one place.
--- A pattern that is not written where it is used is judged where it is made of constants of its file: a local of the top level,
--- alone, joined to others, out of a table, or in a loop over one.  Any other needs the reason, too.
--- A line that ends with "-- linear: REASON" (or the line above it) says why it is not so there: what bounds the text.

local lexer = require "lib.recipes.source.lexer"

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

-- The items of a pattern, and whether it is anchored; nil for "%b", back references and what is no pattern.
-- A frontier takes nothing, and may fail.
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
      if pattern:find("^%%[b%d]", at) then return nil end
      local is_frontier = pattern:find("^%%f%[", at) ~= nil
      if is_frontier then at = at + 2 end
      local stop = item_end(pattern, at)
      local quantifier = is_frontier and "" or pattern:sub(stop + 1, stop + 1)
      local repeats = quantifier ~= "" and ("*+-?"):find(quantifier, 1, true) ~= nil
      items[#items + 1] = is_frontier and { set = {}, optional = true } or {
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
  if not items then return "has a balanced match or a back reference, of which nothing is known" end
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

local problems, patterns = 0, 0

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

-- Constants -----------------------------------------------------------------------------------------------

-- Where the statement ends that begins at the first byte of a line: before the next line that begins with one, but for brackets.
local function statement_end(text, tokens, at)
  local depth = 0
  for i = at + 1, #tokens do
    local token = tokens[i]
    local op = token.kind == "op" and token.value
    local begins = depth == 0 and text:sub(token.first - 1, token.first - 1) == "\n" and not CLOSING[op]
    if token.kind == "eof" or begins then return token.first - 1 end
    if OPENING[op] then depth = depth + 1 elseif CLOSING[op] then depth = depth - 1 end
  end
end

-- The names and the source of a `local A, B = …` of the top level.
local function definition(text, tokens, at)
  local token = tokens[at]
  local at_top = token.first == 1 or text:sub(token.first - 1, token.first - 1) == "\n"
  if token.value ~= "local" or token.kind ~= "keyword" or not at_top or tokens[at + 1].kind ~= "name" then return nil end
  local names, i = {}, at
  repeat
    names[#names + 1] = tokens[i + 1].value
    i = i + (is_op(tokens[i + 2], "<") and 5 or 2) -- an attribute: <const>
  until not is_op(tokens[i], ",")
  if not is_op(tokens[i], "=") then return nil end
  return names, text:sub(token.first, statement_end(text, tokens, at)) .. " return " .. table.concat(names, ", ")
end

-- What can be known of the locals of a file without running it: their values by name.
local function constants_of(text, tokens)
  local known = { utf8 = { charpattern = utf8.charpattern } }
  for at = 1, #tokens do
    local names, source = definition(text, tokens, at)
    local chunk = source and load(source, "=constants", "t", setmetatable({}, { __index = known }))
    local values = chunk and table.pack(pcall(chunk))
    for i, name in ipairs(values and values[1] and names or {}) do known[name] = values[i + 1] end
  end
  return known
end

-- All that `value`, a table, has at its top, or first in the tables at its top; nil where that is no text.
local function texts_in(value, first)
  local list = {}
  for _, item in pairs(type(value) == "table" and value or {}) do
    if first and type(item) == "table" then item = item[1] end
    if type(item) ~= "string" then return nil end
    list[#list + 1] = item
  end
  return #list > 0 and list or nil
end

-- The table over which the loop goes whose variable this is: the nearest `for _, NAME in ipairs(TABLE)` before.
local function looped(tokens, at, name)
  for i = at, 1, -1 do
    local token = tokens[i]
    if token.kind == "name" and token.value == name and is_op(tokens[i - 1], ",") and tokens[i + 1].value == "in"
      and tokens[i + 2].value == "ipairs" and tokens[i + 4].kind == "name" then
      return tokens[i + 4].value
    end
  end
end

-- The patterns that an argument may be; nil where that is not known.
local function patterns_of(text, tokens, at, argument, known)
  local source = text:sub(argument[1].first, argument[#argument].last)
  local chunk = load("return " .. source, "=pattern", "t", setmetatable({}, { __index = known }))
  local ok, value = pcall(chunk or error)
  if ok and type(value) == "string" then return { value } end
  if argument[1].kind ~= "name" then return nil end
  local of_table = is_op(argument[2], "[") and texts_in(known[argument[1].value])
  if of_table then return of_table end
  local list = looped(tokens, at, argument[1].value)
  local first = #argument == 4 and is_op(argument[2], "[") and argument[3].value == "1"
  return list and (first or #argument == 1) and texts_in(known[list], first) or nil
end

-- Methods `find` and `match` that are no text's: by the last word of what they are called of, the file that has them.
local METHODS = {
  catalog = "lua/lib/recipes/link/catalog.lua", documents = "lua/lib/schema/documents.lua", faults = "lua/lib/sim/faults.lua",
  model = "lua/lib/sim/model.lua", own = "lua/lib/recipes/files/modules.lua", pattern = "lua/lib/features/uri_template.lua",
  requests = "lua/lib/recipes/run/open_requests.lua",
}

-- The last word before the ":" of a call; of "program:catalog(true):find" it is "catalog".
local function receiver(tokens, at)
  local i, depth = at - 2, 0
  while is_op(tokens[i], ")") or depth > 0 do
    if is_op(tokens[i], ")") then depth = depth + 1 elseif is_op(tokens[i], "(") then depth = depth - 1 end
    i = i - 1
    if depth == 0 then break end
  end
  return tokens[i] and tokens[i].kind == "name" and tokens[i].value or nil
end

-- Whether the call is one of a method of ours, or the place where one is defined.
local function is_ours(tokens, at)
  local word = receiver(tokens, at)
  local before = tokens[at - 3]
  local is_definition = before ~= nil and before.kind == "keyword" and before.value == "function"
  return word ~= nil and (word == "self" or METHODS[word] ~= nil or is_definition)
end

-- The patterns of the call whose function's name is token `at`: a list, or false where they are not known; nil: none.
local function patterns_at(text, tokens, at, known)
  local is_method = is_op(tokens[at - 1], ":")
  local is_function = is_op(tokens[at - 1], ".") and tokens[at - 2].kind == "name" and tokens[at - 2].value == "string"
  if not is_method and not is_function or is_method and is_ours(tokens, at) then return nil end
  local following = tokens[at + 1]
  if following.kind == "string" then return { value_of(text, following) } end
  if not is_op(following, "(") then return nil end
  local arguments = arguments_at(tokens, at + 2)
  local which = is_method and 1 or 2
  local plain = arguments[which + 2]
  if tokens[at].value == "find" and plain and #plain == 1 and plain[1].value == "true" then return nil end
  local given = arguments[which]
  if not given or #given == 0 then return nil end
  return patterns_of(text, tokens, at, given, known) or false
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

local function judge(path, line, list)
  if not list then return complain(path, line, "the pattern is computed: a line before it has to say why it is linear") end
  for _, pattern in ipairs(list) do
    local why = fault(pattern)
    patterns = patterns + 1
    if why then complain(path, line, "the pattern %q %s", pattern, why) end
  end
end

local function check(path, text)
  local lines, tokens = lines_of(text), lexer.tokens(text)
  tokens[#tokens].first = #text + 1 -- the end
  local known = constants_of(text, tokens)
  for at, token in ipairs(tokens) do
    local list
    if token.kind == "name" and FUNCTIONS[token.value] then list = patterns_at(text, tokens, at, known) end
    if list ~= nil and not is_excused(lines, token.line) then judge(path, token.line, list) end
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

local function check_method(word, path)
  local file <close> = assert(io.open(path, "rb"))
  local text = file:read "a"
  if not text:find "\nfunction %u%a*:find%(" and not text:find "\nfunction %u%a*:match%(" then
    complain(path, 1, "has no method find or match of its own, which '%s' stands for in scripts/check-patterns.lua", word)
  end
end

for word, path in pairs(METHODS) do check_method(word, path) end

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
print(("patterns: %d files, %d patterns, %d problems"):format(count, patterns, problems))
os.exit(problems == 0 and 0 or 1)
