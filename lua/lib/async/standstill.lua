--- Tells of times in which the loop stood still: the process was stopped (SIGSTOP, Ctrl-Z), or got no processor.  What was given
--- a number of seconds had none of these.

local core_clock = require "core.clock"
local timer = require "core.timer"

local M = {}

local BEAT = 0.25  -- seconds between two looks
local LEAST = 1    -- seconds that are a standstill

local Watch = {}
Watch.__index = Watch

function Watch:cancel()
  if self.timer then self.timer:cancel() end
  self.timer = nil
end
Watch.__close = Watch.cancel

local function beat(self)
  local before = core_clock.monotonic()
  self.timer = timer.after(BEAT * 1000, function()
    local lost = core_clock.monotonic() - before - BEAT
    beat(self)
    if lost >= LEAST then self.fn(lost) end
  end)
end

--- Calls `fn(seconds)` after each standstill, before the timers that were due meanwhile and were set for later than its beginning.
---@param fn fun(seconds: number)  of real time
---@return core.Handle watch  to be closed
function M.watch(fn)
  local self = setmetatable({ fn = fn, timer = nil }, Watch)
  beat(self)
  return self
end

return M
