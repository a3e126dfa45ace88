--- The kinds "sleep" and "now".

local clock = require "lib.async.clock"
local effects = require "lib.calls.effects"

local M = {}

-- By the effect's name.  What a recipe can see of time is an effect, so that a call that is replayed sees the same.
local readings = {
  program = function() return clock.wall() end, -- rc.now: in a simulation the simulator's
  system = function() return os.time() end,
  cpu = function() return os.clock() end,
  cancelled = function(state) return state.ctx.cancelled == true end,
}

-- The moment by which the call must have ended, on the program's clock; false: none.
function readings.deadline(state)
  local deadline = state:deadline()
  return deadline < math.huge and deadline - clock.now() + clock.wall()
end

local executors = {}

function executors.now(effect, scope)
  return readings[effect.name](scope.caller)
end

function executors.sleep(effect, scope)
  local _ <close> = scope.caller:wait()
  clock.sleep(effect.input.seconds)
  return true
end

---@param state rc.State
---@param effect Effect
---@return number|boolean|nil answer, Error? err
---@return_overload number|boolean
---@return_overload nil, Error
function M.perform(state, effect)
  return effects.perform(effect, { ctx = state.ctx, caller = state }, executors[effect.kind])
end

return M
