--- Where recipes lie, and which files are recipes.

local errors = require "lib.errors"
local fs = require "core.fs"
local home = require "lib.home"
local shipped = require "lib.shipped"
local writers = require "lib.recipes.files.writers"

local M = {}

---@class RecipeFolder
---@field path string
---@field label string         where it comes from: "examples", "configuration", "--recipes", "RCMCP_RECIPES"
---@field expected? boolean     somebody named it: that it is missing is worth a line

---@class RecipeFile
---@field name string          of the file without .lua, or of the folder
---@field file string          path
---@field shown string         path within the recipe folder
---@field folder string        where its `require` looks first
---@field root string          the recipe folder
---@field disabled? boolean
---@field problem? string      why it is refused, with its name
---@field recipe? boolean      for who checks it: it lies where recipes do
---@field unreadable? string   why nothing of it may be read, however lenient one is

local function strip_slash(path)
  -- linear: a path that the system took, 4,096 bytes at most
  return #path > 1 and path:gsub("/+$", "") or path
end

local function user_folder(env)
  local base = home.config("rcmcp", env)
  return base and base .. "/recipes"
end

-- Outside of a shell nobody puts the home folder in place of `~`.
local function in_home(path, env)
  return strip_slash(home.expand(path, env) or path)
end

local function add_examples(list, program)
  local path, found = shipped.folder("recipes", program)
  list[#list + 1] = { path = path, label = "examples", expected = not found or nil }
end

---@class FolderSources
---@field examples? boolean
---@field program? string          default the running program; the examples lie beside it
---@field flags? string[]          of --recipes
---@field env? fun(name: string): string?  default os.getenv

--- The recipe folders, the weakest first: of two recipes of one name that in the later folder counts.
---@param sources FolderSources
---@return RecipeFolder[]
function M.list(sources)
  local env, list, seen = sources.env or os.getenv, {}, {}
  if sources.examples then add_examples(list, sources.program) end
  local user = user_folder(env)
  if user then list[#list + 1] = { path = user, label = "configuration" } end
  for _, path in ipairs(sources.flags or {}) do
    list[#list + 1] = { path = in_home(path, env), label = "--recipes", expected = true }
  end
  for path in (env("RCMCP_RECIPES") or ""):gmatch("[^:]+") do
    list[#list + 1] = { path = in_home(path, env), label = "RCMCP_RECIPES", expected = true }
  end
  local unique = {}
  for i = #list, 1, -1 do
    if not seen[list[i].path] then table.insert(unique, 1, list[i]) end
    seen[list[i].path] = true
  end
  return unique
end

local function check(path, shown, root, lenient)
  if not lenient then return writers.check(path, shown, root) end
  return fs.stat(path)
end

-- name.lua.disabled, name.disabled, and the folder name.disabled are kept, but not loaded.
local function without_disabled(name)
  local plain = name:match("^(.+)%.disabled$")
  return plain or name, plain ~= nil
end

local function is_ignored(name)
  return name:find("^[.#]") or name:find("~$") or name:find("_spec%.lua$")
end

local function plain_file(root, name)
  local stem, disabled = without_disabled(name)
  local path = root.path .. "/" .. name
  return {
    name = stem:gsub("%.lua$", ""), file = path, shown = name, folder = root.path, root = root.path, disabled = disabled or nil,
  }
end

local function in_folder(root, name)
  local stem, disabled = without_disabled(name)
  local folder = root.path .. "/" .. name
  return {
    name = stem, file = folder .. "/main.lua", shown = name .. "/main.lua", folder = folder, root = root.path,
    disabled = disabled or nil,
  }
end

local function is_gone(path, code)
  return code == "ENOENT" and not fs.readlink(path) -- a link that leads nowhere is still there
end

-- Why an entry is not read: it is no file, and a pipe or a device may never end; or the system does not let us.
local function unreadable(stat, path, shown, message)
  if stat then return stat.type == "other" and shown .. " is a device, not a file" or nil end
  local target = fs.readlink(path)
  return ("%s%s cannot be read: %s"):format(shown, target and (" is a link to %s, which"):format(target) or "", message)
end

local function file_at(root, name, stat, problem, code)
  if stat and stat.type == "directory" or not stat and is_gone(root.path .. "/" .. name, code) then return nil end
  local found = plain_file(root, name)
  found.unreadable = unreadable(stat, found.file, name, problem)
  return found, found.unreadable or problem
end

local function folder_at(root, name, problem, lenient)
  local found = in_folder(root, name)
  local main, main_problem, code = check(found.file, found.shown, root.path, lenient)
  if main and main.type == "directory" or not main and is_gone(found.file, code) then return nil end
  found.unreadable = unreadable(main, found.file, found.shown, main_problem)
  return found, problem or found.unreadable or main_problem
end

-- The recipe that an entry of a folder is, if any.
local function recipe_at(root, name, lenient)
  if is_ignored(name) then return nil end
  local stat, problem, code = check(root.path .. "/" .. name, name, root.path, lenient)
  local found
  if without_disabled(name):find("%.lua$") and not (stat and stat.type == "directory") then
    found, problem = file_at(root, name, stat, problem, code)
  elseif stat and stat.type == "directory" and name ~= "lib" then
    found, problem = folder_at(root, name, problem, lenient)
  end
  if found then found.problem = not found.disabled and problem or nil end
  return found
end

--- Why a recipe's file would be refused if it lay in a recipe folder: it, or the folder that it is.
---@param path string
---@return string? problem
function M.file_problem(path)
  local folder, name = path:match "^(.*)/([^/]*)$"
  local root = folder or "."
  local _, problem = writers.check(path, name or path, root)
  if not problem and folder and name == "main.lua" then
    -- linear: a path that the system took, 4,096 bytes at most
    _, problem = writers.check(folder, folder:match("[^/]*$") --[[@as string]], folder)
  end
  return problem
end

local MISSING = { ENOENT = true, ENOTDIR = true } -- ENOTDIR: what should be a folder on its way is a file

--- The recipes in a folder, sorted by name; nil where the folder cannot be used.
---@param root RecipeFolder
---@param lenient? boolean  take what others may write to
---@return RecipeFile[]|nil files, Error? err  its code "missing": there is no such folder
---@return_overload RecipeFile[]
---@return_overload nil, Error
function M.scan(root, lenient)
  local stat, problem, code = check(root.path, root.path, root.path, lenient)
  if not stat and MISSING[code] then
    return nil, errors.new(("%s: no such folder"):format(root.path), { code = "missing" })
  elseif not stat then
    return nil, errors.new(problem --[[@as string]], { code = "bad_folder" })
  elseif stat.type ~= "directory" then
    return nil, errors.new(("%s is no folder"):format(root.path), { code = "bad_folder" })
  elseif problem then
    return nil, errors.new(problem, { code = "bad_folder" })
  end
  local names, message = fs.list(root.path)
  if not names then return nil, errors.new(message --[[@as string]], { code = "bad_folder" }) end
  local files = {}
  for _, name in ipairs(names) do files[#files + 1] = recipe_at(root, name, lenient) end
  return files
end

return M
