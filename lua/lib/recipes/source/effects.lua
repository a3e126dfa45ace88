--- What a recipe's code does by itself, beside calling tools: members of `rc` that save files or reach the network.
---
--- Read from the source, by the names that stand there.  What is put together while it runs is not seen; the hints hold all the
--- same, because `rc` refuses there what they deny: see `rc.State:needs`.

local lexer = require "lib.recipes.source.lexer"

local M = {}

---@class RecipeEffect
---@field name string      "rc.download"
---@field certain boolean  it is this tool that does it: its file declares nothing else, and says so itself

local NAMES = { "download", "http" }

local function is_named(text, name)
  return text:find("." .. name, 1, true) or text:find('"' .. name .. '"', 1, true) or text:find("'" .. name .. "'", 1, true)
end

local function may_have_effects(text)
  for _, name in ipairs(NAMES) do
    if is_named(text, name) then return true end
  end
  return false
end

local function is_op(token, value)
  return token ~= nil and token.kind == "op" and token.value == value
end

local function is_text(token, value)
  return token ~= nil and token.kind == "string" and token.value == value
end

-- What comes after `require "rc"` or `require("rc")` at `at`; nil where something else stands there.
local function after_require(tokens, at)
  local token = tokens[at]
  if token.kind ~= "name" or token.value ~= "require" then return nil end
  if is_text(tokens[at + 1], "rc") then return at + 2 end
  if is_op(tokens[at + 1], "(") and is_text(tokens[at + 2], "rc") and is_op(tokens[at + 3], ")") then return at + 4 end
end

-- The names under which a source has rc.
local function names_of_rc(tokens)
  local names = { rc = true }
  for at = 3, #tokens do
    if after_require(tokens, at) and is_op(tokens[at - 1], "=") and tokens[at - 2].kind == "name" then
      names[tokens[at - 2].value] = true
    end
  end
  return names
end

-- The member that is taken at `at`: `.name` or `["name"]`.
local function member_at(tokens, at)
  local token, following = tokens[at], tokens[at + 1]
  if is_op(token, ".") and following.kind == "name" then return following.value end
  if is_op(token, "[") and following.kind == "string" and is_op(tokens[at + 2], "]") then return following.value end
end

-- Adds the members of rc that a source names.
local function add_named(text, found)
  if not may_have_effects(text) then return end
  local tokens = lexer.attempt(text)
  if not tokens then return end -- of a module whose failure the recipe has caught: nothing of it runs
  local names = names_of_rc(tokens)
  for at, token in ipairs(tokens) do
    local value_end = after_require(tokens, at) or token.kind == "name" and names[token.value] and at + 1 or nil
    local member = value_end and not is_op(tokens[at - 1], ".") and member_at(tokens, value_end)
    if member then found[member] = true end
  end
end

--- The effects of a recipe's code and of its modules.
---@param text string        its source: valid Lua
---@param modules string[]   the sources that it requires, or has tried to
---@param alone boolean      the file declares one tool and nothing else
---@return RecipeEffect[]
function M.of(text, modules, alone)
  local own, all, list = {}, {}, {}
  add_named(text, own)
  for _, source in ipairs(modules) do add_named(source, all) end
  for _, name in ipairs(NAMES) do
    if own[name] or all[name] then list[#list + 1] = { name = "rc." .. name, certain = alone and own[name] == true } end
  end
  return list
end

return M
