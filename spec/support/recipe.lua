--- Runs the text of a recipe's function, for specs of what lies around recipes.

local cleanup = require "lib.recipes.run.cleanup"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local host_work = require "lib.recipes.boundary.host_work"
local loop = require "core.loop"
local rc_error = require "lib.recipes.boundary.rc_error"
local runner = require "lib.recipes.run.runner"
local sandbox = require "lib.recipes.load.sandbox"

local M = {}

-- The little of rc that these specs need.
local rc = {
  sleep = function(seconds) host_work.run(clock.sleep, seconds) end,
  finally = cleanup.register,
  host = host_work.run,
  fail = function(message, fields) error(rc_error.new(message, fields, true), 0) end,
  random = math.random,
}

--- A recipe whose file has `text`, run once, returns its function.
---@param text string     body of a function of `input`
---@param options? table  folder, root, log (list that gets what it prints)
---@return table recipe, function fn
function M.load(text, options)
  options = options or {}
  local recipe = {
    name = "hostile", folder = options.folder, root = options.root,
    rc = setmetatable({ log = function(_, line) if options.log then table.insert(options.log, line) end end }, { __index = rc }),
  }
  local fn, problem = sandbox.declare(recipe, 'local rc = require "rc"; return function(input)\n' .. text .. "\nend", "@hostile.lua")
  if problem then error(problem, 2) end
  return recipe, fn
end

--- Starts what was loaded in a fiber; its result is what runner.run returns.
---@param recipe table
---@param fn function
---@param options? table  limits, input
---@return Fiber
function M.start_loaded(recipe, fn, options)
  options = options or {}
  local task = fiber.spawn(function() return runner.run(recipe, fn, { options.input }, nil, { limits = options.limits }) end)
  task.quiet = true
  return task
end

--- The same of the text of one.
---@param text string
---@param options? table  those of `load`, too
---@return Fiber
function M.start(text, options)
  local recipe, fn = M.load(text, options)
  return M.start_loaded(recipe, fn, options)
end

--- Runs a recipe to its end, in real time.
---@param text string
---@param options? table
---@return table|nil outcome, Error? err
function M.run(text, options)
  local task = M.start(text, options)
  while task.status ~= "done" do loop.step(true) end
  local result = table.pack(select(2, task:join()))
  return table.unpack(result, 1, result.n)
end

--- Limits that a recipe soon comes to.
M.SMALL = { cpu_ms = 50, memory_bytes = 8 * 1024 * 1024 }

--- What a run has given: its first value.
---@param outcome table?
---@param err? Error
---@return any
function M.first(outcome, err)
  assert(outcome, err and err.message)
  return outcome.values[1]
end

--- Runs one that must not succeed, within small limits unless the options have others.
---@param text string
---@param options? table
---@return Error
function M.refusal(text, options)
  local outcome, err = M.run(text, options or { limits = M.SMALL })
  assert(outcome == nil, "it has succeeded")
  return err
end

return M
