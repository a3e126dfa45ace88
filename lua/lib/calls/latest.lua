--- Something about each of the latest things of a kind, by their ids: of so many, then the oldest is forgotten.

local M = {}

---@class Latest
---@field private most integer
---@field private values table<string, any>
---@field private ids string[]    a ring
---@field private count integer   how many there ever were
local Latest = {}
Latest.__index = Latest

---@param most integer
---@return Latest
function M.new(most)
  return setmetatable({ most = most, values = {}, ids = {}, count = 0 }, Latest)
end

--- Where memory runs out for it, only what it was to take the place of may be forgotten.
---@param id string
---@param value any
function Latest:put(id, value)
  local slot = self.count % self.most + 1
  local before = self.ids[slot]
  self.ids[slot], self.values[id] = id, value
  if before and before ~= id then self.values[before] = nil end
  self.count = self.count + 1
end

---@param id string
---@return any value  nil: forgotten, or never known
function Latest:get(id)
  return self.values[id]
end

return M
