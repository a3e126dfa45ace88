--- The recipes of a server: read when somebody first asks for the tools, then kept up to date.
---
--- As long as no recipe folder is there nothing of lib.recipes but the watch for one is loaded, and no worker is started.

local fiber = require "lib.async.fiber"
local log = require "core.log"
local timer = require "core.timer"

local M = {}

local DELAY = 1000 -- milliseconds until the watch opens: many a server is asked one thing and ends
local PATIENCE = 10000 -- milliseconds that requests wait for the recipes: each file may compute for half a second

---@class LiveRecipes
---@field private app App
---@field private on_change fun(snapshot: Snapshot)
---@field private catalog? Catalog
---@field private watcher? Watcher  for a first recipe folder
---@field private opening? boolean  the recipes are being read for the first time
---@field private again? boolean    and are to be read once more then
---@field private patience integer
---@field private waiting? core.Handle  somebody waits for the recipes, and for how long
---@field private closed? boolean
local LiveRecipes = {}
LiveRecipes.__index = LiveRecipes

---@param app App
---@param on_change fun(snapshot: Snapshot)
---@param patience? integer  milliseconds that are waited for them; default 10,000
---@return LiveRecipes
function M.new(app, on_change, patience)
  return setmetatable({ app = app, on_change = on_change, patience = patience or PATIENCE }, LiveRecipes)
end

-- A folder that somebody named is worth a complaint where it is missing: the catalog makes it.
local function has_folder(app)
  local fs = require "core.fs"
  for _, folder in ipairs(app:recipe_folders()) do
    if folder.expected or fs.stat(folder.path) then return true end
  end
  return false
end

local function keep(self, catalog, delay)
  self.catalog = catalog
  catalog:on_change(function() self.on_change(catalog:snapshot()) end)
  if self.app.settings.hot_reload then catalog:watch(delay) end
  catalog:insist()
  if self.again then catalog:scan() end
  self.again = nil
end

-- Recipes are loaded in a worker, which takes its time.
local function open_catalog(self, delay, ready)
  self.opening = true
  fiber.spawn(function()
    local ok, catalog = pcall(self.app.catalog, self.app)
    self.opening = nil
    if self.closed then return end
    if not ok then return ready(nil, catalog) end
    keep(self, catalog, delay)
    ready(catalog:snapshot())
  end)
end

local function stop_waiting(self)
  if self.watcher then self.watcher:close() end
  self.watcher = nil
end

local function take_late(self, snapshot, err)
  if not snapshot then error(err, 0) end
  self.on_change(snapshot)
end

local function open_late(self)
  if self.opening or not has_folder(self.app) then return end
  stop_waiting(self)
  open_catalog(self, nil, function(snapshot, err) take_late(self, snapshot, err) end)
end

local function wait_for_folder(self)
  local folders = self.app:recipe_folders()
  if not self.app.settings.hot_reload or #folders == 0 then return end
  self.watcher = require("lib.recipes.files.watcher").new {
    folders = folders, on_change = function() open_late(self) end, delay = DELAY,
  }
end

local function lose_patience(self, ready)
  self.waiting = nil
  log.write("warning", "recipes: they take long to load; the other tools are offered without them until they are")
  ready(self.app:listed())
end

-- Files that compute while they are loaded hold up those who ask for other tools only so long; then the recipes come as a change, of
-- which clients are told.
local function open_patiently(self, ready)
  if not self.app.settings.hot_reload then return open_catalog(self, DELAY, ready) end
  self.waiting = timer.after(self.patience, function() lose_patience(self, ready) end)
  open_catalog(self, DELAY, function(snapshot, err)
    if not self.waiting then return take_late(self, snapshot, err) end
    self.waiting:cancel()
    self.waiting = nil
    ready(snapshot, err)
  end)
end

--- Reads the recipes for the first time, and begins to watch.
---@param ready fun(snapshot: Snapshot?, err: any)  called when they are read, at once where there are none, or, without them, where
---  they take too long; then they come as a change
function LiveRecipes:open(ready)
  self.opened = true
  if has_folder(self.app) then return open_patiently(self, ready) end
  wait_for_folder(self)
  ready(self.app:listed())
end

--- Reads them again now.
function LiveRecipes:rescan()
  if self.catalog then
    self.catalog:scan()
  elseif self.opening then
    self.again = true
  elseif self.opened then
    open_late(self)
  end
end

--- Ends the watch.
function LiveRecipes:close()
  self.closed = true
  stop_waiting(self)
  if self.waiting then self.waiting:cancel() end
  if self.catalog then self.catalog:close() end
end

return M
