--- Medians and spreads of a few values.

local M = {}

local function sorted(values)
  local copy = table.move(values, 1, #values, 1, {})
  table.sort(copy)
  return copy
end

---@param values number[]  at least one
---@return number
function M.median(values)
  local list = sorted(values)
  local middle = (#list + 1) // 2
  return #list % 2 == 1 and list[middle] or (list[middle] + list[middle + 1]) / 2
end

--- The value that nine tenths of them do not exceed.
---@param values number[]  at least one
---@return number
function M.p90(values)
  local list = sorted(values)
  return list[math.ceil(#list * 0.9)]
end

--- (max - min) / median; 0 for a median of 0.
---@param values number[]
---@return number
function M.spread(values)
  local list = sorted(values)
  local median = M.median(values)
  return median == 0 and 0 or (list[#list] - list[1]) / median
end

return M
