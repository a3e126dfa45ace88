--- The modules that a recipe may require in a worker: those that the host has sent with it.  Stands for a `Modules` of
--- lib.recipes.files.modules, which reads files.

local M = {}

---@class GivenModules
---@field private files table<string, { shown: string, text: string, problem: string? }|false>  by name; false: there is none
---@field private ask? fun(name: string): table|false|nil
---@field private lacking table<string, true>  names that were asked for, and of which the host has said nothing
local Given = {}
Given.__index = Given

---@param files table<string, table|false>
---@param ask? fun(name: string): table|false|nil  asks the host for another; nil: nobody can be asked, as no call runs
---@return GivenModules
function M.new(files, ask)
  return setmetatable({ files = files, ask = ask, lacking = {} }, Given)
end

---@param name string
---@return ModuleFile?
function Given:find(name)
  local file = self.files[name] ---@type any
  if file == nil and self.ask then
    file = self.ask(name)
    self.files[name] = file
  end
  if file == nil then self.lacking[name] = true end
  return file or nil
end

--- The names that were asked for in vain, sorted.
---@return string[]
function Given:missing()
  return require("lib.tables").sorted_keys(self.lacking)
end

return M
