--- Timers in the hand of a spec: none goes off but when it is told to, however long that takes.

local timer = require "core.timer"

local M = {}

---@class Timers
---@field private started table[]  in their order
---@field private after fun(ms: integer, fn: fun()): core.Handle
local Timers = {}
Timers.__index = Timers

local Started = {}
Started.__index = Started

function Started:cancel()
  self.fn = nil
end
Started.__close = Started.cancel

--- Takes those of `core.timer.after` that are started from now on, until it is closed.
---@return Timers
function M.take()
  local self = setmetatable({ started = {}, after = timer.after }, Timers)
  function timer.after(ms, fn)
    local started = setmetatable({ ms = ms, fn = fn }, Started)
    table.insert(self.started, started)
    return started
  end
  return self
end

--- Lets the one go off that was started first of those that run.
---@param before? fun(ms: integer)  is called just before: that so much time has gone by
---@return integer ms  that it was started for
function Timers:ring(before)
  while true do
    local first = assert(table.remove(self.started, 1), "no timer runs")
    if first.fn then
      if before then before(first.ms) end
      first.fn()
      return first.ms
    end
  end
end

function Timers:close()
  timer.after = self.after
end
Timers.__close = Timers.close

return M
