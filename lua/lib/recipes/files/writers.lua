--- Who else may write to what is run as code: whoever may could run what they like in the user's name.
---
--- Of a plain file that is the file, and each folder from the recipe folder down to it.  Where a symbolic link leads out of
--- there, the folders on the way to its target count, too: who may write into one of them can put another file there.

local clock = require "core.clock"
local fs = require "core.fs"
local links = require "lib.recipes.files.links"

local M = {}

local WRITABLE_BY_OTHERS, WRITABLE_BY_ALL = 18, 2 -- the bits g+w and o+w
local STICKY = 512 -- only the owner of an entry may replace it, as in /tmp
local ROOT = 0

local asked, asked_at = {}, -math.huge -- what the system said of groups: a scan asks for each file

local function is_private(owner, group)
  local now = clock.monotonic()
  if now - asked_at > 1 then asked, asked_at = {}, now end
  local key = owner .. ":" .. group
  if asked[key] == nil then asked[key] = fs.is_private_group(owner, group) end
  return asked[key]
end

-- Where the umask is 002 each user has a group to himself: that such a group may write lets nobody else in.
local function is_open(stat)
  if stat.mode & WRITABLE_BY_OTHERS == 0 then return false end
  if stat.mode & WRITABLE_BY_ALL ~= 0 then return true, "everyone" end
  return not is_private(stat.owner, stat.group), "its group"
end

local function quoted(path)
  if path:find "^[%w/._~+-]+$" then return path end
  return "'" .. path:gsub("'", "'\\''") .. "'"
end

local function absolute(path)
  return fs.realpath(path) or path
end

--- Why a file or folder is refused, by its own permissions.
---@param stat core.fs.Stat
---@param shown string  what the message calls it
---@param path string   for the command that mends it
---@return string? problem
function M.permission_problem(stat, shown, path)
  local open, who = is_open(stat)
  if not open then return nil end
  return ("%s is writable by %s, who could run what they like in your name; run: chmod go-w %s (or set allow_writable_recipes)")
    :format(shown, who, quoted(absolute(path)))
end

-- Links --------------------------------------------------------------------------------------------

local function is_trusted(owner, trusted)
  return owner == ROOT or owner == trusted
end

-- A folder on a link's way.  In one such as /tmp others may make entries, but not replace those of somebody else.
local function folder_problem(step, shown, trusted)
  local stat = fs.stat(step.folder)
  if not stat then return nil end
  if not is_open(stat) then
    if is_trusted(stat.owner, trusted) then return nil end
    return ("%s leads through %s, which belongs to another user (set allow_writable_recipes to take it)"):format(shown, step.folder)
  end
  if stat.mode & STICKY ~= 0 and not step.target then
    local entry = fs.stat((step.folder == "/" and "" or step.folder) .. "/" .. step.name)
    if entry and is_trusted(entry.owner, trusted) then return nil end
  end
  return M.permission_problem(stat, ("%s leads through %s, which"):format(shown, step.folder), step.folder)
end

-- The folders that count as given: those of the plain way to the recipe folder.
local function given_folders(root)
  local given = {}
  for _, step in ipairs(links.way(root).steps) do
    given[step.folder] = true
    if step.target then break end
  end
  return given
end

local function way_problem(way, shown, root)
  local given, of_root = given_folders(root), fs.stat(root)
  local trusted = of_root and of_root.owner
  for _, step in ipairs(way.steps) do
    local problem = not given[step.folder] and folder_problem(step, shown, trusted)
    if problem then return problem end
  end
  local stat = fs.stat(way.path)
  if way.linked and stat and not is_trusted(stat.owner, trusted) then
    return ("%s leads to %s, which belongs to another user (set allow_writable_recipes to take it)"):format(shown, way.path)
  end
end

--- Why a file or folder is refused: it, what lies between the recipe folder and it, and where links lead.
---@param path string
---@param shown string  what the message calls it
---@param root string   the recipe folder, or the path itself
---@return core.fs.Stat|nil stat, string? problem, string? code  nil: there is none, and the problem says why not, with fs.stat's code
function M.check(path, shown, root)
  local stat, message, code = fs.stat(path)
  if not stat then return nil, message, code end
  local way = links.way(path)
  local problem = way.linked and way_problem(way, shown, root) -- first: who does not own it cannot chmod it
    or M.permission_problem(stat, shown, path)
  if problem or way.linked then return stat, problem end
  local folder = path:match "^(.*)/[^/]*$"
  while folder and #folder > #root do -- a plain way has few folders to look at
    local of_folder = fs.stat(folder)
    problem = of_folder and M.permission_problem(of_folder, shown .. " lies in " .. folder .. ", which", folder)
    if problem then return stat, problem end
    folder = folder:match "^(.*)/[^/]*$"
  end
  return stat
end

return M
