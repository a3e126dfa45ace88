--- Places for work that is limited in number: who finds all taken waits, and gets the next one in order.

local fiber = require "lib.async.fiber"

local M = {}

---@class Places
---@field private free integer
---@field private queue table<integer, fun()>  the wake-ups of those that wait, by their numbers
---@field private first integer              number of the one that waits longest
---@field private last integer
local Places = {}
Places.__index = Places

---@param count integer
---@return Places
function M.new(count)
  return setmetatable({ free = count, queue = {}, first = 1, last = 0 }, Places)
end

-- A place that was given goes to the next in the queue, or is free again.
local function give_back(self)
  while self.first <= self.last do
    local wake = self.queue[self.first]
    self.queue[self.first] = nil
    self.first = self.first + 1
    if wake then return wake() end
  end
  self.free = self.free + 1
end

local Turn = {}
Turn.__index = Turn

-- The wait has ended: with a place, or cancelled before.
function Turn:__close()
  if not self.given then self.places.queue[self.number] = nil end
end

function Turn:recheck(callback)
  if self.given then callback() end
end

local function wait_for_turn(self, callback)
  local number = self.last + 1
  self.last = number
  local turn = setmetatable({ places = self, number = number, given = false }, Turn)
  self.queue[number] = function()
    turn.given = true
    callback()
  end
  return turn
end

local Place = {}
Place.__index = Place

function Place:__close()
  if self.over then return end
  self.over = true
  give_back(self.places)
end

--- Takes a place, in a fiber; waits for one.
---@return table place  to be closed when the work has ended
function Places:take()
  if self.free > 0 then
    self.free = self.free - 1
  else
    fiber.await(wait_for_turn, self)
  end
  return setmetatable({ places = self, over = false }, Place)
end

return M
