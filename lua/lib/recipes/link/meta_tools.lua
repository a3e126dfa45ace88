--- `list_recipes` and `run_recipe`: they reach the current set also through a client that never asks for the
--- list of tools again.

local clean_all = require("lib.text").clean_all
local errors = require "lib.errors"
local json = require "core.json"
local parameters = require "lib.parameters"
local registry = require "lib.features.registry"
local schema = require "lib.output_schema"
local trim = require "lib.trim"

local M = {}

local function hints_of(tool)
  local hints = {}
  for _, hint in ipairs(tool.annotations) do hints[hint[1]] = hint[2] end
  return hints
end

local function described(tool)
  return json.ordered({ "name", "title", "description", "input_schema", "hints" }, {
    name = tool.name, title = tool.title, description = tool.description, input_schema = tool.schema, hints = hints_of(tool),
  })
end

local function failed_ones(catalog)
  local list = json.as_array {}
  for _, report in ipairs(catalog:report()) do
    if report.error then
      list[#list + 1] = json.ordered({ "name", "state", "error" },
        clean_all { name = report.name, state = report.state, error = report.error })
    end
  end
  return list
end

local function listing(catalog)
  local recipes, lines = json.as_array {}, {}
  for _, tool in ipairs(catalog:recipe_tools()) do
    recipes[#recipes + 1] = described(tool)
    lines[#lines + 1] = ("%s: %s"):format(tool.name, tool.title or tool.description:match("^[^\n]*"))
  end
  local failed = failed_ones(catalog)
  for _, report in ipairs(failed) do lines[#lines + 1] = ("%s has a problem: %s"):format(report.name, report.error) end
  table.insert(lines, 1, ("%d recipe(s)."):format(#recipes))
  return {
    text = table.concat(lines, "\n"),
    data = json.ordered({ "ok", "recipes", "failed" }, { ok = true, recipes = recipes, failed = failed }),
  }
end

local function unknown(catalog, name)
  local problem = catalog:problem_of(name)
  if problem then return nil, problem end
  local names = {}
  for i, tool in ipairs(catalog:recipe_tools()) do names[i] = tool.name end
  local hint = require("lib.didyoumean").hint(name, names)
  return nil, errors.new(("there is no recipe '%s'%s; list_recipes shows them all"):format(name:sub(1, 80), hint),
    { code = "invalid_input" })
end

local function find_now(catalog, name)
  for _, tool in ipairs(catalog:recipe_tools()) do
    if tool.name == name then return tool end
  end
end

-- One that is there runs at once, as it does where it is called itself, or, where a change was noticed, once that is loaded: who saves a
-- recipe and asks for it means what was saved.
local function find(catalog, name)
  catalog:catch_up()
  local tool = find_now(catalog, name)
  if tool then return tool end
  catalog:look()
  return find_now(catalog, name)
end

local function run(catalog, input, ctx)
  local tool = find(catalog, input.name)
  if not tool then return unknown(catalog, input.name) end
  local result = registry.call(tool, input.input or {}, ctx)
  if result.is_error then
    return nil, errors.new(result.text or "the recipe failed", { data = result.data, content = result.content, code = "failed" })
  end
  return result
end

local function unset(value)
  return value == nil or value == ""
end

-- Clients that fill in every field repeat the name: collecting begins nothing, whatever else is given.
local function check_run(input)
  if unset(input.name) and unset(input.collect) then
    return nil, parameters.invalid("name", "Field 'name' is missing: the recipe to run; or give 'collect', to go on with a run. "
      .. "Nothing was begun.")
  end
  return true
end

---@param catalog Catalog
---@return ToolDeclaration
local function list_recipes(catalog)
  return {
    name = "list_recipes",
    title = "List recipes",
    description = "Lists the recipes that this server has now: tools made of Lua files, each with what it takes. Recipes come "
      .. "and go while the server runs; call one that is no tool of yours with run_recipe.",
    output = schema.result({
      { "ok", schema.value("boolean", "true") },
      { "recipes", schema.list("Name, title, description, input_schema and hints of each", { type = "object" }) },
      { "failed", schema.list("Recipe files with a problem: name, state and error of each", { type = "object" }) },
    }),
    annotations = { readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = false },
    run = function()
      catalog:look()
      return listing(catalog)
    end,
  }
end

---@param catalog Catalog
---@return ToolDeclaration
local function run_recipe(catalog)
  return {
    name = "run_recipe",
    title = "Run a recipe",
    description = "Runs a recipe by its name, also one that was added after this client asked for its tools. list_recipes "
      .. "shows the names and what each takes. A recipe may start requests that cost money, or delete things: "
      .. "see its hints there. An answer with pending=true says that it goes on in the background: ask again with collect, which "
      .. "begins nothing.",
    input = {
      { "name", "string", "The recipe, as list_recipes shows it; left out with collect", optional = true },
      { "input", "object", "What the recipe takes: see its input_schema", optional = true },
      { "collect", "string", "The 'run' of an answer with pending=true: waits for that run, and gives its result once", optional = true },
    },
    check = check_run,
    annotations = { readOnlyHint = false, destructiveHint = true, idempotentHint = false, openWorldHint = true },
    run = function(input, ctx)
      if unset(input.collect) then return run(catalog, input, ctx) end
      return require("lib.recipes.run.background").collect(trim(input.collect), ctx, not unset(input.name) and input.name or nil)
    end,
  }
end

--- The meta tools of a catalog.
---@param catalog Catalog
---@return Tool[]
function M.new(catalog)
  local list, run_one = (assert(registry.compile(list_recipes(catalog)))), (assert(registry.compile(run_recipe(catalog))))
  list.about_server, run_one.about_server = true, true -- what a recipe gives is the recipe's
  return { list, run_one }
end

return M
