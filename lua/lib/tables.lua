--- Tables in a defined order: `pairs` gives another in each process.

local M = {}

--- The keys, sorted: all of one type that has an order.
---@generic K
---@param map table<K, any>
---@return K[]
function M.sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

--- The keys as texts, sorted: of foreign tables, whose keys may be anything.
---@param map table
---@return string[]
function M.sorted_names(map)
  local names = {}
  for key in pairs(map) do names[#names + 1] = tostring(key) end
  table.sort(names)
  return names
end

return M
