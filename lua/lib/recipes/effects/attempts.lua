--- How a recipe's call of a tool is attempted: in a clean-up again and again, and so that a write whose end is unknown is told as such.

local advice = require "lib.runcomfy.advice"
local clock = require "lib.async.clock"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local insist = require "lib.async.insist"
local polling = require "lib.runcomfy.polling"

local M = {}

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
  return err.delivery == "unknown" or polling.forgivable(err) or BUSY[advice.meaning(err.status_code, err.error_code)] == true
end

-- How many tries of writes the fiber that runs now has begun.
local function tries(state)
  local runcomfy = state.ctx.runcomfy
  return runcomfy and runcomfy.writes:started() or 0
end

-- Where memory ran out before anything was sent, the next try is the first; where it ran out behind the answer, that is in the log.
local function is_to_repeat(err, state, before)
  if errors.is_out_of_memory(err) then return err.delivery == "unknown" or tries(state) == before end
  return is_open(err)
end

-- The same of what was raised.
local function is_memory_out(raised, state, before)
  return not fiber.is_cancelled(raised) and errors.is_out_of_memory(raised) and tries(state) == before
end

local function give_up(ok, result, err)
  if not ok then error(result, 0) end
  return nil, err
end

-- In a clean-up such a write is tried again while there is time: what it undoes goes on costing money.
local function persistently(state, proceed)
  local call, pause = state.call, FIRST_PAUSE
  while true do
    local before = tries(state)
    local ok, result, err = pcall(proceed)
    if not ok and not is_memory_out(result, state, before) then error(result, 0) end
    if ok and (result or not is_to_repeat(err, state, before)) then return result, err end
    pause = math.min(math.max(pause, ok and err and err.retry_after or 0), LONGEST_PAUSE)
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
local function with_delivery(state, before, ok, result, err)
  if ok and result then return result, err end
  local problem = ok and err or result
  if errors.is_out_of_memory(problem) and tries(state) ~= before then
    return nil, fiber.shield(insist, "telling that a write is unknown", lost, problem)
  end
  if not ok then error(problem, 0) end
  return nil, problem
end

--- Calls a tool for a recipe: a clean-up does not give up at once, and where nobody knows what became of a write, the error says so.
---@param state rc.State
---@param tool Tool
---@param input table
---@param proceed fun(): table|nil, Error?
---@return table|nil result, Error? err
---@return_overload table
---@return_overload nil, Error
function M.attempt(state, tool, input, proceed)
  local call = state.call
  if not call then return proceed() end
  local before = tries(state)
  -- A clean-up waits for the answer of what leaves something: it may undo it, and must not overtake it.
  local _ <close> = tool.leaves and call:write(function() return tries(state) ~= before end) or nil
  local cleans = call.phase == "cleanup" or call.cleaning > 0
  if cleans and is_repeatable(tool, input) then return with_delivery(state, before, pcall(persistently, state, proceed)) end
  return with_delivery(state, before, pcall(proceed))
end

return M
