--- What a recipe may call: what its `uses` names, on behalf of a job what these tools grant, no cycles, not too deep.

local builtin_names = require "lib.recipes.load.builtin_names"
local didyoumean = require "lib.didyoumean"
local errors = require "lib.errors"
local sorted_keys = require("lib.tables").sorted_keys

local M = {}

local MAX_DEPTH = 16

-- Repeating the call does not help.
local function refuse(message, code, hint)
  return nil, errors.new(message, { code = code, hint = hint, settled = true })
end

-- Whether a tool in `uses` grants another one.
local function is_granted(state, name)
  for used in pairs(state.uses) do
    local tool = state.find(used)
    for _, granted in ipairs(tool and tool.grants or {}) do
      if granted == name then return true end
    end
  end
  return false
end

-- `for_job`: a call on a job's behalf, which the right to submit includes.
local function is_allowed(state, name, for_job)
  return state.uses[name] or for_job ~= nil and is_granted(state, name)
end

local function not_allowed(state, name)
  local used = sorted_keys(state.uses)
  local list = #used > 0 and "it lists " .. table.concat(used, ", ") or "it lists none"
  local is_tool = state.find(name) ~= nil
  return refuse(("recipe '%s' may not call '%s': its 'uses' does not name it (%s)%s"):format(state.name, name, list,
    didyoumean.hint(name, is_tool and used or builtin_names.with(used))), "not_allowed",
    is_tool and ("Add \"%s\" to 'uses'."):format(name) or "There is no such tool.")
end

local function check_chain(state, name)
  for _, caller in ipairs(state.chain) do
    if caller == name then
      return refuse(("recipe '%s' cannot call '%s', which led to this call: %s > %s"):format(state.name, name,
        table.concat(state.chain, " > "), name), "cycle")
    end
  end
  if #state.chain >= MAX_DEPTH then
    return refuse(("recipe '%s' cannot call '%s': recipes call each other %d deep already"):format(state.name, name, MAX_DEPTH), "depth")
  end
  return true
end

--- The tool of this name, where the recipe may call it now; judged by what the host knows of the call.
---@param state rc.State
---@param name string
---@param for_job? rc.JobCall  it is made on a job's behalf
---@return Tool|nil tool, Error? err
---@return_overload Tool
---@return_overload nil, Error
function M.find(state, name, for_job)
  if not is_allowed(state, name, for_job) then return not_allowed(state, name) end
  local tool = state.find(name)
  if not tool then return refuse(("there is no tool '%s'"):format(name), "unknown_tool") end
  local ok, err = check_chain(state, name)
  if not ok then return nil, err end
  return tool
end

return M
