--- Sets of names, as the linter's tables write them.

local M = {}

--- The words of a text as the keys of a set.
---@param words string  with blanks between them
---@return table<string, true>
function M.set(words)
  local found = {}
  for word in words:gmatch "%S+" do found[word] = true end
  return found
end

return M
