--- Deadlines that come late.  A process that stood still (it was stopped, or got no processor) finds the timers of a while due
--- in one turn: the one at which what has come of an answer counts beside the one at which it is given up.  A deadline that
--- is late leaves a moment for what has come meanwhile.

local core_clock = require "core.clock"
local timer = require "core.timer"

local M = {}

local LATE = 0.1   -- seconds of real time
local MOMENT = 100 -- milliseconds

---@class Deadline: core.Handle
---@field private timer? core.Handle|table
local Deadline = {}
Deadline.__index = Deadline

function Deadline:cancel()
  if self.timer then self.timer:cancel() end
  self.timer = nil
end
Deadline.__close = Deadline.cancel

--- Calls `fn` once, after `seconds`; where that comes late, a moment later.
---@param seconds number
---@param fn fun()
---@param clock? { after: (fun(seconds: number, fn: fun()): table), speed: fun(): number }  default: real time
---@return Deadline
function M.after(seconds, fn, clock)
  local self = setmetatable({}, Deadline)
  local due = core_clock.monotonic() + seconds / (clock and clock.speed() or 1)
  local function ring()
    self.timer = nil
    if core_clock.monotonic() - due < LATE then return fn() end
    self.timer = timer.after(MOMENT, fn)
  end
  self.timer = clock and clock.after(seconds, ring) or timer.after(math.ceil(seconds * 1000), ring)
  return self
end

return M
