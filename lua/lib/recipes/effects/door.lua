--- Where the effects of recipes reach the host: judged, passed through the chain of the call's context, executed by their kind.

local M = {}

-- By kind, the module that judges and executes it: loaded with the first.
local MODULES = {
  tool = "tools", job = "jobs", http = "http", download = "download", file = "files", ask = "ask",
  module = "modules", sleep = "time", now = "time", random = "chance", uuid = "chance",
}

---@class EffectModule
---@field perform fun(state: rc.State, effect: Effect): any, Error?
---@field is_read? fun(effect: Effect): boolean  default: no; of tools, their risk tells

local kinds = {} ---@type table<EffectKind, EffectModule>

local function load_kind(kind)
  local name = MODULES[kind] or error(("there is no kind of effects '%s'"):format(tostring(kind)))
  kinds[kind] = require("lib.recipes.effects." .. name)
  return kinds[kind]
end

local function module_of(effect)
  return kinds[effect.kind] or load_kind(effect.kind)
end

--- Whether an effect gives what is there, whatever asks for it, and changes nothing.
---@param effect Effect
---@return boolean
function M.is_read(effect)
  local is_read = module_of(effect).is_read
  return is_read ~= nil and is_read(effect)
end

--- Performs an effect of a recipe: in a fiber of the host, but for those kinds that are answered at once.
---@param state rc.State  the host's, of the call that the effect names
---@param effect Effect
---@return any answer, Error? err
function M.perform(state, effect)
  return module_of(effect).perform(state, effect)
end

return M
