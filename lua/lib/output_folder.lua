--- Whether files can be saved in a folder that the first of them may have to make.

local fs = require "core.fs"

local M = {}

local MISSING = { ENOENT = true, ENOTDIR = true }

-- The nearest folder above that is there; nil and why where none can be seen.
local function existing(path)
  while true do
    local stat, message, code = fs.stat(path)
    if stat then return path, stat end
    local parent = path:match("^(.*)/[^/]*$") or path ~= "." and "." or nil
    if not parent or path == "/" or not MISSING[code] then return nil, message end
    path = parent == "" and "/" or parent
  end
end

--- Where a folder is, or would be made.
---@param folder string
---@return string|nil place, string? problem  what is there of it already; nil and why nothing can be saved there
function M.place(folder)
  local place, stat = existing(folder)
  if not place then return nil, "cannot read " .. stat end
  if stat.type ~= "directory" then return nil, ("%s is no folder"):format(place) end
  if not fs.may_write(place) then return nil, ("%s may not be written to"):format(place) end
  return place
end

return M
