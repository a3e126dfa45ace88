--- Watches recipe folders, and says once that something changed when it has come to rest.
---
--- Folders are watched, not files: an editor that saves by renaming replaces the file.  Of a recipe folder that is
--- not there its parents are watched, so that it is found when somebody makes it.  Of a symbolic link the folder of each
--- link on the way is watched, for the link's name alone, and the folder of what it leads to.
---
--- A watch may open some time after it was made, and then tells as if something had changed, for who has read the folders
--- before: a program that ends at once must not have opened one.  On Linux the close of an inotify descriptor that has watches
--- waits for the kernel's readers (synchronize_srcu in fsnotify_wait_marks_destroyed), some 10 ms.

local clock = require "core.clock"
local errors = require "lib.errors"
local fs = require "core.fs"
local links = require "lib.recipes.files.links"
local log = require "core.log"
local timer = require "core.timer"
local watch = require "core.watch"

local M = {}

local REST = 0.08     -- seconds without a change before it is told
local PATIENCE = 1    -- seconds after which it is told, come to rest or not
local PARENTS = 2     -- of a folder that is not there
local LEVELS = 4      -- of folders in a folder

---@class WatcherOptions
---@field folders RecipeFolder[]
---@field files? fun(): string[]   further files to look after: modules, wherever they lie
---@field on_change fun()
---@field delay? integer   milliseconds after which it opens; default: now

---@class Watcher
---@field package options WatcherOptions
---@field package watches table<string, core.Handle>  by path without links
---@field package names table<string, true|table<string, true>>  of each: the names that matter in it, or all
---@field package failed table<string, true>          paths that cannot be watched, and that was said
---@field package timer core.Handle|false
---@field package opening core.Handle|false               until it opens
---@field package since number|false                     moment of the first change not told yet
local Watcher = {}
Watcher.__index = Watcher

local function is_folder(path)
  local stat = fs.stat(path)
  return stat ~= nil and stat.type == "directory"
end

local function parent_of(path)
  return path:match("^(.+)/[^/]+$") or (path:sub(1, 1) == "/" and "/" or ".")
end

local function want_name(wanted, folder, name)
  if wanted[folder] == true then return end
  wanted[folder] = wanted[folder] or {}
  wanted[folder][name] = true
end

-- What could lead a path elsewhere: the links on its way, and the first name of it that is not there.
local function want_links(wanted, way)
  for _, step in ipairs(way.steps) do
    if step.target then want_name(wanted, step.folder, step.name) end
  end
  local last = way.steps[#way.steps]
  if way.missing and last then want_name(wanted, last.folder, last.name) end
end

local function want_folder(wanted, path)
  local way = links.way(path)
  want_links(wanted, way)
  if not way.missing then wanted[way.path] = true end
end

local function want_file(wanted, path)
  local way = links.way(path)
  want_links(wanted, way)
  local last = way.steps[#way.steps]
  if last then want_name(wanted, last.folder, last.name) end
end

local function want_existing(wanted, path)
  want_links(wanted, links.way(path))
  for _ = 0, PARENTS do
    if is_folder(path) then return want_folder(wanted, path) end
    path = parent_of(path)
  end
end

-- Below the first level only what holds modules is looked into: somebody may name a folder with much else in it.
local function holds_modules(path, name, level)
  return level > 1 or name == "lib" or fs.stat(path .. "/main.lua") ~= nil
end

local function want_below(wanted, folder, level)
  if level > LEVELS then return end
  for _, name in ipairs(fs.list(folder) or {}) do
    local path = folder .. "/" .. name
    if name:find("^%.") then
      goto next_name
    elseif is_folder(path) then
      want_folder(wanted, path)
      if holds_modules(path, name, level) then want_below(wanted, path, level + 1) end
    elseif fs.readlink(path) then
      want_file(wanted, path)
    end
    ::next_name::
  end
end

-- What is to be watched now: the folders, those in them, which hold recipes or modules, and where links lead.
local function wanted_folders(self)
  local wanted = {}
  for _, root in ipairs(self.options.folders) do
    want_existing(wanted, root.path)
    want_below(wanted, root.path, 1)
  end
  for _, path in ipairs(self.options.files and self.options.files() or {}) do want_file(wanted, path) end
  return wanted
end

local function drop(self, path)
  self.watches[path]:cancel()
  self.watches[path] = nil
end

local function changed(self)
  local now = clock.monotonic()
  self.since = self.since or now
  if self.timer and now - self.since > PATIENCE then return end
  if self.timer then self.timer:cancel() end
  self.timer = timer.after(math.ceil(REST * 1000), function()
    self.timer = false -- one that is cancelled would not call again where memory runs out
    self:flush()
  end)
end

local function matters(self, path, name)
  local names = self.names[path]
  return name == nil or names == true or names ~= nil and names[name] == true
end

local function on_event(self, path, name, message)
  if message then log.write("warning", ("recipes: %s is not watched any more: %s"):format(path, message)) end
  -- Perhaps the folder itself went: what replaces it needs a watch of its own.
  -- linear: a path that the system took, 4,096 bytes at most
  local is_itself = message or name == nil or name == path:match("[^/]*$")
  if is_itself or matters(self, path, name) then changed(self) end
  if is_itself then drop(self, path) end -- at last: where memory runs out before, this is called again
end

local function follow(self, path)
  local handle, message = watch.folder(path, function(name, problem) on_event(self, path, name, problem) end)
  self.watches[path] = handle
  if handle then return true end
  if not self.failed[path] then
    self.failed[path] = true
    log.write("warning", ("recipes: cannot watch %s; SIGHUP reads the recipes again"):format(message))
  end
  return false
end

-- Whether something is watched now that was not.
local function follow_all(self)
  local wanted, more = wanted_folders(self), false
  self.names = wanted
  for path in pairs(wanted) do
    if not self.watches[path] then more = follow(self, path) or more end
  end
  for path in pairs(self.watches) do
    if not wanted[path] then drop(self, path) end
  end
  return more
end

--- Looks after what the recipes require by now.
function Watcher:follow()
  if self.opening then return end
  if follow_all(self) then changed(self) end -- what happened in there before went unseen
end

local function notify(self)
  follow_all(self) -- first, so that nothing happens unseen between the reading and the watch
  self.options.on_change()
  if self.options.files then self:follow() end
end

--- Tells now of changes that wait for their time.
function Watcher:flush()
  if self.opening then -- what happened before it opens went unseen
    self.opening:cancel()
    self.opening, self.since = false, clock.monotonic()
  end
  local since = self.since
  if not since then return end
  if self.timer then self.timer:cancel() end
  self.timer, self.since = false, false
  local ok, err = pcall(notify, self)
  if ok then return end
  self.since = self.since or since ---@diagnostic disable-line: assign-type-mismatch -- it is false or a moment
  if errors.is_out_of_memory(err) then return changed(self) end -- once more when there is some
  error(err, 0)
end

--- Ends the watch.
function Watcher:close()
  if self.timer then self.timer:cancel() end
  if self.opening then self.opening:cancel() end
  self.timer, self.opening, self.since = false, false, false
  for path in pairs(self.watches) do drop(self, path) end
end
Watcher.__close = Watcher.close

--- Begins to watch.
---@param options WatcherOptions
---@return Watcher
function M.new(options)
  local self = setmetatable({
    options = options, watches = {}, names = {}, failed = {},
    since = false, timer = false, opening = false, -- never nil: setting them must not fail where memory has run out
  }, Watcher)
  if options.delay then
    self.opening = timer.after(options.delay, function()
      self.opening, self.since = false, clock.monotonic() -- not cancelled, as above
      self:flush()
    end)
  else
    follow_all(self)
  end
  return self
end

return M
