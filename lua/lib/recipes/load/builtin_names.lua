--- The names of the built-in tools: what a name that nobody has may have been meant to be.

local M = {}

local PREFIX = "tools."

--- These names, and those of the built-in tools.
---@param names string[]
---@return string[]
function M.with(names)
  local all = table.move(names, 1, #names, 1, {})
  for _, module in ipairs(require("core.host").modules(PREFIX)) do all[#all + 1] = module:sub(#PREFIX + 1) end
  return all
end

--- Whether a built-in tool has that name.
---@param name string
---@return boolean
function M.has(name)
  for _, known in ipairs(M.with {}) do
    if known == name then return true end
  end
  return false
end

return M
