--- Counts the turns of the loop: whether it goes on beside what is long.

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

return M
