--- Room in a channel: whoever may wait does so while too much is queued.

local fiber = require "lib.async.fiber"

local M = {}

---@class ChannelRoom
---@field private is_full fun(): boolean
---@field private waiting table<fun(), true>
local Room = {}
Room.__index = Room

---@param is_full fun(): boolean
---@return ChannelRoom
function M.new(is_full)
  return setmetatable({ is_full = is_full, waiting = {} }, Room)
end

local Waiting = {}
Waiting.__index = Waiting

function Waiting:__close()
  self.room.waiting[self.callback] = nil
end

function Waiting:recheck(callback)
  if not self.room.is_full() then callback() end
end

local function wait_for(self, callback)
  self.waiting[callback] = true
  return setmetatable({ room = self, callback = callback }, Waiting)
end

--- Waits, in a fiber, until there is room.
function Room:await()
  while self.is_full() do fiber.await(wait_for, self) end
end

--- What was queued is taken, or nobody will take it any more: those who wait look again.
function Room:notify()
  local waiting = self.waiting
  self.waiting = {}
  for callback in pairs(waiting) do callback() end
end

return M
