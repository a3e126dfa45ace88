--- Recipes with the whole of `rc`, against the simulator on a clock that jumps.

local bed = require "spec.support.runcomfy"
local invoke = require "lib.recipes.run.invoke"
local registry = require "lib.features.registry"
local sandbox = require "lib.recipes.load.sandbox"

local M = {}

M.DEPLOYMENT = "a1b2c3d4-0000-4000-8000-000000000001"

local builtins

--- The ten tools, compiled, and those given.
---@param more? table[]  further declarations
---@return Snapshot
function M.tools(more)
  if not builtins then
    builtins = {}
    for _, name in ipairs(bed.NAMES) do table.insert(builtins, assert(registry.compile(require("tools." .. name)))) end
  end
  local all = table.move(builtins, 1, #builtins, 1, {})
  for _, declaration in ipairs(more or {}) do table.insert(all, assert(registry.compile(declaration))) end
  return registry.snapshot_of(all)
end

---@class RcRun
---@field uses? string[]
---@field hosts? string[]
---@field samples? table
---@field input? table
---@field ctx? table       of the account in use, unless it is of another
---@field settings? table
---@field tools? table[]   further declarations
---@field name? string

--- The function of a recipe whose body is `text`.
---@param text string
---@param name? string
---@return table recipe, function fn
function M.load(text, name)
  local recipe = { name = name or "probe" }
  local fn, problem = sandbox.declare(recipe, 'local rc = require "rc"; return function(input, ctx) ' .. text .. "\nend", "@probe.lua")
  if problem then error(problem, 2) end
  return recipe, fn
end

--- Runs the body of a recipe's function to its end, in a fiber.
---@param text string
---@param options? RcRun
---@return CallResult|nil result, Error? err
function M.run(text, options)
  options = options or {}
  local recipe, fn = M.load(text, options.name)
  local ctx = options.ctx or bed.context()
  if bed.account() and not ctx.account then bed.account():equip(ctx) end
  return invoke.call(recipe, fn, { options.input or {} }, ctx, {
    declaration = { name = recipe.name, uses = options.uses, hosts = options.hosts, samples = options.samples },
    find = M.tools(options.tools).find, settings = options.settings,
  })
end

--- The same; gives the structured content, and raises where the recipe failed.
---@param text string
---@param options? RcRun
---@return table
function M.data(text, options)
  local result, err = M.run(text, options)
  if not result then error(err.message, 2) end
  return result.data
end

--- A context of a dry run.
---@return table ctx
function M.dry_context()
  local builtin = M.tools()
  local dry = require("lib.workbench.dry_run").new {
    find = builtin.find, is_recipe = function(name) return builtin.find(name) == nil end,
  }
  local ctx = bed.context()
  ctx.dry_run, ctx.effects = true, require("lib.calls.effects").chain { dry:link() }
  return ctx
end

M.with = bed.with
M.context = bed.context

return M
