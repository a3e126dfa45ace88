--- The kinds "sleep" and "now".

local clock = require "lib.async.clock"
local effects = require "lib.calls.effects"

local M = {}

-- By the effect's name.  What a recipe can see of time is an effect, so that a call that is replayed sees the same.
local readings = {
  program = clock.wall, -- rc.now: in a simulation the simulator's
  system = os.time,
  cpu = os.clock,
}

local executors = {}

function executors.now(effect)
  return readings[effect.name]()
end

function executors.sleep(effect, scope)
  local _ <close> = scope.caller:wait()
  clock.sleep(effect.input.seconds)
  return true
end

---@param state rc.State
---@param effect Effect
---@return number|true|nil answer, Error? err
function M.perform(state, effect)
  return effects.perform(effect, { ctx = state.ctx, caller = state }, executors[effect.kind])
end

return M
