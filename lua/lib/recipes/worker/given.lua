--- The modules that a recipe may require in a worker: those that the host has sent with it.  Stands for a `Modules` of
--- lib.recipes.files.modules, which reads files.

local M = {}

---@class GivenModules
---@field private files table<string, { shown: string, text: string, problem: string? }|false>  by name; false: there is none
---@field private lacking table<string, true>  names that were asked for, and of which the host has said nothing
local Given = {}
Given.__index = Given

---@param files table<string, table|false>
---@return GivenModules
function M.new(files)
  return setmetatable({ files = files, lacking = {} }, Given)
end

---@param name string
---@return ModuleFile?
function Given:find(name)
  local file = self.files[name] ---@type any
  if file == nil then self.lacking[name] = true end
  return file or nil
end

--- The names that were asked for in vain, sorted.
---@return string[]
function Given:missing()
  return require("lib.tables").sorted_keys(self.lacking)
end

return M
