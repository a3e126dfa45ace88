--- math.random and math.randomseed of recipes: Lua's generator (xoshiro256**, see lmathlib.c of Lua 5.4), one a branch of a
--- call, seeded by effects of it, so that a call that is repeated draws the same numbers, in whatever order its branches run.

local M = {}

local function rotate(x, count)
  return x << count | x >> (64 - count)
end

local Generator = {}
Generator.__index = Generator

-- 64 random bits.
local function draw(self)
  local a, b, c, d = self[1], self[2], self[3], self[4]
  c, d = c ~ a, d ~ b
  self[1], self[2], self[3], self[4] = a ~ d, b ~ c, c ~ b << 17, rotate(d, 45)
  return rotate(b * 5, 7) * 9
end

local function seed(self, first, second)
  self[1], self[2], self[3], self[4] = first, 0xFF, second, 0
  for _ = 1, 16 do draw(self) end
end

--- An integer from 0 to `range`, unsigned, each as likely: what would wrap unevenly is drawn again.
---@generic T
---@param draw_bits fun(source: T): integer  64 random bits
---@param source T
---@param range integer
---@return integer
function M.below_or_at(draw_bits, source, range)
  local bits = draw_bits(source)
  if range & range + 1 == 0 then return bits & range end
  local mask = range
  for shift = 0, 5 do mask = mask | mask >> (1 << shift) end
  bits = bits & mask
  while math.ult(range, bits) do bits = draw_bits(source) & mask end
  return bits
end

local function whole(value, name, place, level)
  local number = tonumber(value)
  local integer = math.tointeger(number)
  if integer then return integer end
  local problem = number and "number has no integer representation" or "number expected, got " .. type(value)
  error(("bad argument #%d to '%s' (%s)"):format(place, name, problem), level + 1)
end

-- The bounds of an integer, by the number of arguments; level as error's, from here.
---@return integer low, integer high
local function bounds(count, first, second, level)
  if count > 2 then error("wrong number of arguments", level + 1) end
  local low, high = 1, whole(first, "random", 1, level + 1)
  if count == 2 then low, high = high, whole(second, "random", 2, level + 1) end
  if low > high then error("bad argument #1 to 'random' (interval is empty)", level + 1) end
  return low, high
end

--- 64 bits that tell texts apart: FNV-1a.
---@param text string
---@return integer
function M.hash(text)
  local hash = 0xCBF29CE484222325
  for i = 1, #text do hash = (hash ~ text:byte(i)) * 0x100000001B3 end
  return hash
end

---@class recipes.ChanceScope
---@field seed? integer[]  what the call was seeded with by hand

--- math.random and math.randomseed.
---@param of_code fun(): recipes.ChanceScope, rc.Branch  whose code runs: the call, and its branch
---@param draw_seed fun(level: integer): integer       raises where there is none; level as error's, from there
---@return fun(...): number random
---@return fun(first?: integer, second?: integer): integer, integer randomseed
function M.functions(of_code, draw_seed)
  local function generator()
    local scope, branch = of_code()
    if not branch.generator then
      local made, by_hand = setmetatable({}, Generator), scope.seed
      if by_hand then
        seed(made, by_hand[1], by_hand[2] ~ M.hash(branch.path))
      else
        seed(made, draw_seed(4), draw_seed(4))
      end
      branch.generator = made
    end
    return branch.generator
  end
  local function randomseed(...)
    local first, second = ...
    if select("#", ...) == 0 then
      first, second = draw_seed(3), draw_seed(3)
    else
      first = whole(first, "randomseed", 1, 2)
      second = second ~= nil and whole(second, "randomseed", 2, 2) or 0
    end
    local scope, branch = of_code()
    scope.seed, branch.generator = { first, second }, setmetatable({}, Generator)
    seed(branch.generator, first, second)
    return first, second
  end
  local function random(...)
    local self, count = generator(), select("#", ...)
    if count == 0 then return (draw(self) >> 11) * 2.0 ^ -53 end
    if count == 1 and (...) == 0 then return draw(self) end
    local first, second = ...
    local low, high = bounds(count, first, second, 2)
    return low + M.below_or_at(draw, self, high - low)
  end
  return random, randomseed
end

return M
