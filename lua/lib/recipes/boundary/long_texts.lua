--- Long texts of the host's that a recipe gets: they count as its memory, or it would hold what nobody counts.

local calls = require "lib.recipes.run.call"

local M = {}

local LONG = 64 * 1024 -- bytes of a text from which it counts as the recipe's memory, whoever made it

local function own(value, recipe)
  if #value < LONG or not recipe.memory then return value end
  return recipe.memory:own(value)
end

--- A value as the recipe whose code runs is to hold it: a long text as its own memory, all else as it is.
---@param value any
---@return any
function M.adopt(value)
  local call = type(value) == "string" and #value >= LONG and calls.current()
  return call and own(value, call.recipe) or value
end

--- Makes long texts in what a call is given the recipe's memory, in place.
---@param recipe Recipe
---@param given any  plain
---@return any given
function M.give(recipe, given)
  if type(given) == "string" then return own(given, recipe) end
  if type(given) ~= "table" then return given end
  for key, item in next, given do
    local kind = type(item)
    if kind == "string" and #item >= LONG or kind == "table" then rawset(given, key, M.give(recipe, item)) end
  end
  return given
end

return M
