--- The kind "module": a Lua file that a recipe in a worker requires while it runs, by a name that its text does not say.  It is code, and
--- no link of the chain sees it.

local files = require "lib.recipes.files.modules"

local M = {}

---@param state rc.State
---@param effect Effect
---@return table|false answer  its `shown`, `text`, `problem`; false: there is none
function M.perform(state, effect)
  local call = state.call --[[@as CallState]]
  local modules = call.recipe.modules --[[@as Modules]]
  -- linear: no pattern, the name of a module
  return files.told(modules:find(effect.name))
end

return M
