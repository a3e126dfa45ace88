--- What has not ended when the program does, in words: recipes that run or clean up, and writes that have no answer.

local M = {}

-- Loaded only where there was a recipe, or a write.
local function recipes() return package.loaded["lib.recipes.run.under_way"] end
local function writes() return package.loaded["lib.runcomfy.writes"] end

--- A sentence each; {} where all has ended.
---@return string[]
function M.lines()
  local lines = recipes() and recipes().unfinished() or {}
  for _, line in ipairs(writes() and writes().lost() or {}) do lines[#lines + 1] = line end
  return lines
end

return M
