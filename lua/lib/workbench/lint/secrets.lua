--- Keys that stand in a source: whoever gets the file has them, and so has each copy of it.  A key is never shown.

local lexer = require "lib.recipes.source.lexer"

local M = {}

local SHORTEST = 16 -- characters of a key
local SHORTEST_KNOWN = 8 -- of the key in use

-- Beginnings by which services mark their keys, and what they are.
local MARKS = {
  { "^comfyui%-[%w]", "a key of ComfyUI" }, { "^sk%-[%w]", "an API key" }, { "^ghp_%w", "a token of GitHub" },
  { "^github_pat_%w", "a token of GitHub" }, { "^hf_%w", "a token of Hugging Face" }, { "^xox[abp]%-%w", "a token of Slack" },
  { "^[rs]k_live_%w", "an API key" }, { "^[rs]k_test_%w", "an API key" }, { "^r8_%w", "a token of Replicate" },
  { "^glpat%-%w", "a token of GitLab" }, { "^npm_%w", "a token of npm" }, { "^gsk_%w", "an API key" },
  { "^%-%-%-%-%-BEGIN [%u ]*PRIVATE KEY", "a private key" },
  { "^AKIA%u", "a key of AWS" }, { "^AIza%w", "a key of Google" }, { "^eyJ[%w_-]", "a token" }, { "^[Bb]earer [%w]", "a token" },
  { "^https://hooks%.slack%.com/services/%w", "a webhook of Slack: its address is its password" },
  { "^https://discord%.com/api/webhooks/%d", "a webhook of Discord: its address is its password" },
}

-- Names of what holds a key.
local NAMES = { "api[_-]?key", "token$", "secret", "passw", "authorization", "^key$" }

local PLACEHOLDERS = { "your", "example", "xxx", "%.%.%.", "…", "<", "{", "%%s", "%$" }

local function is_placeholder(text)
  for _, word in ipairs(PLACEHOLDERS) do
    if text:lower():find(word) then return true end
  end
  return false
end

local function marked(text)
  if #text < SHORTEST then return nil end
  for _, mark in ipairs(MARKS) do
    if text:find(mark[1]) then return mark[2] end
  end
end

local function is_name_of_key(name)
  name = name:lower()
  for _, pattern in ipairs(NAMES) do
    if name:find(pattern) then return true end
  end
  return false
end

-- Letters and digits without blanks, as no word and no path is.
local function looks_random(text)
  return #text >= SHORTEST and not text:find "[%s/]" and text:find "%d" ~= nil and text:find "%a" ~= nil
end

-- The name that a text is given to: name = "…", ["name"] = "…".
local function name_before(tokens, at)
  local before = tokens[at - 1]
  if not before or before.kind ~= "op" or before.value ~= "=" then return nil end
  local name = tokens[at - 2]
  if name and name.kind == "op" and name.value == "]" then name = tokens[at - 3] end
  return name and (name.kind == "name" or name.kind == "string") and name.value or nil
end

local FAR = 200 -- tokens between a text and the table that it stands in

-- Whether a text is a value in `extra_data = { … }`: what else would be hidden there?
local function in_extra_data(tokens, at)
  local depth = 0
  for i = at - 1, math.max(3, at - FAR), -1 do
    local token = tokens[i]
    if token.kind == "op" and token.value == "}" then depth = depth + 1 end
    if token.kind == "op" and token.value == "{" then
      depth = depth - 1
      if depth < 0 then return tokens[i - 1].value == "=" and tokens[i - 2].value == "extra_data" end
    end
  end
  return false
end

-- "Bearer " .. "…"
local function follows_scheme(tokens, at)
  local before, scheme = tokens[at - 1], tokens[at - 2]
  return before and before.value == ".." and scheme and scheme.kind == "string" and (scheme.value or ""):find "^%a+ $" ~= nil
end

-- A password in the address itself, or a key in its query.
local function in_address(text)
  local rest = text:match "^%a[%w+.-]*://([^%s]*)$"
  if not rest then return nil end
  local user = rest:match "^[^/?#@]*@"
  if user and user:find(":", 1, true) and not user:find(":@", 1, true) then return "an address with a password" end
  for name, value in rest:gmatch "[?&]([%w_.-]+)=([^&#]*)" do
    if is_name_of_key(name) and looks_random(value) then return "an address with a key" end
  end
end

local function kind_of(tokens, at, known)
  local text = tokens[at].value
  if known and text:find(known, 1, true) then return "the API key that is in use" end
  if is_placeholder(text) then return nil end
  local what = marked(text) or in_address(text)
  if what then return what end
  if looks_random(text) and in_extra_data(tokens, at) then return "a key" end
  if follows_scheme(tokens, at) and looks_random(text) then return "a token" end
  local name = name_before(tokens, at)
  return name and is_name_of_key(name) and looks_random(text) and "a key" or nil
end

--- The texts of a source that are keys.
---@param source string  that is Lua
---@param known? string   the key in use
---@return { line: integer, what: string }[]
function M.find(source, known)
  known = known and #known >= SHORTEST_KNOWN and known or nil
  local found, tokens = {}, lexer.tokens(source)
  for at, token in ipairs(tokens) do
    local what = token.kind == "string" and token.value and kind_of(tokens, at, known)
    if what then found[#found + 1] = { line = token.line, what = what } end
  end
  if #found == 0 and known and source:find(known, 1, true) then -- in a comment
    found[1] = { line = select(2, source:sub(1, (source:find(known, 1, true))):gsub("\n", "")) + 1, what = "the API key that is in use" }
  end
  return found
end

return M
