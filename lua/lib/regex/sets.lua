--- Sets of characters: functions from a code point to whether it is in.

local M = {}

---@alias CharSet fun(code: integer): boolean

---@param low integer
---@param high integer
---@return CharSet
function M.between(low, high)
  return function(c) return c >= low and c <= high end
end

local function is_digit(c) return c >= 48 and c <= 57 end

---@param c integer
---@return boolean
function M.is_word(c)
  return is_digit(c) or c == 95 or (c >= 65 and c <= 90) or (c >= 97 and c <= 122)
end

local SPACES = {
  [0x9] = true, [0xA] = true, [0xB] = true, [0xC] = true, [0xD] = true, [0x20] = true, [0xA0] = true, [0x1680] = true,
  [0x2028] = true, [0x2029] = true, [0x202F] = true, [0x205F] = true, [0x3000] = true, [0xFEFF] = true,
}
for c = 0x2000, 0x200A do SPACES[c] = true end

local function is_space(c) return SPACES[c] == true end

---@param c integer
---@return boolean
function M.is_line_end(c) return c == 0xA or c == 0xD or c == 0x2028 or c == 0x2029 end

---@param set CharSet
---@return CharSet
function M.complement(set)
  return function(c) return not set(c) end
end

---@param sets CharSet[]
---@return CharSet
function M.union(sets)
  return function(c)
    for _, set in ipairs(sets) do
      if set(c) then return true end
    end
    return false
  end
end

local complement, is_word = M.complement, M.is_word

--- By the letter behind a backslash.
M.CLASSES = {
  d = is_digit, D = complement(is_digit), w = is_word, W = complement(is_word), s = is_space, S = complement(is_space),
}

--- Code points of control characters, by the letter behind a backslash.
M.CONTROLS = { t = 9, n = 10, v = 11, f = 12, r = 13, ["0"] = 0 }

return M
