--- The text of a recipe with all that it may require: what tells whether it has changed.
---
--- Times of files are no help: two saves within a tick of the clock have one time, and often one size.

local fs = require "core.fs"
local loader = require "lib.recipes.loader"

local M = {}

-- The texts of the Lua files in a folder, but for `except`.
local function modules(folder, except, parts)
  for _, name in ipairs(fs.list(folder) or {}) do
    if name:find("%.lua$") and name ~= except then
      parts[#parts + 1] = name
      parts[#parts + 1] = loader.read(folder .. "/" .. name, name) or ""
    end
  end
end

---@class RecipeSource
---@field text string   of the recipe's file
---@field stamp string  differs when the text, or that of a module it may require, does

--- Reads a recipe's text.
---@param at RecipeFile
---@return RecipeSource|nil source, Error? err
function M.of(at)
  local text, err = loader.read(at.file, at.shown)
  if not text then return nil, err end
  local parts = { text }
  if at.folder ~= at.root then modules(at.folder, "main.lua", parts) end
  modules(at.root .. "/lib", nil, parts)
  return { text = text, stamp = table.concat(parts, "\0") }
end

return M
