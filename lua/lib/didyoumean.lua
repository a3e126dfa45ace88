--- Finds the name that a misspelt one was meant to be.

local M = {}

-- Letters apart that no one would read as a misspelling are worth no suggestion.
local function tolerance(word)
  return math.max(1, #word // 3)
end

local function normal(word)
  return (word:lower():gsub("-", "_"))
end

--- Edit distance in bytes; a swap of two neighbours counts as one edit.
---@param a string
---@param b string
---@param most? integer  from more than so many on nobody wants to know how many
---@return integer  more than `most` where it is more
function M.distance(a, b, most)
  most = most or math.huge --[[@as integer]]
  local before, previous, current = {}, {}, {} ---@type integer[], integer[], integer[]
  for j = 0, #b do previous[j] = j end
  local least_before = 0
  for i = 1, #a do
    current[0] = i
    local least = i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      local cost = math.min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        cost = math.min(cost, before[j - 2] + 1)
      end
      current[j] = cost
      if cost < least then least = cost end
    end
    if least > most and least_before > most then return math.min(least, least_before) end -- a swap reaches two rows back
    least_before = least
    before, previous, current = previous, current, before
  end
  return previous[#b]
end

local LONGEST = 64 -- bytes of a word that are looked at

--- The nearest of `names` to `word`, or nil when none is near.  Case and `-` against `_` do not count.
---@param word string
---@param names string[]  by preference among equals
---@return string?
function M.nearest(word, names)
  local best, least
  local wanted = normal(word:sub(1, LONGEST))
  local allowed = tolerance(wanted)
  for _, name in ipairs(names) do
    -- As many edits as the lengths differ by are needed at least.
    if math.abs(#name - #wanted) <= allowed then
      local distance = M.distance(wanted, normal(name), least and least - 1 or allowed)
      if distance <= allowed and (not least or distance < least) then best, least = name, distance end
    end
  end
  return best
end

--- A tail for an error message: ", did you mean 'x'?", or "" when nothing is near.
---@param word string
---@param names string[]
---@return string
function M.hint(word, names)
  local name = M.nearest(word, names)
  return name and (", did you mean '%s'?"):format(name) or ""
end

return M
