--- Random bytes that follow from a seed and from the place where they are asked for: the same code draws the same in each process,
--- in whatever order those that run beside each other come.
---
--- The generator is SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014), which passes the usual
--- tests of chance; secrets are not made of it.

local M = {}

local GAMMA = 0x9E3779B97F4A7C15

local function mixed(value)
  value = (value ~ value >> 30) * 0xBF58476D1CE4E5B9
  value = (value ~ value >> 27) * 0x94D049BB133111EB
  return value ~ value >> 31
end

-- All bytes of the place count, and where they stand.
local function state_of(seed, place)
  local first, second = string.unpack("<i8i8", seed)
  local state = first
  for i = 1, #place do state = mixed(state ~ place:byte(i)) + GAMMA end
  return mixed(state ~ second)
end

--- A source of random bytes for one place.
---@param seed string   16 bytes
---@param place string  such as an effect's branch and number
---@return fun(count: integer): string
function M.source(seed, place)
  local state = state_of(seed, place)
  return function(count)
    local parts = {}
    for i = 1, (count + 7) // 8 do
      state = state + GAMMA
      parts[i] = string.pack("<i8", mixed(state))
    end
    return table.concat(parts):sub(1, count)
  end
end

return M
