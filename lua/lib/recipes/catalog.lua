--- All recipes of all folders, and the set of tools that they make together with the built-in ones.
---
--- A scan reads the folders, loads what is new, links what is good, and swaps the whole set at once.  A
--- file that turns bad keeps the version that was good; why it is bad is said once.

local errors = require "lib.errors"
local folders = require "lib.recipes.folders"
local linking = require "lib.recipes.linking"
local loader = require "lib.recipes.loader"
local log = require "core.log"
local prompts = require "lib.mcp.prompts"
local registry = require "lib.mcp.registry"
local resources = require "lib.mcp.resources"
local sources = require "lib.recipes.sources"

local M = {}

---@class CatalogOptions
---@field folders RecipeFolder[]     the weakest first
---@field registry_tools Tool[]      the built-in ones
---@field settings? Settings
---@field quiet? boolean             do not log problems
---@field lenient? boolean           take files that others may write to
---@field meta_tools? boolean        offer list_recipes and run_recipe; default true
---@field mark? fun(result: table?, err: Error?, open: boolean): table?, Error?  what the simulator does to every result

---@class RecipeReport
---@field name string
---@field file string
---@field folder string              label of the folder
---@field state "loaded"|"failed"|"shadowed"|"disabled"
---@field error? string              also of a loaded one: its newest version is bad, an earlier one runs
---@field load_ms? number
---@field tools string[]             that it brings into the set
---@field shadowed? { name: string, by: string }[]

---@class Catalog
---@field private options CatalogOptions
---@field private slots table<string, table>   by path
---@field private listeners (fun(catalog: Catalog))[]
---@field private watcher? table
local Catalog = {}
Catalog.__index = Catalog

---@class RecipeSlot  a file, whatever became of it
---@field at RecipeFile
---@field rank integer
---@field source? string     what was loaded last
---@field candidate? Recipe  from that, if it is good
---@field problem? string    why not, or why it cannot be linked
---@field good? Recipe       the version that could be linked last
---@field chosen? Recipe     the version in the set
---@field told? string       the problem that the log has

---@param options CatalogOptions
---@return Catalog
function M.new(options)
  local builtins = {}
  for _, tool in ipairs(options.registry_tools) do builtins[tool.name] = tool end
  local self = setmetatable({
    options = options, builtins = builtins, slots = {}, listeners = {}, folder_problems = {},
    set = { tools = {}, prompts = {}, resources = {}, templates = {}, shadowed = {} },
  }, Catalog)
  self.current = registry.snapshot_of(options.registry_tools)
  return self
end

-- Loading --------------------------------------------------------------------------------------------

local function tell(self, level, text)
  if not self.options.quiet then log.write(level, "recipes: " .. text) end
end

-- Nothing to load, whatever was there before.
local function load_nothing(slot, problem)
  slot.source, slot.candidate, slot.load_problem = nil, nil, problem
end

-- Whatever a file does to the loader, it is that file's problem alone.
local function load(source, at)
  local ok, recipe, err = pcall(loader.load_text, source.text, at.file, at)
  if ok then return recipe, err and err.message end
  return nil, ("%s: cannot be loaded: %s"):format(at.shown, tostring(recipe))
end

local function load_slot(slot, reading)
  local at = slot.at
  local source, err = sources.of(at, reading)
  if not source then return load_nothing(slot, err.message) end
  if source.problem then return load_nothing(slot, at.shown .. ": " .. source.problem) end
  if source.stamp == slot.source then return end
  slot.source = source.stamp
  slot.candidate, slot.load_problem = load(source, at)
end

local function refresh(slot, reading)
  if slot.at.disabled then
    load_nothing(slot)
    slot.good = nil
  elseif slot.at.problem then
    load_nothing(slot, slot.at.problem)
  else
    load_slot(slot, reading)
  end
  slot.problem = slot.load_problem
end

local function tell_folder(self, root, err)
  local problem = err and (err.code ~= "missing" or root.expected) and err.message or nil
  if problem and self.folder_problems[root.path] ~= problem then tell(self, "error", problem) end
  self.folder_problems[root.path] = problem
end

-- A folder that cannot be read for now keeps its recipes; one that is gone loses them.
local function scan_folder(self, root, rank, seen, reading)
  local files, err = folders.scan(root, self.options.lenient)
  tell_folder(self, root, err)
  if not files and err.code ~= "missing" then
    for path, slot in pairs(self.slots) do seen[path] = seen[path] or slot.rank == rank end
  end
  for _, at in ipairs(files or {}) do
    local slot = self.slots[at.file] or { rank = rank }
    self.slots[at.file], slot.at, seen[at.file] = slot, at, true
    refresh(slot, reading)
  end
end

local function scan_folders(self)
  local seen, reading = {}, sources.begin(self.options.lenient)
  for rank, root in ipairs(self.options.folders) do scan_folder(self, root, rank, seen, reading) end
  for path in pairs(self.slots) do
    if not seen[path] then self.slots[path] = nil end
  end
end

local function sorted_slots(self)
  local list = {}
  for _, slot in pairs(self.slots) do list[#list + 1] = slot end
  table.sort(list, function(a, b)
    if a.rank ~= b.rank then return a.rank < b.rank end
    return a.at.file < b.at.file
  end)
  return list
end

-- Linking --------------------------------------------------------------------------------------------

-- Falls back: first from new versions to good ones, then from good ones to none.
local function demote(slot_of, problems)
  local newcomers = false
  for item in pairs(problems) do
    local slot = slot_of[item]
    newcomers = newcomers or slot.chosen ~= slot.good
  end
  for item, problem in pairs(problems) do
    local slot = slot_of[item]
    if slot.chosen ~= slot.good or not newcomers then
      slot.problem = slot.at.shown .. ": " .. problem
      slot.chosen = slot.chosen ~= slot.good and slot.good or nil
    end
  end
end

-- What runs for a client: the recipe's function, with the set of that moment for what it uses.
local function body(self)
  local function options_of(entry)
    return { declaration = entry.fields, find = self.current.find, settings = self.options.settings }
  end
  local function marked(fields, result, err)
    if not self.options.mark then return result, err end
    return self.options.mark(result, err, fields.output == nil)
  end
  return function(recipe, kind, entry)
    local fn = entry.fields.run or entry.fields.read
    local function invoke(how, args, ctx)
      return require("lib.recipes.invoke")[how](recipe, fn, args, ctx, options_of(entry))
    end
    if kind == "tools" then
      return function(input, ctx) return marked(entry.fields, invoke("call", { input }, ctx)) end
    elseif kind == "prompts" then
      return function(arguments, ctx) return invoke("messages", { arguments }, ctx) end
    elseif kind == "resources" then
      return function(ctx) return invoke("value", {}, ctx) end
    end
    return function(variables, ctx) return invoke("value", { variables }, ctx) end
  end
end

local function link(self, slots)
  for _, slot in ipairs(slots) do slot.chosen = slot.candidate or slot.good end
  while true do
    local items, slot_of = {}, {}
    for _, slot in ipairs(slots) do
      if slot.chosen then
        local item = { recipe = slot.chosen, rank = slot.rank }
        items[#items + 1], slot_of[item] = item, slot
      end
    end
    local linked = linking.link(items, { builtins = self.builtins, reserved = M.reserved, body = self.body })
    if next(linked.problems) == nil then return linked, slot_of end
    demote(slot_of, linked.problems)
  end
end

local function settle(self, slots)
  local linked, slot_of = link(self, slots)
  for _, slot in ipairs(slots) do
    slot.good = slot.chosen or slot.good -- what it uses may come back
    slot.shadowed = nil
  end
  for item, list in pairs(linked.shadowed) do slot_of[item].shadowed = list end
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
  local fs = require "core.fs"
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
    read = function() return require("lib.recipes.report").json(self) end,
  })
end

-- The meta tools come with the first recipe folder: who has none needs none.
local function meta_tools(self)
  if self.options.meta_tools == false or not any_folder(self) then return {} end
  self.meta = self.meta or require("lib.recipes.meta_tools").new(self)
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
  return changed
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
  return changed
end

local function tell_problem(self, slot)
  if slot.problem and slot.problem ~= slot.told then
    tell(self, "error", slot.problem .. (slot.chosen and " (the version before it stays)" or ""))
  elseif slot.told and not slot.problem then
    tell(self, "info", slot.at.shown .. " is good again")
  end
  slot.told = slot.problem
end

local function tell_shadows(self, slot)
  local text = {}
  for i, shadow in ipairs(slot.shadowed or {}) do
    text[i] = ("%s: '%s' is shadowed by %s"):format(slot.at.file, shadow.name, shadow.by.file)
  end
  local line = table.concat(text, "; ")
  if line ~= "" and line ~= slot.told_shadow then tell(self, "warning", line) end
  slot.told_shadow = line
end

--- Reads the folders again.  Returns whether the set has changed; listeners know by then.
---@return boolean
function Catalog:scan()
  self.body = self.body or body(self)
  scan_folders(self)
  local slots = sorted_slots(self)
  local changed = publish(self, settle(self, slots))
  for _, slot in ipairs(slots) do
    tell_problem(self, slot)
    tell_shadows(self, slot)
  end
  if changed then
    for _, listener in ipairs(self.listeners) do listener(self) end
  end
  return changed
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

local kinds = { "tools", "prompts", "resources", "templates" }

local function hidden_keys(slot)
  local hidden, count = {}, 0
  for _, shadow in ipairs(slot.shadowed or {}) do
    hidden[shadow.name] = true
    count = count + 1
  end
  return hidden, count
end

local function state_of(slot)
  if slot.at.disabled then return "disabled" end
  if not slot.chosen then return "failed" end
  local _, hidden = hidden_keys(slot)
  local declared = 0
  for _, kind in ipairs(kinds) do declared = declared + #slot.chosen[kind] end
  return hidden == declared and "shadowed" or "loaded"
end

local function tools_of(slot)
  local names, hidden = {}, hidden_keys(slot)
  for _, entry in ipairs(slot.chosen and slot.chosen.tools or {}) do
    if not hidden[entry.key] then names[#names + 1] = entry.key end
  end
  return names
end

local function shadows_of(slot)
  if not slot.shadowed then return nil end
  local list = {}
  for i, shadow in ipairs(slot.shadowed) do list[i] = { name = shadow.name, by = shadow.by.file } end
  return list
end

--- What became of each recipe file, in the order of the folders.
---@return RecipeReport[]
function Catalog:report()
  local list = {}
  for i, slot in ipairs(sorted_slots(self)) do
    list[i] = {
      name = slot.at.name, file = slot.at.file, folder = self.options.folders[slot.rank].label, state = state_of(slot),
      error = slot.problem, load_ms = slot.chosen and slot.chosen.load_ms, tools = tools_of(slot), shadowed = shadows_of(slot),
    }
  end
  return list
end

--- The folders that cannot be used, and why.
---@return { path: string, error: string }[]
function Catalog:folder_problem_list()
  local list = {}
  for _, root in ipairs(self.options.folders) do
    local problem = self.folder_problems[root.path]
    if problem then list[#list + 1] = { path = root.path, error = problem } end
  end
  return list
end

--- Takes new settings; calls under way keep theirs.
---@param settings Settings
function Catalog:configure(settings)
  self.options.settings = settings
  self.options.lenient = settings.allow_writable_recipes
end

--- Watches the folders from now on, and scans when something in them changes.
function Catalog:watch()
  if self.watcher then return end
  self.watcher = require("lib.recipes.watcher").new {
    folders = self.options.folders, on_change = function() self:scan() end,
  }
end

--- Scans now if a change waits for its time.
function Catalog:catch_up()
  if self.watcher then self.watcher:flush() end
end

--- Ends the watch.
function Catalog:close()
  if self.watcher then self.watcher:close() end
  self.watcher = nil
end
Catalog.__close = Catalog.close

--- An error that says what became of a recipe of this name, for who asks for a tool that is not there.
---@param name string
---@return Error?
function Catalog:problem_of(name)
  for _, slot in pairs(self.slots) do
    if slot.at.name == name and slot.problem then return errors.new(slot.problem, { code = "bad_recipe" }) end
  end
end

return M
