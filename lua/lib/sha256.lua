--- SHA-256 (FIPS 180-4), for short texts: names that tell two things apart and give nothing of them away.

local M = {}

local MASK = 0xFFFFFFFF

-- The first 32 bits of the fractional part of a root of a prime.
local function fraction(prime, root)
  local value = prime ^ (1 / root)
  return math.floor((value - math.floor(value)) * 2 ^ 32)
end

local function is_prime(number)
  for divisor = 2, math.floor(number ^ 0.5) do
    if number % divisor == 0 then return false end
  end
  return true
end

local START, ROUND = {}, {}
do
  local number = 2
  while #ROUND < 64 do
    if is_prime(number) then
      if #START < 8 then START[#START + 1] = fraction(number, 2) end
      ROUND[#ROUND + 1] = fraction(number, 3)
    end
    number = number + 1
  end
end

local function rotated(word, bits)
  return (word >> bits | word << (32 - bits)) & MASK
end

local function padded(text)
  return text .. "\x80" .. ("\0"):rep(-(#text + 9) % 64) .. (">I8"):pack(8 * #text)
end

local function schedule(block, at)
  local words = { (">" .. ("I4"):rep(16)):unpack(block, at) }
  for i = 17, 64 do
    local a, b = words[i - 15], words[i - 2]
    local low = rotated(a, 7) ~ rotated(a, 18) ~ a >> 3
    local high = rotated(b, 17) ~ rotated(b, 19) ~ b >> 10
    words[i] = (words[i - 16] + low + words[i - 7] + high) & MASK
  end
  return words
end

local function compress(state, words)
  local a, b, c, d, e, f, g, h = table.unpack(state)
  for i = 1, 64 do
    local choice = e & f ~ ~e & g
    local majority = a & b ~ a & c ~ b & c
    local first = h + (rotated(e, 6) ~ rotated(e, 11) ~ rotated(e, 25)) + choice + ROUND[i] + words[i]
    local second = (rotated(a, 2) ~ rotated(a, 13) ~ rotated(a, 22)) + majority
    a, b, c, d, e, f, g, h = (first + second) & MASK, a, b, c, (d + first) & MASK, e, f, g
  end
  for i, word in ipairs { a, b, c, d, e, f, g, h } do state[i] = (state[i] + word) & MASK end
end

--- The digest in hexadecimal, 64 characters.
---@param text string
---@return string
function M.hex(text)
  local state, whole = table.move(START, 1, 8, 1, {}), padded(text)
  for at = 1, #whole, 64 do compress(state, schedule(whole, at)) end
  return ("%08x"):rep(8):format(table.unpack(state))
end

return M
