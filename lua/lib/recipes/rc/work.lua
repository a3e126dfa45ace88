--- How the functions of `rc` get host work done: in a fiber of the host, outside of the recipe's budget,
--- so that the recipe's end, at whatever instruction, leaves nothing of ours half done.

local copies = require "lib.recipes.boundary.copies"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local host_work = require "lib.recipes.boundary.host_work"
local json = require "core.json"
local log = require "core.log"
local members = require "lib.recipes.rc.members"
local numbers = require "lib.recipes.rc.numbers"
local rc_error = require "lib.recipes.boundary.rc_error"

local M = {}

-- A mistake of ours is told as one; what the world refused is an Error.
local function on_raise(err)
  if errors.is(err) or fiber.is_cancelled(err) then return err end
  log.write("error", debug.traceback(tostring(err), 2))
  return errors.new("internal error: " .. tostring(err), { code = "internal" })
end

-- What a recipe may match on stands in the error's fields, wherever the tool put it.
local function with_fields(err)
  local data = err.data
  if type(data) ~= "table" then return err end
  local fields = {}
  for _, name in ipairs(errors.CROSSING) do
    local value = err[name]
    if value == nil then value = data[name] end
    if value ~= json.null then fields[name] = value end
  end
  fields.data = data
  return errors.new(err.message, fields)
end

local function settle(ok, value, ...)
  if not ok then error(errors.is(value) and with_fields(value) or value, 0) end
  local err = ...
  if value == nil and errors.is(err) then error(with_fields(err), 0) end
  return value, ...
end

local function attempt(fn, ...)
  return settle(xpcall(fn, on_raise, ...))
end

--- A plain copy of what a recipe gave; raises in the recipe where it is anything else.
---@param value any
---@param what string    for the message: "rc.submit"
---@param level integer  as error's, from here
---@return any
function M.import(value, what, level)
  local ok, copy = pcall(copies.import, value)
  if ok then return copy end
  error(what .. ": " .. tostring(copy), level + 1)
end

--- The same of what goes into JSON: node ids may be numbers, and text must be UTF-8.
---@param value any
---@param what string
---@param level integer
---@param schema? table  JSON Schema of what is meant
---@return any
function M.import_json(value, what, level, schema)
  local copy = M.import(value, what, level + 1)
  local ok, message = pcall(members.settle, copy, { schema = schema, strict = true })
  if ok then return copy end
  error(what .. ": " .. message, level + 1)
end

--- Runs `fn(...)` in a fiber of the host and waits for it, in the recipe's.  What goes in must be imported
--- already; what comes back is handed over as it is.  A failure, raised or returned as nil and an Error, is
--- raised as rc.Error; the recipe's cancellation cancels the work, too.
---@param fn fun(...): any, Error?
---@param ... any
---@return any ...
function M.run(fn, ...)
  return host_work.run_raw(attempt, fn, ...)
end

local function perform(state, effect)
  return require("lib.recipes.effects.door").perform(state, effect)
end

--- Has an effect performed by the host, and waits for it: see lib.calls.effects.  A failure is raised as rc.Error.
---@param state rc.State
---@param kind EffectKind
---@param name string
---@param input any  imported
---@return any answer
function M.effect(state, kind, name, input)
  return M.run(perform, state, numbers.effect(state, kind, name, input), input) -- which is weighed by itself
end

--- The same for the kinds that are answered at once (effects.LOCAL): within the slice of the code that asks, without a wait.
---@param state rc.State
---@param kind EffectKind
---@param name string
---@param input? any  imported
---@return any answer
function M.effect_at_once(state, kind, name, input)
  local answer, err = perform(state, numbers.effect(state, kind, name, input))
  if answer == nil and err then error(rc_error.new(err.message, err), 0) end
  return answer
end

--- As `effect`, for one whose answer is JSON text: decoded on the recipe's side, so that it counts as its memory.
---@param state rc.State
---@param kind EffectKind
---@param name string
---@param input any  imported
---@return any value
function M.effect_json(state, kind, name, input)
  return (json.decode(M.effect(state, kind, name, input)))
end

return M
