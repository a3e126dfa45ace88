--- Which allocations of a run are to fail: one of each stratum, at random; with RCMCP_SWEEP=all (scripts/night) all of them, or
--- of strata that are large every few.  RCMCP_SWEEP_SEED repeats a run: what fails tells it.

local clock = require "core.clock"

local M = {}

local seed = math.tointeger(tonumber(os.getenv "RCMCP_SWEEP_SEED")) or math.floor(clock.monotonic() * 1e6) % 1000000
local ALL = os.getenv "RCMCP_SWEEP" == "all"
local FINER = 40 -- times as many, where all are asked for
local ENOUGH = 3 -- strata in a row behind the last allocation: how many a run makes depends on the time

-- Of its own: specs seed the one of math.
local state = seed

local function below(count)
  state = (state * 1103515245 + 12345) % 2147483648
  return state // 65536 % count
end

--- Calls `run(after)` for one number of allocations in each stratum of `every`, until the run is over before.
---@param every integer
---@param run fun(after: integer): boolean, string?, string?  whether memory ran out, what is wrong, what to show of it
---@return integer hit  runs in which memory ran out
function M.each(every, run)
  local first, hit, missed = 0, 0, 0
  if ALL then every = math.max(1, every // FINER) end
  while missed < ENOUGH do
    local after = first + below(every)
    local failed, problem, shown = run(after)
    if problem then
      error(("allocation %d (RCMCP_SWEEP_SEED=%d): %s\n%s"):format(after, seed, problem, shown or ""), 2)
    end
    hit, missed, first = hit + (failed and 1 or 0), failed and 0 or missed + 1, first + every
  end
  return hit
end

return M
