--- What is shipped beside the program: the example recipes, the definitions for editors.
---
--- An installed program finds them relative to its own file (the real one, behind symbolic links), so an
--- installation may be moved as a whole.  A program in its build folder has them in `share` beside it, put there by
--- the build as links to the sources, wherever those lie.

local fs = require "core.fs"
local host = require "core.host"

local M = {}

--- The two places where shipped files may lie.
---@param kind "recipes"|"meta"
---@param program string  absolute path of the program
---@return string built, string installed
function M.places(kind, program)
  local folder = program:match("^(.*)/[^/]*$") or "."
  return folder .. "/share/rcmcp/" .. kind, folder .. "/" .. host.data_folder .. "/rcmcp/" .. kind
end

-- "/a/bin/../share" as "/a/share"; a path that leads nowhere only in its text, which is all that is shown of it.
local function without_dots(path)
  local real = fs.realpath(path)
  if real then return real end
  local parts = {}
  for part in path:gmatch "[^/]+" do
    if part == ".." and #parts > 0 then parts[#parts] = nil else parts[#parts + 1] = part end
  end
  return "/" .. table.concat(parts, "/")
end

--- The folder of shipped files of this kind.
---@param kind "recipes"|"meta"
---@param program? string  default: the running program
---@return string path  where it should be, when there is none
---@return boolean found
function M.folder(kind, program)
  local built, installed = M.places(kind, program or host.program() or "")
  for _, path in ipairs { built, installed } do
    local stat = fs.stat(path)
    if stat and stat.type == "directory" then return without_dots(path), true end
  end
  return without_dots(installed), false
end

return M
