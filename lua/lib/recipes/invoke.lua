--- Calls a function of a recipe with the API behind it, and makes what it returns the neutral result of a tool.

local boundary = require "lib.recipes.boundary"
local context = require "lib.recipes.rc.context"
local errors = require "lib.errors"
local json = require "core.json"
local runner = require "lib.recipes.runner"
local states = require "lib.recipes.rc.state"
local strict_input = require "lib.recipes.strict_input"

local clean = require("lib.text").clean

local M = {}

---@class InvokeOptions
---@field declaration table                  fields as declared: name, uses, hosts, samples
---@field find fun(name: string): Tool?      the tools it may find
---@field settings? Settings
---@field schema? table|core.json.Raw         of what it is called with: where it is closed, reading what it does not name is an error

local limit_names = { cpu_ms = "recipe_cpu_ms", memory_bytes = "recipe_memory_bytes", seconds = "recipe_seconds", calls = "recipe_calls" }

local function limits_of(settings)
  local limits = {}
  for name, setting in pairs(limit_names) do limits[name] = settings and settings[setting] end
  return limits
end

local function state_of(call, recipe, ctx, options)
  local declaration = options.declaration
  return states.new {
    name = declaration.name or recipe.name, uses = declaration.uses, hosts = declaration.hosts, samples = declaration.samples,
    find = options.find, settings = options.settings, ctx = ctx, call = call,
  }
end

local function block_of(value)
  local kind, payload = boundary.open(value)
  if kind ~= "content" then error("it holds a value of rc that is no content", 0) end
  return payload
end

-- Marks the blocks among the results, which are copied otherwise.
local Block = {}

local function take_opaque(value)
  return setmetatable({ block = block_of(value) }, Block)
end

local function bad_result(name, message)
  return nil, errors.new(("recipe '%s' returned what is no result: %s"):format(name, message), { code = "bad_result" })
end

local MAX_JSON = 64 * 1024 * 1024 -- bytes of the data, and of the text, as JSON: escapes make one byte six

-- Why it cannot be written as JSON.
local function unwritable(value)
  local ok, message = pcall(json.encode, value, MAX_JSON)
  return not ok and tostring(message) or nil
end

local function add_value(result, texts, value)
  local kind = type(value)
  if getmetatable(value) == Block then
    result.content = result.content or {}
    table.insert(result.content, value.block)
  elseif kind == "string" then
    texts[#texts + 1] = clean(value)
  elseif kind ~= "nil" then
    if result.data ~= nil then return "two values that are data; the structured content is one" end
    result.data = value
  end
end

--- The neutral result of the values that a recipe returned, which are the host's by now: a table, a number, true or false
--- is the structured content, texts are the text, content becomes blocks.
---@param name string    of the recipe
---@param values table   { n = …, … }
---@return CallResult|nil result, Error? err
function M.collect(name, values)
  local result, texts = {}, {}
  for i = 1, values.n do
    local problem = add_value(result, texts, values[i])
    if problem then return bad_result(name, problem) end
  end
  if #texts > 0 then result.text = table.concat(texts, "\n") end
  local problem = result.data ~= nil and unwritable(result.data)
    or result.text and #result.text > MAX_JSON // 6 and unwritable(result.text)
  if problem then return bad_result(name, problem) end
  if result.data == nil and not result.text and not result.content then result.data = { ok = true } end
  return result
end

local function add_notes(result, notes)
  if not notes then return result end
  local text = table.concat(notes, "\n")
  result.text = result.text and result.text .. "\n" .. text or text
  return result
end

local function run(recipe, fn, args, ctx, options, taking)
  local given = table.move(args, 1, #args, 1, { n = #args + 1 })
  boundary.give(recipe, given)
  local call
  local outcome, err = runner.run(recipe, fn, given, ctx, {
    limits = limits_of(options.settings),
    prepare = function(state)
      call = state
      call.rc = state_of(call, recipe, ctx, options)
      given[given.n] = context.new()
    end,
    on_value = taking.on_value,
    nested = taking.nested,
  })
  return outcome, err, call
end

local AS_RESULT = { on_value = take_opaque }

-- The recipe's input, a table of its own.
local function strict(args, options)
  if options.schema and type(args[1]) == "table" then strict_input.guard(args[1], options.schema, "input") end
  return args
end

--- Runs a function of a recipe to its end; in a plain fiber.
---@param recipe Recipe
---@param fn function
---@param args table      what it gets before its context
---@param ctx Context
---@param options InvokeOptions
---@return CallResult|nil result, Error? err
function M.call(recipe, fn, args, ctx, options)
  local outcome, err, call = run(recipe, fn, strict(args, options), ctx, options, AS_RESULT)
  if not outcome then return nil, err end
  local result, problem = M.collect(options.declaration.name or recipe.name, outcome.values)
  if not result then return nil, call.requests:name_in(problem) end
  return add_notes(result, outcome.notes)
end

-- The first value; clean-ups that failed are in the log.
local function first_of(outcome)
  return outcome and outcome.values[1]
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
  local outcome, err = run(recipe, fn, args, ctx, options, PLAIN)
  return first_of(outcome), err
end

--- The same for a prompt, in whose value content may stand; it becomes blocks.
---@param recipe Recipe
---@param fn function
---@param args table
---@param ctx Context
---@param options InvokeOptions
---@return any value, Error? err
function M.messages(recipe, fn, args, ctx, options)
  local outcome, err = run(recipe, fn, strict(args, options), ctx, options, WITH_CONTENT)
  return first_of(outcome), err
end

return M
