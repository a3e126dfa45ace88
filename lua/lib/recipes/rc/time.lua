--- Time and chance: what a recorded run repeats.

local work = require "lib.recipes.rc.work"

local M = {}

--- `rc.sleep`
---@param state rc.State
---@param seconds number
function M.sleep(state, seconds)
  if type(seconds) ~= "number" or seconds ~= seconds or seconds < 0 or seconds == math.huge then
    error("rc.sleep takes seconds, 0 or more", 3)
  end
  work.effect(state, "sleep", "sleep", { seconds = seconds })
end

--- A reading of a clock, at once: also where code cannot wait.
---@param state rc.State
---@param name "program"|"system"|"cpu"
---@return number
function M.read(state, name)
  return work.effect_at_once(state, "now", name)
end

--- `rc.now`
---@param state rc.State
---@return number
function M.now(state)
  return M.read(state, "program")
end

local function bound(value, place)
  local whole = math.tointeger(value)
  if not whole then error(("rc.random: bound %d must be a whole number"):format(place), 4) end
  return whole
end

--- `rc.random`: as math.random
---@param state rc.State
---@param low? integer
---@param high? integer
---@return number
function M.random(state, low, high)
  if low == nil and high == nil then return work.effect_at_once(state, "random", "float") end
  local first, last = 1, bound(low, 1)
  if high ~= nil then first, last = last, bound(high, 2) end
  if first > last then error(("rc.random: nothing lies between %d and %d"):format(first, last), 3) end
  return work.effect_at_once(state, "random", "integer", { first = first, last = last })
end

--- `rc.uuid`: version 4
---@param state rc.State
---@return string
function M.uuid(state)
  return work.effect_at_once(state, "uuid", "v4")
end

return M
