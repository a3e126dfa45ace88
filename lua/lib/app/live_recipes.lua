--- The recipes of a server: read when somebody first asks for the tools, then kept up to date.
---
--- As long as no recipe folder is there nothing of lib.recipes but the watch for one is loaded.

local M = {}

local DELAY = 1000 -- milliseconds until the watch opens: many a server is asked one thing and ends

---@class LiveRecipes
---@field private app App
---@field private on_change fun(snapshot: Snapshot)
---@field private catalog? Catalog
---@field private watcher? Watcher  for a first recipe folder
local LiveRecipes = {}
LiveRecipes.__index = LiveRecipes

---@param app App
---@param on_change fun(snapshot: Snapshot)
---@return LiveRecipes
function M.new(app, on_change)
  return setmetatable({ app = app, on_change = on_change }, LiveRecipes)
end

-- A folder that somebody named is worth a complaint where it is missing: the catalog makes it.
local function has_folder(app)
  local fs = require "core.fs"
  for _, folder in ipairs(app:recipe_folders()) do
    if folder.expected or fs.stat(folder.path) then return true end
  end
  return false
end

local function open_catalog(self, delay)
  local catalog = self.app:catalog()
  self.catalog = catalog
  catalog:on_change(function() self.on_change(catalog:snapshot()) end)
  if self.app.settings.hot_reload then catalog:watch(delay) end
  return catalog:snapshot()
end

local function stop_waiting(self)
  if self.watcher then self.watcher:close() end
  self.watcher = nil
end

local function open_late(self)
  if not has_folder(self.app) then return end
  stop_waiting(self)
  self.on_change(open_catalog(self))
end

local function wait_for_folder(self)
  local folders = self.app:recipe_folders()
  if not self.app.settings.hot_reload or #folders == 0 then return end
  self.watcher = require("lib.recipes.files.watcher").new {
    folders = folders, on_change = function() open_late(self) end, delay = DELAY,
  }
end

--- Reads the recipes for the first time, and begins to watch.
---@return Snapshot
function LiveRecipes:open()
  self.opened = true
  if has_folder(self.app) then return open_catalog(self, DELAY) end
  wait_for_folder(self)
  return self.app:listed()
end

--- Reads them again now.
function LiveRecipes:rescan()
  if self.catalog then
    self.catalog:scan()
  elseif self.opened then
    open_late(self)
  end
end

--- Ends the watch.
function LiveRecipes:close()
  stop_waiting(self)
  if self.catalog then self.catalog:close() end
end

return M
