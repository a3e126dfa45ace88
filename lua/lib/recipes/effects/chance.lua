--- The kinds "random" and "uuid".

local effects = require "lib.calls.effects"
local host = require "core.host"

local M = {}

local function random_integer()
  return (string.unpack("<i8", host.random(8)))
end

-- An integer from 0 to `range`, each as likely: what would wrap unevenly is drawn again.
local function below_or_at(range)
  if range & (range + 1) == 0 then return random_integer() & range end
  local mask = range
  for shift = 0, 5 do mask = mask | mask >> (1 << shift) end
  local value
  repeat value = random_integer() & mask until math.ult(value, range) or value == range
  return value
end

local draws = {}

function draws.float()
  return (random_integer() >> 11) * 2.0 ^ -53
end

function draws.integer(input)
  return input.first + below_or_at(input.last - input.first)
end

local executors = {}

function executors.random(effect)
  return draws[effect.name](effect.input)
end

function executors.uuid()
  local a, b, c, d, e, f = string.unpack(">I4I2I2I2I2I4", host.random(16))
  return ("%08x-%04x-%04x-%04x-%04x%08x"):format(a, b, c & 0x0FFF | 0x4000, d & 0x3FFF | 0x8000, e, f)
end

---@param state rc.State
---@param effect Effect
---@return number|string|nil answer, Error? err
function M.perform(state, effect)
  return effects.perform(effect, { ctx = state.ctx, caller = state }, executors[effect.kind])
end

return M
