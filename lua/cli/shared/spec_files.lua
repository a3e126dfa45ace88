--- Which specs of recipes run when no place is named.

local folders = require "lib.recipes.folders"
local fs = require "core.fs"

local M = {}

local MOST = 20000 -- entries that are looked at: the current folder may be the root of a disk

local function is_spec(name)
  return name:find "_spec%.lua$" ~= nil
end

--- Whether a spec lies in a folder or below.  Hidden folders and links are passed by.
---@param folder string
---@return boolean
function M.has_spec(folder)
  local waiting, looked_at = { folder }, 0
  while #waiting > 0 and looked_at < MOST do
    local place = table.remove(waiting)
    for _, name in ipairs(fs.list(place) or {}) do
      looked_at = looked_at + 1
      if is_spec(name) then return true end
      local path = place .. "/" .. name
      local stat = name:sub(1, 1) ~= "." and not fs.readlink(path) and fs.stat(path)
      if stat and stat.type == "directory" then waiting[#waiting + 1] = path end
    end
  end
  return false
end

--- The current folder where it has specs, else the recipe folders that have some.
---@return string[] places  none where there is no spec
function M.places()
  if M.has_spec "." then return { "." } end
  local places = {}
  for _, root in ipairs(folders.list {}) do
    if M.has_spec(root.path) then places[#places + 1] = root.path end
  end
  return places
end

return M
