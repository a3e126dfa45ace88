--- A folder for the temporary files of this run of the specs alone, so that what a test leaves there can be seen, beside
--- whatever else runs on the machine.  It is removed at the end, with all that is in it.

-- luacheck: globals os.getenv os.tmpname
local busted = require "busted"
local fs = require "core.fs"
local host = require "core.host"

local M = {}

local function unique()
  return (host.random(8):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

--- Where `os.tmpname` and what reads TMPDIR put their files.
M.path = (os.getenv "TMPDIR" or "/tmp") .. "/rcmcp_specs_" .. unique() -- no character of it means anything in a pattern
assert(fs.mkdir(M.path, 448))

local getenv = os.getenv

function os.getenv(name)
  if name == "TMPDIR" then return M.path end
  return getenv(name)
end

-- As the one of Lua on POSIX, it makes the file.
function os.tmpname()
  local path = M.path .. "/lua_" .. unique()
  assert(io.open(path, "wb")):close()
  return path
end

busted.subscribe({ "suite", "end" }, function()
  os.execute(("rm -rf '%s'"):format(M.path))
  return nil, true
end)

return M
