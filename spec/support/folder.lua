--- Temporary folders for specs.

local fs = require "core.fs"
local host = require "core.host"

local M = {}

---@class Folder
---@field path string
local Folder = {}
Folder.__index = Folder

--- A new folder, readable by its owner alone.
---@return Folder
function M.new()
  local name = host.random(8):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
  local path = (os.getenv("TMPDIR") or "/tmp") .. "/rcmcp-spec-" .. name
  assert(fs.mkdir(path, 448))
  return setmetatable({ path = path }, Folder)
end

--- Writes a file, and the folders it lies in.
---@param name string  "sub/file.lua"
---@param text string
---@return string path
function Folder:write(name, text)
  local path = self.path .. "/" .. name
  local parent = path:match("^(.*)/")
  if parent ~= self.path then assert(fs.mkdir(parent, 493)) end
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
  return path
end

--- Makes a named pipe, which blocks whoever opens it, and the folders it lies in.
---@param name string
---@return string path
function Folder:pipe(name)
  local path = self:write(name, "")
  assert(os.remove(path))
  assert(os.execute(("mkfifo '%s'"):format(path)))
  return path
end

--- Writes a file as careful editors do: beside its place, then renamed onto it.
---@param name string
---@param text string
function Folder:replace(name, text)
  local path = self.path .. "/" .. name
  self:write(name .. ".new~", text)
  assert(os.rename(path .. ".new~", path))
end

---@param name string
function Folder:delete(name)
  assert(os.remove(self.path .. "/" .. name))
end

---@param mode string  for chmod
---@param name? string default: the folder itself
function Folder:chmod(mode, name)
  assert(os.execute(("chmod %s '%s'"):format(mode, name and self.path .. "/" .. name or self.path)))
end

function Folder:remove()
  os.execute(("rm -rf '%s'"):format(self.path))
end
Folder.__close = Folder.remove

return M
