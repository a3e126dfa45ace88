--- The limits of a recipe's call, from the settings.

local M = {}

local SETTINGS = { cpu_ms = "recipe_cpu_ms", memory_bytes = "recipe_memory_bytes", seconds = "recipe_seconds", calls = "recipe_calls" }

--- The limits that are set, for the runner.
---@param settings? Settings
---@return table
function M.of(settings)
  local limits = {}
  for name, setting in pairs(SETTINGS) do limits[name] = settings and settings[setting] end
  return limits
end

--- Seconds of processor time that a check of a call's arguments, or of its result, may take: what its code may take
--- between two waits.
---@param settings? Settings
---@return number
function M.check_seconds(settings)
  return (settings and settings.recipe_cpu_ms or require("lib.recipes.run.call").defaults.cpu_ms) / 1000
end

return M
