--- One file outside of the recipe folders, made runnable: a recipe with the recipes that it uses, or a script.

local didyoumean = require "lib.didyoumean"
local errors = require "lib.errors"
local fs = require "core.fs"
local limits = require "lib.recipes.run.limits"
local linking = require "lib.recipes.link.linking"
local loader = require "lib.recipes.load.loader"
local modules = require "lib.recipes.files.modules"
local places = require "lib.recipes.source.places"
local registry = require "lib.features.registry"
local scan = require "lib.recipes.source.scan"

local M = {}

---@class StandaloneOptions
---@field tools Tool[]            the built-in tools
---@field find? fun(name: string): Tool?  further tools: recipes of the folders
---@field all? fun(): Tool[]      all of these, for a script that makes names at run time
---@field settings? Settings
---@field hosts? string[]         hosts that a script may reach: it declares none itself
---@field root? string            the recipe folder, for its lib/; default: the file's folder
---@field worker? WorkerHost      where it is loaded and runs; default: here

---@class Standalone
---@field file string
---@field is_script boolean
---@field recipe Recipe
---@field tools RecipeDeclaration[]  what the file declares, as declared; none of a script
---@field snapshot Snapshot       all that can be called
---@field package options StandaloneOptions
local Standalone = {}
Standalone.__index = Standalone

local function invoke(self, recipe, fields, args, ctx, entry)
  return require("lib.recipes.run.invoke").call(recipe, fields.run, args, ctx, {
    declaration = fields, find = self.snapshot.find, settings = self.options.settings,
    schema = entry and entry.compiled.schema, tool = entry and entry.linked,
  })
end

-- Recipes --------------------------------------------------------------------------------------------

local function place_of(path, options)
  local folder, file = path:match("^(.*)/([^/]*)$")
  folder, file = folder or ".", file or path
  local name, root = file:gsub("%.lua$", ""), folder
  if file == "main.lua" then -- of a recipe that is a folder
    -- linear: a path that the system took, 4,096 bytes at most
    name, root = folder:match("[^/]+$"), folder:match("^(.*)/[^/]+$") or folder .. "/.."
  end
  return { name = name, shown = file, folder = folder, root = options.root or root }
end

local function load_file(path, options)
  local place = place_of(path, options)
  local text, err = loader.read(path, place.shown)
  if not text then return nil, err end
  return loader.load_in(options.worker, text, path, place)
end

local function sibling(recipe, name)
  for _, path in ipairs { recipe.folder .. "/" .. name .. ".lua", recipe.folder .. "/" .. name .. "/main.lua" } do
    if fs.stat(path) then return path end
  end
end

local function uses_of(recipe)
  local names = {}
  for _, list in ipairs { recipe.tools, recipe.prompts, recipe.resources, recipe.templates } do
    for _, entry in ipairs(list) do
      for _, name in ipairs(entry.fields.uses or {}) do names[#names + 1] = name end
    end
  end
  return names
end

local gather ---@type fun(state: table, recipe: Recipe): Error?

-- The tool that a name in `uses` means: a built-in one, a recipe of this folder, one of the recipe folders.
local function gather_used(state, recipe, name)
  if state.known[name] then return end
  local path = sibling(recipe, name)
  if path then
    local other, err = load_file(path, state.options)
    if not other then return err end
    return gather(state, other)
  end
  state.known[name] = state.options.find and state.options.find(name)
end

function gather(state, recipe)
  state.items[#state.items + 1] = { recipe = recipe, rank = 1 }
  for _, entry in ipairs(recipe.tools) do state.known[entry.key] = state.known[entry.key] or true end
  for _, name in ipairs(uses_of(recipe)) do
    local err = gather_used(state, recipe, name)
    if err then return err end
  end
end

local function body_of(self)
  return function(recipe, _, entry)
    return function(input, ctx) return invoke(self, recipe, entry.fields, { input }, ctx, entry) end
  end
end

-- What is known and not declared by the items: these are there already.
local function given_tools(state)
  local tools = {}
  for name, tool in pairs(state.known) do
    if tool ~= true then tools[name] = tool end
  end
  return tools
end

local function link(self, state)
  local given = given_tools(state)
  local linked = linking.link(state.items, {
    builtins = given, reserved = {}, body = body_of(self),
    seconds = function() return limits.check_seconds(self.options.settings) end,
  })
  for _, item in ipairs(state.items) do
    local problem = linked.problems[item]
    if problem then return nil, errors.new(places.placed(item.recipe.shown, item.recipe.text, problem), { code = "bad_recipe" }) end
  end
  local all = linked.tools
  for _, tool in pairs(given) do all[#all + 1] = tool end
  return registry.snapshot_of(all)
end

local function open_recipe(self, text, path, place)
  local recipe, err = loader.load_in(self.options.worker, text, path, place)
  if not recipe then return nil, err end
  local state = { items = {}, known = {}, options = self.options }
  for _, tool in ipairs(self.options.tools) do state.known[tool.name] = tool end
  err = gather(state, recipe)
  if err then return nil, err end
  self.recipe, self.tools = recipe, recipe.tools
  self.snapshot, err = link(self, state)
  if not self.snapshot then return nil, err end
  return self
end

-- Scripts --------------------------------------------------------------------------------------------

local function no_tool(place, use, tools)
  local names = {}
  for i, tool in ipairs(tools) do names[i] = tool.name end
  local hint = didyoumean.hint(use.name, names)
  if hint == "" then hint = "; --recipes and --examples name further folders" end
  local message = ("%s:%d: there is no tool or recipe '%s'%s"):format(place.shown, use.line, use.name, hint)
  return nil, errors.new(message, { code = "bad_recipe" })
end

-- A script may call whatever it names; what is not there is said before anything runs.
local function tools_of_script(options, place, scanned)
  local tools, seen = {}, {}
  for _, tool in ipairs(options.tools) do
    tools[#tools + 1], seen[tool.name] = tool, true
  end
  for _, use in ipairs(scanned.tools) do
    local tool = not seen[use.name] and options.find and options.find(use.name)
    if not tool and not seen[use.name] then return no_tool(place, use, tools) end
    if tool then tools[#tools + 1] = tool end
    seen[use.name] = true
  end
  for _, tool in ipairs(scanned.opaque and options.all and options.all() or {}) do
    if not seen[tool.name] then tools[#tools + 1] = tool end
  end
  return tools
end

local function open_script(self, path, place, scanned)
  local tools, err = tools_of_script(self.options, place, scanned)
  if not tools then return nil, err end
  self.recipe = {
    name = place.name, file = path, shown = place.shown, folder = place.folder, root = place.root,
    tools = {}, prompts = {}, resources = {}, templates = {},
    modules = self.options.worker and modules.new { folder = place.folder, root = place.root } or nil,
  }
  self.tools, self.snapshot = {}, registry.snapshot_of(tools)
  return self
end

local function all_names(snapshot)
  local names = {}
  for i, tool in ipairs(snapshot.list) do names[i] = tool.name end
  return names
end

-- The script's code, with its words as `arg`.
local function compile(self, words)
  local worker = self.options.worker
  if worker then return worker:script(self.recipe, self.text, words) end
  local fn, problem = require("lib.recipes.load.sandbox").script(self.recipe, self.text, words)
  if not fn then return nil, errors.new(problem --[[@as string]], { code = "bad_recipe" }) end
  return fn
end

--- A script as a tool without parameters: its code runs at each call, with `arg` for the words and its context
--- as its first argument.  It may call every tool.  With a worker in a fiber.
---@param words string[]
---@return Tool|nil tool, Error? err
---@return_overload Tool
---@return_overload nil, Error
function Standalone:script(words)
  local fn, err = compile(self, words)
  if not fn then return nil, err end
  local fields = { name = self.recipe.name, uses = all_names(self.snapshot), hosts = self.options.hosts, run = fn }
  local tool = assert(registry.compile {
    name = "script", description = "The script " .. self.recipe.shown,
    run = function(_, ctx) return invoke(self, self.recipe, fields, {}, ctx) end,
  })
  return tool
end

-- Both -----------------------------------------------------------------------------------------------

--- Opens a file.  One that declares nothing is a script.  With a worker in a fiber.
---@param path string
---@param options StandaloneOptions
---@return Standalone|nil standalone, Error? err
---@return_overload Standalone
---@return_overload nil, Error
function M.open(path, options)
  local place = place_of(path, options)
  local text, err = loader.read(path, place.shown)
  if not text then return nil, err end
  local self = setmetatable({ file = path, options = options, is_script = false }, Standalone)
  local source = text:gsub("^#[^\n]*", "")
  local chunk = load(source, "@" .. place.shown, "t", {})
  local scanned = chunk and scan.scan(source)
  if scanned and not scan.declares(scanned) then
    self.is_script, self.text = true, source
    return open_script(self, path, place, scanned)
  end
  return open_recipe(self, text, path, place)
end

return M
