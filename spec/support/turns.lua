--- Turns of the loop: how many there were beside what is long, and one that looks at all that is ready.

local loop = require "core.loop"
local timer = require "core.timer"

local M = {}

---@class Turns
---@field number integer  so far
local Turns = {}
Turns.__index = Turns

--- Counts from now on, until it is closed.
---@return Turns
function M.count()
  local self = setmetatable({ number = 0 }, Turns)
  local function turn()
    self.number = self.number + 1
    if not self.over then timer.next_turn(turn) end
  end
  timer.next_turn(turn)
  return self
end

function Turns:__close()
  self.over = true
end

--- Lets the loop look once at all that is ready by now.  A bare `loop.step` does not where nothing is active but what keeps no
--- loop alive, as a watch does not.
function M.look()
  local looked = false
  timer.next_turn(function() -- ahead of the look of this turn
    timer.next_turn(function() looked = true end)
  end)
  while not looked do loop.step(true) end
end

return M
