--- The kind "ask": questions to the person who uses the client.

local effects = require "lib.calls.effects"

local M = {}

local forms = {}

function forms.elicit(elicitation, state, input)
  return elicitation.elicit(state.ctx, { message = input.message, input = input.input }) or false
end

function forms.confirm(elicitation, state, input)
  return elicitation.confirm(state.ctx, input.message)
end

local function execute(effect, scope)
  local state = scope.caller
  local _ <close> = state:place()
  local _ <close> = state:wait()
  return forms[effect.name](require "lib.calls.elicitation", state, effect.input)
end

--- Asks; false: the person did not agree.
---@param state rc.State
---@param effect Effect
---@return table|boolean|nil answer, Error? err
---@return_overload table|boolean
---@return_overload nil, Error
function M.perform(state, effect)
  return effects.perform(effect, { ctx = state.ctx, caller = state }, execute)
end

return M
