--- The way to a file through symbolic links: which folders could lead it elsewhere.
---
--- Dotfile managers link each file, or whole folders; a Kubernetes volume re-points one link (`..data`) at each update.

local fs = require "core.fs"

local M = {}

local MOST_LINKS = 40 -- as Linux has it, see path_resolution(7): more of them are a circle

---@class LinkStep  one name on the way
---@field folder string   without links
---@field name string     within it
---@field target? string  where it is a link: what it says

---@class LinkWay
---@field steps LinkStep[]
---@field path string      where it ends, without links
---@field missing? boolean that is not there, or the links lead in a circle
---@field linked boolean   there is a link on it

local function push_all(todo, path)
  local parts = {}
  for part in path:gmatch "[^/]+" do parts[#parts + 1] = part end
  for i = #parts, 1, -1 do todo[#todo + 1] = parts[i] end
end

local function parent_of(folder)
  return folder:match "^(.+)/[^/]+$" or "/"
end

local function join(folder, name)
  return (folder == "/" and "" or folder) .. "/" .. name
end

-- A relative path begins in the current folder, which has no links on its own way.
local function start_of(path)
  if path:sub(1, 1) == "/" then return "/" end
  return fs.realpath "." or "/"
end

-- Takes one name of the way; returns where it leads.
local function step(way, todo, at, name)
  if name == "." then return at end
  if name == ".." then return parent_of(at) end
  local path = join(at, name)
  local target, _, code = fs.readlink(path)
  table.insert(way.steps, { folder = at, name = name, target = target })
  if not target then
    way.missing = way.missing or code ~= "EINVAL" or nil -- EINVAL: it is there, and no link
    return path
  end
  way.linked = true
  push_all(todo, target)
  return target:sub(1, 1) == "/" and "/" or at
end

--- Walks to `path`.  Of what is missing the steps end with the first name that is not there.
---@param path string
---@return LinkWay
function M.way(path)
  local way, todo, links = { steps = {}, path = start_of(path), linked = false }, {}, 0
  push_all(todo, path)
  while #todo > 0 and not way.missing do
    way.path = step(way, todo, way.path, table.remove(todo))
    local last = way.steps[#way.steps]
    if last and last.target then links = links + 1 end
    if links > MOST_LINKS then way.missing = true end
  end
  return way
end

return M
