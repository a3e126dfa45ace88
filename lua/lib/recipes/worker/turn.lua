--- A turn that a worker was asked for: whether it takes too long.
---
--- Real time alone says little.  On a machine under load code that may compute for two seconds takes ten of them, and behind much
--- that a worker has to tell its answer comes late.  So what counts is the processor time of its process, where the system tells it, and
--- that messages come; one that neither computes nor sends is stuck, or stopped.

local M = {}

local MOST = 12       -- times what it may take: in real time, whatever it does
local NEARLY = 0.9    -- of that is all of it: one clock is not the other
local STIRS = 0.002   -- seconds of processor time in a second of one that computes, however busy the machine

---@class TurnReading
---@field now number      seconds, of any clock
---@field cpu? number     seconds of processor time of the process so far; nil: the system does not tell
---@field heard integer   messages of its so far

---@class WorkerTurn
---@field private began TurnReading
---@field private seen TurnReading  at the latest look
local Turn = {}
Turn.__index = Turn

--- It is asked for.
---@param reading TurnReading
---@return WorkerTurn
function M.new(reading)
  return setmetatable({ began = reading, seen = reading }, Turn)
end

local function has_computed(reading, since, rate)
  return reading.cpu ~= nil and since.cpu ~= nil and reading.cpu - since.cpu > (reading.now - since.now) * rate
end

--- Whether it takes too long, at a look at a worker that has not taken it yet.
---@param reading TurnReading
---@param seconds number  that it may take
---@return boolean
function Turn:is_overdue(reading, seconds)
  local began, seen = self.began, self.seen
  self.seen = reading
  local passed, heard = reading.now - began.now, reading.heard > seen.heard
  if passed >= MOST * seconds then return true end
  if heard then return false end
  if not has_computed(reading, seen, STIRS) then return true end
  return (reading.cpu or 0) - (began.cpu or 0) >= NEARLY * seconds -- there is a cpu: it has computed
end

return M
