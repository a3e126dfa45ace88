--- Calls a function of a recipe with the API behind it, and makes what it returns the neutral result of a tool.

local abandon = require "lib.recipes.run.abandon"
local context = require "lib.recipes.rc.context"
local errors = require "lib.errors"
local failure = require "lib.recipes.run.failure"
local fiber = require "lib.async.fiber"
local limits = require "lib.recipes.run.limits"
local long_texts = require "lib.recipes.boundary.long_texts"
local opaque = require "lib.recipes.boundary.opaque"
local redacted = require "lib.recipes.run.redacted"
local returned = require "lib.recipes.run.returned"
local runner = require "lib.recipes.run.runner"
local states = require "lib.recipes.rc.state"
local strict_input = require "lib.recipes.load.strict_input"

local M = {}

---@class InvokeOptions
---@field declaration table                  fields as declared: name, uses, hosts, samples
---@field find fun(name: string): Tool?      the tools it may find
---@field settings? Settings
---@field tool? Tool                         as clients know it: its hints hold
---@field schema? table|core.json.Raw         of what it is called with: where it is closed, reading what it does not name is an error

local function state_of(call, recipe, ctx, options)
  local declaration = options.declaration
  return states.new {
    name = declaration.name or recipe.name, uses = declaration.uses, hosts = declaration.hosts, samples = declaration.samples,
    find = options.find, settings = options.settings, ctx = ctx, call = call, tool = options.tool,
  }
end

local function block_of(value)
  local kind, payload = opaque.open(value)
  if kind ~= "content" then error("it holds a value of rc that is no content", 0) end
  return payload
end

local function run(recipe, fn, args, ctx, options, taking)
  local given = table.move(args, 1, #args, 1, { n = #args + 1 })
  long_texts.give(recipe, given)
  local call
  local outcome, err = runner.run(recipe, fn, given, ctx, {
    limits = limits.of(options.settings),
    prepare = function(state)
      call = state
      call.rc, call.schema = state_of(call, recipe, ctx, options), options.schema
      given[given.n] = context.new()
    end,
    take = taking.take,
    on_value = taking.on_value,
    nested = taking.nested,
  })
  return outcome, err, call
end

-- The recipe's input, a table of its own.
local function strict(args, options)
  if options.schema and type(args[1]) == "table" then strict_input.guard(args[1], options.schema, "input") end
  return args
end

-- What a worker has given is as it must be: see lib.recipes.worker.remote.
local function from_elsewhere(call)
  local result = call.elsewhere.result
  result.begun = call.requests
  return result
end

--- Runs a function of a recipe to its end; in a plain fiber.
---@param recipe Recipe
---@param fn function
---@param args table      what it gets before its context
---@param ctx Context
---@param options InvokeOptions
---@return CallResult|nil result, Error? err
---@return_overload CallResult
---@return_overload nil, Error
function M.call(recipe, fn, args, ctx, options)
  local gathered = returned.new(options.declaration.name or recipe.name, fn)
  local outcome, err, call = run(recipe, fn, strict(args, options), ctx, options, {
    take = function(value) return fiber.shield(gathered.take, gathered, value) end, -- it is there: no cancellation loses it
  })
  if not outcome then return nil, err end
  if call.elsewhere then return from_elsewhere(call) end
  local result, problem = fiber.shield(gathered.result, gathered, outcome.notes)
  if not result then
    abandon.report(call, "failed")
    return nil, call.requests:name_in(problem)
  end
  result.begun = call.requests
  return result
end

-- The first value; clean-ups that failed are in the log.
local function first_of(outcome)
  return outcome and outcome.values[1]
end

-- What JSON cannot say is told as a mistake of the recipe's.
local function contents_of(recipe, fn, value)
  local ok, contents = pcall(redacted.contents, value)
  if ok then return contents end
  local what = tostring(contents):gsub("^%S+:%d+: ", "")
  return nil, errors.new(("recipe '%s' returned what is no result: %s%s"):format(recipe.name, what, failure.beginning(fn)),
    { code = "bad_result" })
end

local PLAIN, WITH_CONTENT = {}, { on_value = block_of, nested = true }

--- The same for a resource, of which the first value counts, as it is: nil, a text or bytes, a
--- table.
---@param recipe Recipe
---@param fn function
---@param args table
---@param ctx Context
---@param options InvokeOptions
---@return any value, Error? err
function M.value(recipe, fn, args, ctx, options)
  local outcome, err, call = run(recipe, fn, args, ctx, options, PLAIN)
  if not outcome then return nil, err end
  if call.elsewhere then return contents_of(recipe, fn, call.elsewhere.result) end
  return contents_of(recipe, fn, first_of(outcome))
end

--- The same for a prompt, in whose value content may stand; it becomes blocks.
---@param recipe Recipe
---@param fn function
---@param args table
---@param ctx Context
---@param options InvokeOptions
---@return any value, Error? err
function M.messages(recipe, fn, args, ctx, options)
  local outcome, err, call = run(recipe, fn, strict(args, options), ctx, options, WITH_CONTENT)
  if not outcome then return nil, err end
  if call.elsewhere then return redacted.messages(call.elsewhere.result) end
  return redacted.messages(first_of(outcome))
end

return M
