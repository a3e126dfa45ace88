--- Calls of tools: the one way in which a recipe reaches RunComfy and other recipes.
---
--- Every call is checked against `uses`, against depth and cycles, and passes through
--- `ctx.around_call(call, proceed)` where the caller's context has one.  That is the seam for dry runs,
--- records and expectations:
---
---     ctx.around_call = function(call, proceed)   -- call: { name, input, tool, samples, chain }
---       note(call)
---       return proceed()                          -- or a result of its own: { data = … } | nil, Error
---     end
---
--- It runs in a fiber of the host and hands on to the recipes that a recipe calls.

local advice = require "lib.runcomfy.advice"
local builtin_names = require "lib.recipes.load.builtin_names"
local clock = require "lib.async.clock"
local didyoumean = require "lib.didyoumean"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local insist = require "lib.async.insist"
local json = require "core.json"
local long_json = require "lib.async.long_json"
local large_results = require "lib.recipes.rc.large_results"
local nested = require "lib.recipes.rc.nested"
local registry = require "lib.features.registry"
local waiting = require "lib.runcomfy.waiting"
local writes = require "lib.runcomfy.writes"
local sorted_keys = require("lib.tables").sorted_keys

local M = {}

local MAX_DEPTH = 16

--- Codes of calls that were refused here: repeating them does not help.
M.REFUSALS = { not_allowed = true, unknown_tool = true, cycle = true, depth = true }

---@class rc.JobCall
---@field answer_by? number  moment of lib.async.clock at which an answer is wanted

--- A call on a job's behalf that asks for nothing more.
---@type rc.JobCall
M.FOR_JOB = {}

---@class rc.Call
---@field name string
---@field input table
---@field tool Tool
---@field samples table<string, any>  of the recipe that calls
---@field reads boolean               it only reads, whatever its tool may do
---@field cleans boolean              a clean-up makes it
---@field chain string[]              the recipes that led here, the outermost first

local function refuse(message, code, hint)
  return nil, errors.new(message, { code = code, hint = hint })
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

local function find(state, name, for_job)
  if not is_allowed(state, name, for_job) then return not_allowed(state, name) end
  local tool = state.find(name)
  if not tool then return refuse(("there is no tool '%s'"):format(name), "unknown_tool") end
  local ok, err = check_chain(state, name)
  if not ok then return nil, err end
  return tool
end

local function deployment_of(input, result)
  local made = result and type(result.data) == "table" and result.data.deployment
  local id = input.deployment_id or made and json.raw(json.encode(made)):value "id"
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
  if state.call and not state.ctx.dry_run then
    state.call.requests:learn(tool.name, input, result, err)
    note_change(state, tool, input, result, err)
  end
  return result, err
end

-- Whether the same call once more does the same.
local function is_repeatable(tool, input)
  local repeatable = tool.repeatable
  return repeatable == true or type(repeatable) == "function" and repeatable(input)
end

local FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1 -- seconds

local BUSY = { [409] = true, [423] = true, [425] = true } -- what is changed is being changed already

-- Whether it may not have been done, and may be the next time: also where something else than the API has answered.
local function is_open(err)
  if err.code == "cancelled" then return false end
  return err.delivery == "unknown" or waiting.forgivable(err) or BUSY[advice.meaning(err.status_code, err.error_code)] == true
end

-- Where memory ran out before anything was sent, the next try is the first; where it ran out behind the answer, that is in the log.
local function is_to_repeat(err, before)
  if errors.is_out_of_memory(err) then return err.delivery == "unknown" or writes.started() == before end
  return is_open(err)
end

-- The same of what was raised.
local function is_memory_out(raised, before)
  return not fiber.is_cancelled(raised) and errors.is_out_of_memory(raised) and writes.started() == before
end

local function give_up(ok, result, err)
  if not ok then error(result, 0) end
  return nil, err
end

-- In a clean-up such a write is tried again while there is time: what it undoes goes on costing money.
local function persistently(call, proceed)
  local pause = FIRST_PAUSE
  while true do
    local before = writes.started()
    local ok, result, err = pcall(proceed)
    if not ok and not is_memory_out(result, before) then error(result, 0) end
    if ok and (result or not is_to_repeat(err, before)) then return result, err end
    pause = math.min(math.max(pause, ok and err.retry_after or 0), LONGEST_PAUSE)
    if clock.now() + pause >= call.cleanup_deadline then return give_up(ok, result, err) end
    pcall(clock.sleep, pause)
    pause = 2 * pause
  end
end

local function lost(problem)
  local err = errors.wrap(problem)
  err.delivery = err.delivery or "unknown"
  return err
end

-- Where memory ran out behind the moment at which a write took the wire, nobody here knows what became of it.
local function with_delivery(before, ok, result, err)
  if ok and result then return result, err end
  local problem = ok and err or result
  if errors.is_out_of_memory(problem) and writes.started() ~= before then
    return nil, fiber.shield(insist, "telling that a write is unknown", lost, problem)
  end
  if not ok then error(problem, 0) end
  return nil, problem
end

local function attempt(state, tool, input, proceed)
  local call = state.call
  if not call or state.ctx.dry_run then return proceed() end
  local before = writes.started()
  -- A clean-up waits for the answer of what leaves something: it may undo it, and must not overtake it.
  local _ <close> = tool.leaves and call:write(function() return writes.started() ~= before end) or nil
  local cleans = call.phase == "cleanup" or call.cleaning > 0
  if cleans and is_repeatable(tool, input) then return with_delivery(before, pcall(persistently, call, proceed)) end
  return with_delivery(before, pcall(proceed))
end

--- Calls a tool; in a fiber of the host.
---@param state rc.State
---@param name string
---@param input table     plain
---@param for_job? rc.JobCall  it is made on a job's behalf
---@param run? fun(input: table): { data: any }|nil, Error?  does the work in the tool's place, under the tool's name and rights
---@return { text: string?, data: any }|nil result, Error? err
function M.perform(state, name, input, for_job, run)
  local tool, err = find(state, name, for_job)
  if not tool then return nil, err end
  local ctx = nested.new(state, tool, for_job and for_job.answer_by)
  local function proceed()
    if run then return run(input) end
    return attempt(state, tool, input, function() return registry.attempt(tool, input, ctx) end)
  end
  local _ <close> = state:place()
  local around = state.ctx.around_call
  if not around then return learned(state, tool, input, proceed()) end
  return learned(state, tool, input, around(
    { name = name, input = input, tool = tool, samples = state.samples, chain = state.chain, reads = run ~= nil,
      cleans = state.call ~= nil and state.call:is_cleaning() }, proceed))
end

--- The same; gives the structured content as JSON text: what crosses to the recipe is made there.
---@param state rc.State
---@param name string
---@param input table
---@param for_job? rc.JobCall
---@return string|nil text, Error? err
function M.perform_text(state, name, input, for_job)
  local result, err = M.perform(state, name, input, for_job)
  if not result then return nil, err end
  if result.data ~= nil then return long_json.encode(large_results.of_tool(name, result.data)) end
  return json.encode { text = result.text }
end

return M
