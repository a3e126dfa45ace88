--- Where recipes and scripts lie that are named without a path: in the recipe folders, among the examples.

local folders = require "lib.recipes.files.folders"
local fs = require "core.fs"
local shipped = require "lib.shipped"

local M = {}

local function is_file(path)
  local stat = fs.stat(path)
  return stat ~= nil and stat.type == "file"
end

local function first_file(places, name)
  local file = name:gsub("%.lua$", "") .. ".lua"
  for _, place in ipairs(places) do
    if is_file(place .. "/" .. file) then return place .. "/" .. file end
  end
end

--- The example recipe or example script of this name.
---@param name string  with or without .lua; one with a folder is no name
---@return string? path
---@return boolean? is_script  it is called by its words, not by parameters
function M.example(name)
  if name:find("/", 1, true) then return nil end
  local recipes = shipped.folder "recipes"
  local path = first_file({ recipes, recipes .. "/scripts" }, name)
  return path, path and path:find("/scripts/", #recipes, true) ~= nil
end

--- The file of this name in the recipe folders, the strongest first.
---@param name string
---@param flags? string[]  of --recipes
---@return string? path
function M.recipe(name, flags)
  if name:find("/", 1, true) then return nil end
  local places = {}
  for _, root in ipairs(folders.list { flags = flags }) do table.insert(places, 1, root.path) end
  return first_file(places, name)
end

--- A tail for the message that nothing of this name is there.
---@param name string
---@param args { examples?: boolean, recipes?: string[] }  of the command line
---@return string hint  "" when it is nowhere else either
function M.hint(name, args)
  local path = M.recipe(name, args.recipes)
  if path then return ("; there is %s"):format(path) end
  path = M.example(name)
  if not path then return "" end
  if args.examples then return ("; the example is %s"):format(path) end
  return "; it is one of the examples: add --examples"
end

return M
