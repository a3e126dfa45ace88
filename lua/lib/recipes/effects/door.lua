--- Where the effects of recipes reach the host: judged, passed through the chain of the call's context, executed by their kind.

local M = {}

-- By kind, the module that judges and executes it: loaded with the first.
local MODULES = {
  tool = "tools", job = "jobs", http = "http", download = "download", file = "files", ask = "ask",
  module = "modules", sleep = "time", now = "time", random = "chance", uuid = "chance",
}

local kinds = {} ---@type table<EffectKind, { perform: fun(state: rc.State, effect: Effect): any, Error? }>

local function load_kind(kind)
  local name = MODULES[kind] or error(("there is no kind of effects '%s'"):format(tostring(kind)))
  kinds[kind] = require("lib.recipes.effects." .. name)
  return kinds[kind]
end

--- Performs an effect of a recipe: in a fiber of the host, but for those kinds that are answered at once.
---@param state rc.State  the host's, of the call that the effect names
---@param effect Effect
---@return any answer, Error? err
function M.perform(state, effect)
  local kind = kinds[effect.kind] or load_kind(effect.kind)
  return kind.perform(state, effect)
end

return M
