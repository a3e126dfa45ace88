--- What people write who come from another language, or copy from a web page, and how Lua says it.  Lua's own message tells where it
--- stopped; this tells why, on the line where it is.

local code = require "lib.recipes.source.code"

local M = {}

local LONGEST = 500 -- bytes of a line that are looked at

-- The first that is found on a line counts.  `at`: where Lua's message has to say this.
---@type { [1]: string, [2]: string, plain: boolean?, at: string? }[]
local RULES = {
  { "!==", "not equal is ~=", plain = true },
  { "!=", "not equal is ~=", plain = true },
  { "===", "equal is ==", plain = true },
  { "&&", "Lua says 'and'", plain = true },
  { "||", "Lua says 'or'", plain = true },
  { "++", "Lua has no ++; write x = x + 1", plain = true },
  { "..=", "Lua has no ..=; write x = x .. y", plain = true },
  { "[-+*/%%^]=", "Lua has no such assignment; write x = x + y" },
  { "=>", "a function is function(x) return y end", plain = true },
  { "/*", "comments begin with --", plain = true },
  { "//", "comments begin with --; // divides", plain = true },
  { "^%s*#", "comments begin with --" },
  { "`", "texts stand in \" or '; to put values into one: (\"a %s\"):format(x)", plain = true },
  { "?", "Lua has no a ? b : c; write a and b or c", plain = true },
  { "%f[%w_]elif%f[^%w_]", "Lua says elseif" },
  { "%f[%w_]elsif%f[^%w_]", "Lua says elseif" },
  { "%f[%w_]const%s+[%a_]", "declare with local" },
  { "%f[%w_]let%s+[%a_]", "declare with local" },
  { "%f[%w_]var%s+[%a_]", "declare with local" },
  { "%f[%w_]continue%f[^%w_]", "Lua has no continue: put the rest of the loop into an if, or goto a label at its end" },
  { "%f[%w_]def%s+[%a_]", "a function is function name(x) … end" },
  { "%f[%w_]import%s+[%a_{]", "Lua has no import; write local name = require \"name\"" },
  { "%f[%w_]switch%f[^%w_]", "Lua has no switch; write if … then … elseif … end" },
  { "%f[%w_]try%s*{", "Lua has no try; write local ok, err = pcall(function() … end)" },
  { "%f[%w_]new%s+%u", "Lua has no new" },
  { "!", "Lua says 'not'", plain = true },
  { "%)%s*{", "a block is then … end or do … end, without { }", at = "near '{'" },
  { "%)%s*{", "a block is then … end or do … end, without { }", at = "'then' expected" },
  { "%)%s*{", "a block is then … end or do … end, without { }", at = "'do' expected" },
  { "%f[%w_]while%f[^%w_].*{", "a block is do … end, without { }", at = "'do' expected" },
  { "[^=~<>]=[^=]", "equal is ==; = assigns", at = "'then' expected near '='" },
  { "[=(,{]%s*%[", "a list is { 1, 2, 3 }", at = "near '['" },
  { "[%w_\"']%s*:", "in a table it is name = value, or [\"a name\"] = value", at = "expected near" },
  { "", "is a comma missing before it?", at = "'}' expected" },
}

-- Characters that look like others, or like nothing.
local CHARACTERS = {}
local function look_alike(characters, advice)
  for _, point in utf8.codes(characters) do CHARACTERS[utf8.char(point)] = advice end
end
look_alike("“”„‟«»", "a typographic quote; write \"")
look_alike("‘’‚‛", "a typographic quote; write '")
look_alike("\u{A0}\u{202F}\u{2007}\u{2009}\u{3000}", "a space that is none to Lua; write a plain one")
look_alike("\u{200B}\u{200C}\u{200D}\u{2060}\u{FEFF}\u{AD}", "an invisible character; delete it")
look_alike("‐‑‒–—−", "a dash; write -")
look_alike("…", "one character; write ...")
look_alike("≠", "not equal is ~=")
look_alike("（）［］｛｝，；：＝＋＂＇", "a full-width character; write the plain one")

local function odd_character(line)
  local at = 1
  while true do
    local first, last = line:find("[\xC2-\xF4][\x80-\xBF]+", at)
    if not first then return nil end
    local character = line:sub(first, last)
    local point = utf8.len(character) == 1 and utf8.codepoint(character)
    local advice = CHARACTERS[point and utf8.char(point) or character]
    if advice then return ("U+%04X is %s"):format(point, advice) end
    at = last + 1
  end
end

local function find_rule(line, message, sure)
  for _, rule in ipairs(RULES) do
    local fits = rule.at == nil or not sure and message:find(rule.at, 1, true) ~= nil
    -- linear: a line of LONGEST bytes at most
    if fits and line:find(rule[1], 1, rule.plain) then return rule[2] end
  end
end

local function look(line, message, sure)
  line = line and line:sub(1, LONGEST)
  return line and (odd_character(line) or find_rule(line, message, sure))
end

local function previous(lines, line)
  for at = line - 1, 1, -1 do
    if lines[at]:find "%S" then return at end
  end
end

-- An `else if` opens one `if` more than its author closes: Lua stops at the end of what is around.
local function find_else_if(lines, line)
  for at = math.min(line, #lines), 1, -1 do
    -- linear: a line of LONGEST bytes at most
    if lines[at]:sub(1, LONGEST):find "%f[%w_]else%s+if%f[^%w_]" then return at end
  end
end

-- What Lua stops at when a block is open that its author thinks closed.
local function is_open_block(message)
  return message:find("'end' expected", 1, true) or message:find("near <eof>", 1, true) or message:find("near '[%]})]'")
end

--- Why Lua does not take a line.
---@param text string
---@param line integer    where it stopped
---@param message string  what it says
---@return string? advice, integer? line  where the mistake is
function M.advice(text, line, message)
  local lines = code.lines(text)
  local open = is_open_block(message) and find_else_if(lines, line)
  if open then return "elseif is one word; else if needs an end of its own", open end
  local advice = look(lines[line], message, false)
  if advice then return advice, line end
  local before = previous(lines, math.min(line, #lines + 1))
  advice = before and look(lines[before], message, true)
  if advice then return advice, before end
end

--- A message of `load`, with why and on the line where the mistake is.
---@param text string
---@param message string  "poster.lua:3: unexpected symbol near '!'"
---@return string
function M.explained(text, message)
  local name, digits, said = message:match "^(.-):(%d+): (.*)$"
  local line = math.tointeger(digits)
  local advice, at = nil, nil
  if line and said then advice, at = M.advice(text, line, said) end
  if not advice then return message end
  if at == line then return ("%s; %s"):format(message, advice) end
  return ("%s:%d: %s (Lua stopped at line %d: %s)"):format(name, at, advice, line, said)
end

return M
