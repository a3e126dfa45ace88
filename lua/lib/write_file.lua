--- A file written whole, or not there: that a disk is full is told, some file systems tell it at the close only, and half a
--- file is taken away.

local fs = require "core.fs"

local M = {}

-- A device or a pipe is somebody else's.
local function take_away(path)
  local stat = fs.stat(path)
  if stat and stat.type == "file" then os.remove(path) end
end

---@param path string
---@param ... string  what it holds
---@return true|nil ok, string? message  "PATH: …"
function M.write(path, ...)
  local file, message = io.open(path, "wb")
  if not file then return nil, message end
  local written, write_message = file:write(...)
  local closed, close_message = file:close()
  if written and closed then return true end
  take_away(path)
  return nil, ("%s: %s"):format(path, write_message or close_message)
end

--- Whether a file could be written there; what is there stays as it is.
---@param path string
---@return true|nil ok, string? message  "PATH: …"
function M.try(path)
  local stat = fs.stat(path)
  if stat and stat.type == "other" then return true end -- opening a pipe may wait for its reader
  local file, message = io.open(path, "ab")
  if not file then return nil, message end
  file:close()
  if not stat then os.remove(path) end
  return true
end

return M
