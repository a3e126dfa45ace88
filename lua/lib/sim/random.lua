--- A seeded generator of the simulator's own, so that ids and pictures are the same at each run.

local M = {}

---@class sim.Random
---@field package state integer
local Random = {}
Random.__index = Random

-- The output function of SplitMix64: spreads every bit of the state over the result.
local function mix(z)
  z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
  z = (z ~ (z >> 27)) * 0x94D049BB133111EB
  return z ~ (z >> 31)
end

---@param seed integer
---@return sim.Random
function M.new(seed)
  return setmetatable({ state = seed }, Random)
end

--- 64 random bits.
---@return integer
function Random:bits()
  self.state = self.state + 0x9E3779B97F4A7C15
  return mix(self.state)
end

--- A number of 0 to below 1.
---@return number
function Random:uniform()
  return (self:bits() >> 11) * 0x1p-53
end

--- An id that looks like a UUID of version 4.
---@return string
function Random:uuid()
  local a, b = self:bits(), self:bits()
  return string.format("%08x-%04x-4%03x-%04x-%012x", (a >> 32) & 0xffffffff, (a >> 16) & 0xffff, a & 0xfff,
    0x8000 | ((b >> 48) & 0x3fff), b & 0xffffffffffff)
end

--- A 64-bit digest of a text; no cryptographic strength.
---@param text string
---@return integer
function M.hash(text)
  local h = 0xCBF29CE484222325 ~ #text
  local whole = #text & ~7
  for at = 1, whole, 8 do
    h = mix((h ~ string.unpack("<i8", text, at)) + 0x9E3779B97F4A7C15)
  end
  for at = whole + 1, #text do
    h = (h ~ text:byte(at)) * 0x100000001B3
  end
  return mix(h)
end

return M
