--- The values that stand in a source as they are.

local json = require "core.json"

local M = {}

local DEEPEST = 32

local of ---@type fun(node: any, depth: integer, unknown: any): any

local function table_of(node, depth, unknown)
  if node.open then return unknown end
  local result = {}
  for index, item in ipairs(node.items) do
    result[index] = of(item.value, depth + 1, unknown)
    if result[index] == nil then return nil end
  end
  if #node.items > 0 and next(node.fields) == nil then return json.as_array(result) end
  for name, value in pairs(node.fields) do
    result[name] = of(value, depth + 1, unknown)
    if result[name] == nil then return nil end
  end
  return result
end

function of(value, depth, unknown)
  if not value or depth > DEEPEST then return unknown end
  if value.is == "string" then return value.text or unknown end
  if value.is == "number" then return tonumber(value.text) or unknown end
  if value.is == "boolean" then return value.value end
  if value.is == "table" then return table_of(value, depth, unknown) end
  return unknown
end

--- The value that a node stands for; nil where a part of it is only known when it runs, unless `unknown` stands for those.
---@param node? table
---@param unknown? any
---@return any
function M.of(node, unknown)
  return of(node, 1, unknown)
end

return M
