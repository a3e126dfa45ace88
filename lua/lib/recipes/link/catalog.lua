--- All recipes of all folders, and the set of tools that they make together with the built-in ones.
---
--- A scan reads the folders, loads what is new, links what is good, and swaps the whole set at once.  A
--- file that turns bad keeps the version that was good; why it is bad is said once.

local clock = require "lib.async.clock"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local fs = require "core.fs"
local insist = require "lib.async.insist"
local limits = require "lib.recipes.run.limits"
local linking = require "lib.recipes.link.linking"
local meter = require "lib.async.meter"
local outdated = require "lib.recipes.link.outdated"
local prompts = require "lib.features.prompts"
local records = require "lib.recipes.files.records"
local registry = require "lib.features.registry"
local resources = require "lib.features.resources"

local M = {}

---@class CatalogOptions
---@field folders RecipeFolder[]     the weakest first
---@field registry_tools Tool[]      the built-in ones
---@field settings? Settings
---@field quiet? boolean             do not log problems
---@field lenient? boolean           take files that others may write to
---@field meta_tools? boolean        offer list_recipes and run_recipe; default true
---@field worker? WorkerHost         where recipes are loaded and run; default: here

---@class Catalog
---@field package options CatalogOptions
---@field package records RecipeRecords
---@field package set Linked         what the recipes have brought in
---@field package outdated Outdated  what does not run as it is saved
---@field package current Snapshot   of all tools
---@field package builtins table<string, Tool>
---@field package body fun(recipe: Recipe, kind: string, entry: RecipeEntry): function
---@field package listeners (fun(catalog: Catalog))[]
---@field package watcher? table
---@field package scanning? Fiber    that loads in the worker
---@field package due? boolean       it is to scan once more
---@field package insists? boolean
---@field package complete? boolean  the last scan found a worker for all that is to be loaded
---@field package later? core.Handle  … and the next one, if it did not
local Catalog = {}
Catalog.__index = Catalog

-- Linking --------------------------------------------------------------------------------------------

-- Falls back: first from new versions to good ones, then from good ones to none.
local function demote(record_of, problems, work)
  local newcomers = false
  for item in pairs(problems) do
    local record = record_of[item]
    newcomers = newcomers or record.chosen ~= record.good
  end
  for item, problem in pairs(problems) do
    local record = record_of[item]
    work:pause() -- to find its place is to read the file
    if record.chosen ~= record.good or not newcomers then
      record.problem = require("lib.recipes.source.places").placed(record.at.shown, record.chosen.text, problem)
      record.chosen = record.chosen ~= record.good and record.good or nil
    end
  end
end

-- Those of the account for which it runs.
local function settings_of(self, ctx)
  return ctx.account and ctx.account.settings or self.options.settings
end

-- What runs for a client: the recipe's function, with the set of that moment for what it uses.
local function body(self)
  local function options_of(entry, ctx)
    return {
      declaration = entry.fields, find = self.current.find, settings = settings_of(self, ctx), schema = entry.compiled.schema,
      tool = entry.linked.annotations and entry.linked or nil,
    }
  end
  -- What a recipe requires only while it runs is watched from then on.
  local function after(recipe, ...)
    if self.watcher and recipe.modules:has_more() then self.watcher:follow() end
    return ...
  end
  return function(recipe, kind, entry)
    local fn = entry.fields.run or entry.fields.read
    local function invoke(how, args, ctx)
      return after(recipe, require("lib.recipes.run.invoke")[how](recipe, fn, args, ctx, options_of(entry, ctx)))
    end
    if kind == "tools" then
      return function(input, ctx)
        local function work(run_ctx)
          local note = self.outdated:note(recipe, entry.key)
          return outdated.report(note, run_ctx, entry.fields.output == nil, invoke("call", { input }, run_ctx))
        end
        return require("lib.recipes.run.background").call(self:subject(entry.key, recipe, input), work, ctx)
      end
    elseif kind == "prompts" then
      return function(arguments, ctx) return invoke("messages", { arguments }, ctx) end
    elseif kind == "resources" then
      return function(ctx) return invoke("value", {}, ctx) end
    end
    return function(variables, ctx) return invoke("value", { variables }, ctx) end
  end
end

--- What a call of a recipe's tool is about.
---@param name string
---@param recipe Recipe
---@param input table
---@return RunSubject
function Catalog:subject(name, recipe, input)
  return {
    name = name, recipe = recipe, input = input, collects = self.options.meta_tools ~= false,
    find = function(wanted) return self:find(wanted) end,
  }
end

-- A chain of recipes falls link by link: where the scan is a fiber's, the loop turns meanwhile.
local function link(self, list)
  local work = meter.new()
  for _, record in ipairs(list) do record.chosen = record.candidate or record.good end
  while true do
    local items, record_of = {}, {}
    for _, record in ipairs(list) do
      if record.chosen then
        local item = { recipe = record.chosen, rank = record.rank }
        items[#items + 1], record_of[item] = item, record
      end
    end
    local linked = linking.link(items, {
      builtins = self.builtins, reserved = M.reserved, body = self.body, work = work,
      seconds = function() return limits.check_seconds(self.options.settings) end,
    })
    if next(linked.problems) == nil then return linked, record_of end
    demote(record_of, linked.problems, work)
  end
end

local function settle(self, list)
  local linked, record_of = link(self, list)
  for _, record in ipairs(list) do
    record.good = record.chosen or record.good -- what it uses may come back
    record.shadowed = nil
  end
  for item, shadows in pairs(linked.shadowed) do record_of[item].shadowed = shadows end
  self.outdated = outdated.of(list)
  return linked
end

-- Publishing -----------------------------------------------------------------------------------------

--- Names of the meta tools: no recipe may take them, offered or not.
M.reserved = { list_recipes = true, run_recipe = true }

local function same_list(a, b)
  if #a ~= #b then return false end
  for i, value in ipairs(a) do
    if value ~= b[i] then return false end
  end
  return true
end

local function any_folder(self)
  for _, root in ipairs(self.options.folders) do
    if fs.stat(root.path) then return true end
  end
  return false
end

--- The resource that tells what became of each recipe file.
local function report_resource(self)
  return assert(resources.compile {
    uri = "rcmcp://recipes", name = "recipes", title = "Recipes", mime_type = "application/json",
    description = "The recipe files of this server: state, tools, load time and last error of each",
    read = function() return require("lib.recipes.link.report").json(self) end,
  })
end

-- The meta tools come with the first recipe folder: who has none needs none.
local function meta_tools(self)
  if self.options.meta_tools == false or not any_folder(self) then return {} end
  self.meta = self.meta or require("lib.recipes.link.meta_tools").new(self)
  return self.meta
end

local makers = { prompts = prompts.set, resources = resources.set, templates = resources.template_set }

-- The server's own resource comes with the first recipe folder, as the meta tools do.
local function add_report(self, linked)
  if not any_folder(self) then return end
  self.report_resource = self.report_resource or report_resource(self)
  table.insert(linked.resources, self.report_resource)
end

-- The sets beside the tools; one that has not changed stays the same table, by which a server knows.
local function other_sets(self, linked, snapshot)
  local changed = false
  for kind, make in pairs(makers) do
    if self.current[kind] and same_list(self.set[kind], linked[kind]) then
      snapshot[kind] = self.current[kind]
    else
      snapshot[kind], changed = make(linked[kind]), true
    end
  end
  return changed --[[@as boolean]]
end

local function all_tools(self, linked, meta)
  local all = {}
  for _, list in ipairs { self.options.registry_tools, linked.tools, meta } do table.move(list, 1, #list, #all + 1, all) end
  return all
end

local function publish(self, linked)
  local meta = meta_tools(self)
  add_report(self, linked)
  local snapshot, changed = self.current, not same_list(self.set.tools, linked.tools) or #meta ~= self.meta_count
  if changed then snapshot = registry.snapshot_of(all_tools(self, linked, meta)) end
  local sets = {}
  if other_sets(self, linked, sets) or changed then
    self.current = {
      list = snapshot.list, find = snapshot.find,
      prompts = sets.prompts, resources = sets.resources, templates = sets.templates,
    }
    changed = true
  end
  self.set, self.meta_count = linked, #meta
  return changed --[[@as boolean]]
end

local AGAIN = 30 -- seconds behind a scan that found no worker for some files

local function scan_again(self)
  if not self.insists or self.complete or self.later then return end
  self.later = clock.after(AGAIN, function()
    self.later = nil
    self:scan()
  end)
end

local function scan_once(self)
  self.complete = self.records:scan(self.options.lenient)
  scan_again(self)
  local changed = publish(self, settle(self, self.records:list()))
  self.records:report()
  if changed then
    for _, listener in ipairs(self.listeners) do listener(self) end
  end
  return changed --[[@as boolean]]
end

-- One scan at a time: what was asked for in its midst is a scan from the beginning.
---@return boolean
local function scan_in_turn(self)
  local changed = false ---@type boolean
  repeat
    self.due = false
    changed = insist("the scan of the recipe folders", scan_once, self) == true or changed == true
  until not self.due
  self.scanning = nil
  if self.watcher then self.watcher:follow() end
  return changed --[[@as boolean]]
end

-- Whoever waits may give up, and the scan goes on.
local function scan_in_worker(self)
  self.due = true
  local task = self.scanning
  if not task then
    task = fiber.spawn(scan_in_turn, self)
    if task.status ~= "done" then self.scanning = task end
  end
  if task.status ~= "done" and not fiber.current() then return false end
  local ok, changed = task:join()
  if not ok then error(changed, 0) end
  return changed --[[@as boolean]]
end

--- Reads the folders again.  Returns whether the set has changed; listeners know by then.  With a worker it waits for that in a
--- fiber; outside of one the scan goes on.
---@return boolean
function Catalog:scan()
  if self.options.worker then return scan_in_worker(self) end
  return scan_once(self)
end

--- The tools as they are now: built-in ones, recipes, meta tools.
---@return Snapshot
function Catalog:snapshot() return self.current end

--- The recipes' tools alone, sorted by name.
---@return Tool[]
function Catalog:recipe_tools() return self.set.tools end

---@param name string
---@return Tool?
function Catalog:find(name) return self.current.find(name) end

---@return Prompt[]
function Catalog:prompts() return self.set.prompts end

---@return Resource[]
function Catalog:resources() return self.set.resources end

---@return ResourceTemplate[]
function Catalog:templates() return self.set.templates end

--- Calls `fn(catalog)` after each change of the set.
---@param fn fun(catalog: Catalog)
function Catalog:on_change(fn)
  self.listeners[#self.listeners + 1] = fn
end

-- Reports --------------------------------------------------------------------------------------------

--- What became of each recipe file, in the order of the folders.
---@return RecipeReport[]
function Catalog:report()
  return require("lib.recipes.link.report").of(self.records:list())
end

--- The folders that cannot be used, and why.
---@return { path: string, error: string }[]
function Catalog:folder_problems()
  return self.records:folder_problems()
end

--- Takes new settings; calls under way keep theirs.
---@param settings Settings
function Catalog:configure(settings)
  self.options.settings = settings
  self.options.lenient = settings.allow_writable_recipes
end

--- Files for which no worker could be started are looked at again from now on, until one can.
function Catalog:insist()
  self.insists = true
  scan_again(self)
end

--- Watches the folders from now on, and scans when something in them changes.
---@param delay? integer  milliseconds after which the watch opens; then it scans, for what has changed until then
function Catalog:watch(delay)
  if self.watcher then return end
  self.watcher = require("lib.recipes.files.watcher").new {
    folders = self.options.folders, files = function() return self.records:module_paths() end,
    on_change = function() self:scan() end, delay = delay,
  }
end

--- Scans now if a change waits for its time.  With a worker in a fiber: it waits for that, and for a scan that is under way.
function Catalog:catch_up()
  local watcher = self.watcher
  if not watcher then return end
  if not self.options.worker then return watcher:flush() end
  fiber.spawn(watcher.flush, watcher) -- whoever asks for it may be cancelled
  if self.scanning then self.scanning:join() end
end

--- The same for what the loop has not looked at yet, too: a person saves a file and asks at once.  In a fiber.
function Catalog:look()
  if not self.watcher then return end
  fiber.next_turn() -- the turn that runs now may have looked at the folders before
  fiber.next_turn() -- the one that begins then looks in its midst
  self:catch_up()
end

--- Ends the watch, and a scan that is under way.
function Catalog:close()
  local task = self.scanning
  self.scanning = nil
  if task then
    task.quiet = true
    task:cancel "the recipes are closed"
  end
  if self.watcher then self.watcher:close() end
  if self.later then self.later:cancel() end
  self.watcher, self.later = nil, nil
end
Catalog.__close = Catalog.close

--- An error that says what became of a recipe of this name, for who asks for a tool that is not there.
---@param name string
---@return Error?
function Catalog:problem_of(name)
  for _, record in ipairs(self.records:list()) do
    if record.at.name == name and record.problem then return errors.new(record.problem, { code = "bad_recipe" }) end
  end
end

---@param options CatalogOptions
---@return Catalog
function M.new(options)
  local builtins = {}
  for _, tool in ipairs(options.registry_tools) do builtins[tool.name] = tool end
  local self = setmetatable({
    options = options, builtins = builtins, records = records.new(options.folders, options.quiet, options.worker), listeners = {},
    set = { tools = {}, prompts = {}, resources = {}, templates = {}, shadowed = {} },
  }, Catalog)
  self.current = registry.snapshot_of(options.registry_tools)
  self.body = body(self)
  return self
end

return M
