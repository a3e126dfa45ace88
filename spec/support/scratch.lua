--- A folder of its own for a spec, removed when it is closed.

local fs = require "core.fs"

local M = {}

local Scratch = {}
Scratch.__index = Scratch

function Scratch:write(name, bytes)
  local path = self.path .. "/" .. name
  assert(fs.mkdir((path:match "^(.*)/")))
  local file = assert(io.open(path, "wb"))
  file:write(bytes)
  file:close()
  return path
end

function Scratch:read(name)
  local file = io.open(self.path .. "/" .. name, "rb")
  if not file then return nil end
  local bytes = file:read "a"
  file:close()
  return bytes
end

local function remove(path)
  local stat = fs.stat(path)
  if stat and stat.type == "directory" then
    for _, name in ipairs(fs.list(path) or {}) do remove(path .. "/" .. name) end
  end
  os.remove(path)
end

function Scratch:__close() remove(self.path) end

--- @return table scratch  path, write(name, bytes), read(name)
function M.new()
  local path = os.tmpname()
  os.remove(path)
  assert(fs.mkdir(path))
  return setmetatable({ path = assert(fs.realpath(path)) }, Scratch)
end

return M
