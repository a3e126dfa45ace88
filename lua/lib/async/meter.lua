--- Counts the steps of work whose length somebody else decides: a check of a value that a client or a recipe made.
---
---     local work = meter.new { seconds = 2 }
---     for … do work:step() … end       -- raises a limit once two seconds of processor time are used up
---
--- In a fiber the loop turns in between, so that others are served meanwhile.  A limit is raised rather than returned: what
--- was not finished must be no answer, neither a yes nor, under a negation, a no.

local fiber = require "lib.async.fiber"

local M = {}

local LOOK = 2000     -- steps between two looks at the clock
local SLICE = 0.005   -- seconds of processor time between two turns of the loop

---@class Meter
---@field package used integer    steps up to the latest look
---@field package left integer    steps to the next look
---@field package started? number  processor time of the process when this slice began; nil: the first look notes it
---@field package spent number    processor time of the slices before
---@field package seconds? number
---@field package steps? integer
---@field package still? boolean
local Meter = { used = 0, left = LOOK, spent = 0 } -- what a new one begins with
Meter.__index = Meter

local Limit = { __name = "limit of work", __tostring = function(self) return self.message end }

---@class MeterOptions
---@field seconds? number   processor time after which the limit is raised
---@field steps? integer    steps after which it is
---@field still? boolean    the loop does not turn: for work in the middle of something
---@field shielded? boolean a cancellation does not end it: for what must not be lost, or is done after one
---@field turn? fun()        lets the loop turn where that is done otherwise: in the code of recipes

---@param options? MeterOptions
---@return Meter
function M.new(options)
  options = options or {}
  return setmetatable({
    started = os.clock(), seconds = options.seconds, steps = options.steps,
    still = options.still, shielded = options.shielded, turn = options.turn,
  }, Meter)
end

--- Whether an error is the limit of a meter.
---@param err any
---@return boolean
function M.is_limit(err)
  return rawequal(debug.getmetatable(err), Limit)
end

local function turn(self, used)
  self.spent = self.spent + used
  if self.turn then
    self.turn()
  elseif not self.still and fiber.current() then
    if self.shielded then fiber.shield(fiber.next_turn) else fiber.next_turn() end
  end
  self.started = os.clock()
end

local function look(self)
  self.used = self.used + LOOK - self.left
  self.left = LOOK
  self.started = self.started or os.clock()
  local used = os.clock() - self.started
  local seconds = self.spent + used
  if self.steps and self.used > self.steps or self.seconds and seconds > self.seconds then
    error(setmetatable({ message = "takes too long" }, Limit), 0)
  end
  if used >= SLICE then turn(self, used) end
end

--- Notes that work is done; may let the loop turn, and raises the limit where there is one.
---@param count? integer  steps, default 1: one is some hundred nanoseconds
function Meter:step(count)
  local left = self.left - (count or 1)
  self.left = left
  if left <= 0 then look(self) end
end

--- Between two pieces of work that cannot be counted: lets the loop turn where the slice is used up.
function Meter:pause()
  self:step(self.left)
end

--- Steps so far.
---@return integer
function Meter:count()
  return self.used + LOOK - self.left
end

--- Runs `check(value, work, …)` within processor time; nil and a sentence's end where that is not enough.  The time counts from
--- the first look on: most values are so small that there is none, and the clock is not asked.
---@param seconds number
---@param check fun(value: any, work: Meter, ...: any): any, any
---@param value any
---@param ... any
---@return any result, any problem
function M.within(seconds, check, value, ...)
  local ok, result, problem = pcall(check, value, setmetatable({ seconds = seconds }, Meter), ...)
  if ok then return result, problem end
  if not M.is_limit(result) then error(result, 0) end
  return nil, "cannot be checked: it takes too long"
end

return M
