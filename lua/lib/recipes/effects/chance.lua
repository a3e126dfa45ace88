--- The kinds "random" and "uuid".

local effects = require "lib.calls.effects"
local generators = require "lib.recipes.load.chance"
local host = require "core.host"

local M = {}

local function random_integer(bytes)
  return (string.unpack("<i8", bytes(8)))
end

local draws = {}

function draws.float(bytes)
  return (random_integer(bytes) >> 11) * 2.0 ^ -53
end

---@param bytes fun(count: integer): string
---@param input { first: integer, last: integer }
function draws.integer(bytes, input)
  return input.first + generators.below_or_at(random_integer, bytes, input.last - input.first)
end

local executors = {}

function executors.random(effect, bytes)
  return draws[effect.name](bytes, effect.input)
end

function executors.uuid(_, bytes)
  local a, b, c, d, e, f = string.unpack(">I4I2I2I2I2I4", bytes(16))
  return ("%08x-%04x-%04x-%04x-%04x%08x"):format(a, b, c & 0x0FFF | 0x4000, d & 0x3FFF | 0x8000, e, f)
end

--- What an effect of these kinds gives.
---@param effect Effect
---@param bytes fun(count: integer): string  a source of random bytes
---@return number|string
function M.draw(effect, bytes)
  return executors[effect.kind](effect, bytes) --[[@as number|string]]
end

local function execute(effect)
  return M.draw(effect, host.random)
end

---@param state rc.State
---@param effect Effect
---@return number|string|nil answer, Error? err
---@return_overload number|string
---@return_overload nil, Error
function M.perform(state, effect)
  return effects.perform(effect, { ctx = state.ctx, caller = state }, execute)
end

return M
