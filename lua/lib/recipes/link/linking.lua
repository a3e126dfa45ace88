--- From loaded recipes to one set: who shadows whom, what each uses, the hints that follow from that.

local didyoumean = require "lib.didyoumean"
local hints = require "lib.recipes.link.hints"
local meter = require "lib.async.meter"
local registry = require "lib.features.registry"
local brief = require("lib.text").brief
local sorted_keys = require("lib.tables").sorted_keys

local M = {}

---@class LinkItem  a recipe that takes part
---@field recipe Recipe
---@field rank integer          of its folder: the higher one shadows

---@class LinkOptions
---@field builtins table<string, Tool>
---@field reserved table<string, true>   further names that no recipe may take
---@field body fun(recipe: Recipe, kind: string, entry: RecipeEntry): function  makes what runs
---@field work? Meter  lets the loop turn meanwhile
---@field seconds? fun(): number  processor time that a check of arguments or of a result may take: the call's

---@class Linked
---@field tools Tool[]
---@field prompts Prompt[]
---@field resources Resource[]
---@field templates ResourceTemplate[]
---@field shadowed table<LinkItem, { name: string, by: Recipe }[]>
---@field problems table<LinkItem, string>   why an item cannot take part; with any, the rest is incomplete

local MAX_DEPTH = 16
local TOOL = 50 -- steps of the meter's that it takes to link one

local lists = { "tools", "prompts", "resources", "templates" }
local singular = { tools = "tool", prompts = "prompt", resources = "resource", templates = "template" }

-- Names ----------------------------------------------------------------------------------------------

local function add_problem(state, item, problem)
  state.problems[item] = state.problems[item] or problem
end

local function clash(state, kind, key, one, other)
  local text = "%s '%s' is declared by " .. "%s, too, in the same folder; give one of them another name, or disable it"
  add_problem(state, one, text:format(singular[kind], key, other.recipe.shown))
  add_problem(state, other, text:format(singular[kind], key, one.recipe.shown))
end

local function take_name(state, kind, item, entry)
  local holders, key = state.holders[kind], entry.key
  if kind == "tools" and (state.options.builtins[key] or state.options.reserved[key]) then
    return add_problem(state, item, ("'%s' is the name of a built-in tool; give the recipe another"):format(key))
  end
  local holder = holders[key]
  if holder and holder.item.rank == item.rank then return clash(state, kind, key, holder.item, item) end
  if holder then
    local list = state.shadowed[holder.item] or {}
    state.shadowed[holder.item] = list
    list[#list + 1] = { name = key, by = item.recipe }
  end
  holders[key] = { item = item, entry = entry }
end

local function take_names(state, items)
  for _, item in ipairs(items) do
    for _, kind in ipairs(lists) do
      for _, entry in ipairs(item.recipe[kind]) do take_name(state, kind, item, entry) end
    end
  end
end

-- Uses -----------------------------------------------------------------------------------------------

-- All names that a tool may be meant by: the built-in ones first.
local function names_of(state)
  if state.names then return state.names end
  local names, recipes = sorted_keys(state.options.builtins), sorted_keys(state.holders.tools)
  state.names = table.move(recipes, 1, #recipes, #names + 1, names)
  return state.names
end

local function unknown(state, name)
  if state.options.reserved[name] then return ("field 'uses': '%s' is for clients; a recipe calls a recipe by its name"):format(name) end
  local names = names_of(state)
  state.work:pause() -- many recipes may misspell many names
  return ("field 'uses': there is no tool '%s'%s"):format(brief(name, 80), didyoumean.hint(name, names))
end

local function titled(node, problem)
  return #node.item.recipe.tools > 1 and ("tool '%s': %s"):format(node.entry.key, problem) or problem
end

-- All of a circle are at fault: which of them is new, and so gives way, is not known here.
local function add_circle(state, path, name)
  local from = 1
  while path[from] ~= name do from = from + 1 end
  local problem = ("field 'uses' closes a circle: %s uses %s"):format(table.concat(path, " uses ", from), name)
  for i = from, #path do
    local node = state.holders.tools[path[i]]
    add_problem(state, node.item, titled(node, problem))
  end
end

local resolve ---@type fun(state: table, node: table, path: table)

-- The tool that a name in `uses` means, and how deep it reaches; a problem where it means none.
local function used_tool(state, name, path)
  local builtin = state.options.builtins[name]
  if builtin then return builtin, 0 end
  local node = state.holders.tools[name]
  if not node then return nil, unknown(state, name) end
  if node.open then return add_circle(state, path, name) end
  resolve(state, node, path)
  return node.tool, node.depth
end

local function used_tools(state, node, path)
  local used, deepest = {}, 0
  for _, name in ipairs(node.entry.fields.uses or {}) do
    local tool, depth = used_tool(state, name, path)
    if type(depth) == "string" then return nil, depth end
    if not tool then return nil end -- what it uses has a problem of its own
    deepest = math.max(deepest, depth)
    used[#used + 1] = tool
  end
  if deepest >= MAX_DEPTH then return nil, ("field 'uses': recipes call recipes more than %d levels deep"):format(MAX_DEPTH) end
  return used, deepest + 1
end

local function same_hints(tool, annotations)
  for _, hint in ipairs(tool.annotations) do
    if annotations[hint[1]] ~= hint[2] then return false end
  end
  return true
end

-- A tool stays the same value while its recipe and its hints do: that is how a change is known.
local function linked_tool(state, node, annotations)
  local entry = node.entry
  if not (entry.linked and same_hints(entry.linked, annotations)) then
    entry.linked = registry.changed(entry.compiled, {
      run = state.options.body(node.item.recipe, "tools", entry), annotations = annotations, seconds = state.options.seconds,
    })
    entry.linked.inner = true
  end
  return entry.linked
end

function resolve(state, node, path)
  if node.resolved then return end
  state.work:step(TOOL)
  node.resolved, node.open = true, true
  path[#path + 1] = node.entry.key
  local used, depth = used_tools(state, node, path)
  path[#path] = nil
  node.open = false
  local annotations, problem
  if used then
    annotations, problem = hints.of(node.entry.fields, used, node.item.recipe.effects)
  else
    problem = depth
  end
  if annotations then
    node.tool, node.depth = linked_tool(state, node, annotations), depth
  elseif problem then
    add_problem(state, node.item, titled(node, problem))
  end
end

-- Clients read resources without asking anybody, and as often as they like: none may cost money.  A prompt is chosen by a person.
local read_unasked = { resources = true, templates = true }

local function use_problem(state, kind, name)
  local node = state.holders.tools[name]
  local tool = state.options.builtins[name] or node and node.tool
  if not tool then return not node and unknown(state, name) or nil end -- a node without one has a problem of its own
  if read_unasked[kind] and not hints.only_reads(tool) then
    return ("field 'uses': '%s' is not read-only, and clients read resources unasked; make it a tool"):format(name)
  end
end

local function check_uses(state, node, kind)
  for _, name in ipairs(node.entry.fields.uses or {}) do
    local problem = use_problem(state, kind, name)
    if problem then add_problem(state, node.item, ("%s '%s': %s"):format(singular[kind], node.entry.key, problem)) end
  end
end

-- Result ---------------------------------------------------------------------------------------------

local function gather_tools(state)
  local tools = {}
  for _, name in ipairs(sorted_keys(state.holders.tools)) do
    local node = state.holders.tools[name]
    resolve(state, node, {})
    tools[#tools + 1] = node.tool
  end
  return tools
end

-- As for tools, the value stays the same while its recipe does.
local function linked(state, node, kind)
  local entry = node.entry
  if not entry.linked then
    local copy = {}
    for key, value in pairs(entry.compiled) do copy[key] = value end
    copy.run = state.options.body(node.item.recipe, kind, entry)
    entry.linked = copy
  end
  return entry.linked
end

local function gather(state, kind)
  local list = {}
  for _, key in ipairs(sorted_keys(state.holders[kind])) do
    local node = state.holders[kind][key]
    check_uses(state, node, kind)
    list[#list + 1] = linked(state, node, kind)
  end
  return list
end

--- Links recipes; in a fiber, with `work`, the loop turns meanwhile.
---@param items LinkItem[]  by their folders
---@param options LinkOptions
---@return Linked
function M.link(items, options)
  local state = { options = options, problems = {}, shadowed = {}, holders = {}, work = options.work or meter.new { still = true } }
  for _, kind in ipairs(lists) do state.holders[kind] = {} end
  take_names(state, items)
  return {
    tools = gather_tools(state),
    prompts = gather(state, "prompts"),
    resources = gather(state, "resources"),
    templates = gather(state, "templates"),
    shadowed = state.shadowed,
    problems = state.problems,
  }
end

return M
