--- Which specs of recipes run.

local errors = require "lib.errors"
local folders = require "lib.recipes.files.folders"
local fs = require "core.fs"

local M = {}

local MOST = 20000 -- entries that are looked at: the current folder may be the root of a disk

local function is_spec(name)
  return name:find "_spec%.lua$" ~= nil
end

-- A pipe or a device with a spec's name is none: whoever reads it may wait for ever.
local function add(found, waiting, folder, name)
  local path = folder .. "/" .. name
  local stat = fs.stat(path)
  if not stat then return end
  if stat.type == "file" and is_spec(name) then
    found[#found + 1] = path
  elseif stat.type == "directory" and name:sub(1, 1) ~= "." and not fs.readlink(path) then
    waiting[#waiting + 1] = path
  end
end

--- The spec files in a folder and below, sorted.  Hidden folders, links to folders and folders below that may not be read are
--- passed by.
---@param folder string
---@return string[]|nil files, Error? err  the folder cannot be read, or has specs and too much else
---@return_overload string[]
---@return_overload nil, Error
function M.find(folder)
  local found, waiting, looked_at = {}, {}, 0
  local names, message = fs.list(folder)
  if not names then return nil, errors.new("cannot read " .. message, { code = "usage" }) end
  local place = folder ---@type string?
  while place do
    for _, name in ipairs(names or {}) do
      looked_at = looked_at + 1
      if looked_at <= MOST then add(found, waiting, place, name) end
    end
    place = looked_at <= MOST and table.remove(waiting) or nil
    names = place and fs.list(place)
  end
  if looked_at > MOST and #found > 0 then
    return nil, errors.new(("%s has specs, and more than %d files: name the folders of the specs"):format(folder, MOST), { code = "usage" })
  end
  table.sort(found)
  return found
end

local function append(list, more)
  table.move(more, 1, #more, #list + 1, list)
end

--- The specs of the current folder where it has some, else those of the recipe folders that can be read.
---@return string[]|nil files, Error? err  the current folder cannot be read
---@return_overload string[]
---@return_overload nil, Error
function M.of_current_folder()
  local files, err = M.find "."
  if not files or #files > 0 then return files, err end
  for _, root in ipairs(folders.list {}) do append(files, M.find(root.path) or {}) end
  return files
end

return M
