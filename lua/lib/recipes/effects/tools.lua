--- The kind "tool": calls of tools, the one way in which a recipe reaches RunComfy and other recipes.

local attempts = require "lib.recipes.effects.attempts"
local child_context = require "lib.recipes.effects.child_context"
local effects = require "lib.calls.effects"
local json = require "core.json"
local large_results = require "lib.recipes.effects.large_results"
local long_json = require "lib.async.long_json"
local numbers = require "lib.recipes.rc.numbers"
local registry = require "lib.features.registry"
local rights = require "lib.recipes.effects.rights"

local M = {}

---@class rc.JobCall
---@field poll? ReadOptions  it is one poll of a wait, which makes the next itself

--- A call on a job's behalf that asks for nothing more.
---@type rc.JobCall
M.FOR_JOB = {}

local function deployment_of(input, result)
  local made = result and type(result.data) == "table" and result.data.deployment
  local id = input.deployment_id or made and (json.raw(json.encode(made)) --[[@as core.json.Raw]]):value "id"
  return type(id) == "string" and id or "without an id"
end

-- Whoever asks for the same call again must know what this one has changed; of submits the list of requests tells.
local function note_change(state, tool, input, result, err)
  if tool.leaves ~= "deployment" or not state.ctx.receipt then return end
  if result or err.delivery == "unknown" then
    state.ctx:receipt { tool = tool.name, deployment_id = deployment_of(input, result) }
  end
end

-- What is under way at RunComfy since; what a dry run makes up is not.
local function learned(state, tool, input, result, err)
  if state.call and not (result or err).pretended then
    if tool.learn and (result or err) then tool.learn(state.call.requests, input, result, err) end
    note_change(state, tool, input, result, err)
  end
  return result, err
end

local function execute(effect, scope)
  local state, tool = scope.caller, scope.tool
  return attempts.attempt(state, tool, effect.input, function() return registry.attempt(tool, effect.input, scope.ctx) end)
end

local function perform(state, effect, for_job, run)
  local tool, err = rights.find(state, effect.name, for_job)
  if not tool then return nil, err end
  local scope = {
    ctx = child_context.new(state, tool, effect, for_job and for_job.poll), tool = tool, caller = state, reads = run ~= nil,
    cleans = state.call ~= nil and state.call:is_cleaning(), passing = state.passing,
  }
  local _ <close> = state:place()
  return learned(state, tool, effect.input, effects.perform(effect, scope --[[@as EffectScope]], run or execute))
end

--- Calls a tool for what the host does for a recipe, such as the wait for a job; in a fiber of the host.
---@param state rc.State
---@param name string
---@param input table     plain
---@param for_job? rc.JobCall  it is made on a job's behalf
---@param run? Executor   does the work in the tool's place, under the tool's name and rights
---@return { text: string?, data: any }|nil result, Error? err
---@return_overload { text: string?, data: any }
---@return_overload nil, Error
function M.call(state, name, input, for_job, run)
  return perform(state, numbers.effect(state, "tool", name, input), for_job, run)
end

--- Calls a tool that the recipe's code names; gives the structured content as JSON text: what crosses to the recipe is made there.
---@param state rc.State
---@param effect Effect
---@return string|nil text, Error? err
---@return_overload string
---@return_overload nil, Error
function M.perform(state, effect)
  local result, err = perform(state, effect)
  if not result then return nil, err end
  if result.data ~= nil then return long_json.encode(large_results.of_tool(effect.name, result.data)) end
  return json.encode { text = result.text }
end

return M
