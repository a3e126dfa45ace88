--- Watches recipe folders, and says once that something changed when it has come to rest.
---
--- Folders are watched, not files: an editor that saves by renaming replaces the file.  Of a recipe folder that is
--- not there its parents are watched, so that it is found when somebody makes it.

local clock = require "core.clock"
local fs = require "core.fs"
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
---@field on_change fun()

---@class Watcher
---@field private options WatcherOptions
---@field private watches table<string, core.Handle>  by path
---@field private failed table<string, true>          paths that cannot be watched, and that was said
---@field private timer? core.Handle
---@field private since? number                       moment of the first change not told yet
local Watcher = {}
Watcher.__index = Watcher

local function is_folder(path)
  local stat = fs.stat(path)
  return stat ~= nil and stat.type == "directory"
end

local function parent_of(path)
  return path:match("^(.+)/[^/]+$") or (path:sub(1, 1) == "/" and "/" or ".")
end

local function add_existing(paths, path)
  for _ = 0, PARENTS do
    if is_folder(path) then
      paths[path] = true
      return
    end
    path = parent_of(path)
  end
end

-- Below the first level only what holds modules is looked into: somebody may name a folder with much else in it.
local function holds_modules(path, name, level)
  return level > 1 or name == "lib" or fs.stat(path .. "/main.lua") ~= nil
end

local function add_below(paths, folder, level)
  if level > LEVELS then return end
  for _, name in ipairs(fs.list(folder) or {}) do
    local path = folder .. "/" .. name
    if not name:find("^%.") and not name:find("%.lua$") and is_folder(path) then
      paths[path] = true
      if holds_modules(path, name, level) then add_below(paths, path, level + 1) end
    end
  end
end

-- What is to be watched now: the folders, and those in them, which hold recipes or modules.
local function wanted_paths(self)
  local paths = {}
  for _, root in ipairs(self.options.folders) do
    add_existing(paths, root.path)
    add_below(paths, root.path, 1)
  end
  return paths
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
  self.timer = timer.after(math.ceil(REST * 1000), function() self:flush() end)
end

local function on_event(self, path, name, message)
  if message then log.write("warning", ("recipes: %s is not watched any more: %s"):format(path, message)) end
  -- Perhaps the folder itself went: what replaces it needs a watch of its own.
  if message or name == nil or name == path:match("[^/]*$") then drop(self, path) end
  changed(self)
end

local function follow(self, path)
  local handle, message = watch.folder(path, function(name, problem) on_event(self, path, name, problem) end)
  self.watches[path] = handle
  if not handle and not self.failed[path] then
    self.failed[path] = true
    log.write("warning", ("recipes: cannot watch %s; SIGHUP reads the recipes again"):format(message))
  end
end

local function follow_all(self)
  local paths = wanted_paths(self)
  for path in pairs(paths) do
    if not self.watches[path] then follow(self, path) end
  end
  for path in pairs(self.watches) do
    if not paths[path] then drop(self, path) end
  end
end

--- Tells now of changes that wait for their time.
function Watcher:flush()
  if not self.since then return end
  if self.timer then self.timer:cancel() end
  self.timer, self.since = nil, nil
  follow_all(self) -- first, so that nothing happens unseen between the reading and the watch
  self.options.on_change()
end

--- Ends the watch.
function Watcher:close()
  if self.timer then self.timer:cancel() end
  self.timer, self.since = nil, nil
  for path in pairs(self.watches) do drop(self, path) end
end
Watcher.__close = Watcher.close

--- Begins to watch.
---@param options WatcherOptions
---@return Watcher
function M.new(options)
  local self = setmetatable({ options = options, watches = {}, failed = {} }, Watcher)
  follow_all(self)
  return self
end

return M
