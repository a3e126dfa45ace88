--- Time and chance: what a recorded run would repeat.

local boundary = require "lib.recipes.run.boundary"
local clock = require "lib.async.clock"
local coroutines = require "lib.recipes.load.coroutines"
local host = require "core.host"

local M = {}

-- In a dry run nothing happens that could be waited for: the recipe's clock goes on, ours does not.  What would wait
-- for something that never comes ends where the call would have.
local function skip(state, seconds)
  state.skipped = (state.skipped or 0) + seconds
  local limit = state.call and state.call.limits.seconds or math.huge
  if state.skipped > limit then
    error(boundary.new_error(("dry run: the recipe would wait for more than the %g seconds that a call may take"):format(limit),
      { code = "timeout" }), 0)
  end
  coroutines.await(clock.after, 0)
end

local Sleep = {}

function Sleep:__close()
  self.timer:cancel()
  self.wait:__close()
end

-- On the host's side, so that it ends however the recipe does.
local function begin(state, seconds, callback)
  return setmetatable({ wait = state:wait(), timer = clock.after(seconds, callback) }, Sleep)
end

--- `rc.sleep`
---@param state rc.State
---@param seconds number
function M.sleep(state, seconds)
  if type(seconds) ~= "number" or seconds ~= seconds or seconds < 0 or seconds == math.huge then
    error("rc.sleep takes seconds, 0 or more", 3)
  end
  if state.ctx.dry_run then return skip(state, seconds) end
  coroutines.await(begin, state, seconds)
end

--- `rc.now`
---@param state rc.State
---@return number
function M.now(state)
  return clock.wall() + (state.skipped or 0)
end

local function random_integer(state)
  return (string.unpack("<i8", (state.entropy or host.random)(8)))
end

-- An integer from 0 to `range`, each as likely: what would wrap unevenly is drawn again.
local function below_or_at(state, range)
  if range & (range + 1) == 0 then return random_integer(state) & range end
  local mask = range
  for shift = 0, 5 do mask = mask | mask >> (1 << shift) end
  local value
  repeat value = random_integer(state) & mask until math.ult(value, range) or value == range
  return value
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
  if low == nil and high == nil then return (random_integer(state) >> 11) * 2.0 ^ -53 end
  local first, last = 1, bound(low, 1)
  if high ~= nil then first, last = last, bound(high, 2) end
  if first > last then error(("rc.random: nothing lies between %d and %d"):format(first, last), 3) end
  return first + below_or_at(state, last - first)
end

--- `rc.uuid`: version 4
---@param state rc.State
---@return string
function M.uuid(state)
  local a, b, c, d, e, f = string.unpack(">I4I2I2I2I2I4", (state.entropy or host.random)(16))
  return ("%08x-%04x-%04x-%04x-%04x%08x"):format(a, b, c & 0x0FFF | 0x4000, d & 0x3FFF | 0x8000, e, f)
end

return M
