--- The text of a recipe with all that it may require: what tells whether it has changed.
---
--- Times of files are no help: two saves within a tick of the clock have one time, and often one size.

local folders = require "lib.recipes.folders"
local fs = require "core.fs"
local loader = require "lib.recipes.loader"

local M = {}

local MAX_LEVELS = 3 -- of folders in a folder of modules

local add_modules

local function add_module(path, shown, state, level)
  local stat = fs.stat(path)
  if not stat then return end
  local is_folder = stat.type == "directory"
  if not is_folder and not path:find("%.lua$") then return end
  state.problem = state.problem or not state.lenient and folders.permission_problem(stat, shown, path) or nil
  if is_folder then return add_modules(path, shown, state, level + 1) end
  table.insert(state.parts, shown)
  table.insert(state.parts, (loader.read(path, shown)) or "")
end

-- The texts of the Lua files in a folder and in those below it.
function add_modules(folder, shown, state, level)
  if level > MAX_LEVELS then return end
  for _, name in ipairs(fs.list(folder) or {}) do
    if not name:find("^%.") then add_module(folder .. "/" .. name, shown .. "/" .. name, state, level) end
  end
end

-- The lib/ of a recipe folder: all recipes in it may require from there.
local function library(root, reading)
  local state = reading.libraries[root]
  if state then return state end
  state = { parts = {}, lenient = reading.lenient }
  add_module(root .. "/lib", "lib", state, 0)
  state.stamp = table.concat(state.parts, "\0")
  reading.libraries[root] = state
  return state
end

---@class RecipeSource
---@field text string      of the recipe's file
---@field stamp string     differs when the text, or that of a module it may require, does
---@field problem? string  a module is refused

--- Begins to read: what several recipes share is read once.
---@param lenient? boolean  take modules that others may write to
---@return table reading
function M.begin(lenient)
  return { lenient = lenient, libraries = {} }
end

--- Reads a recipe's text.
---@param at RecipeFile
---@param reading table  of `begin`
---@return RecipeSource|nil source, Error? err
function M.of(at, reading)
  local text, err = loader.read(at.file, at.shown)
  if not text then return nil, err end
  local state, shared = { parts = { text }, lenient = reading.lenient }, library(at.root, reading)
  if at.folder ~= at.root then add_modules(at.folder, at.folder:match("[^/]*$"), state, 1) end
  table.insert(state.parts, shared.stamp)
  return { text = text, stamp = table.concat(state.parts, "\0"), problem = state.problem or shared.problem }
end

return M
