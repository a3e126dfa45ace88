--- One text for all ways to write the same JSON value: members of objects are sorted, whatever order they came in.

local json = require "core.json"

local M = {}

local write ---@type fun(parts: string[], value: any)

local function write_array(parts, list)
  parts[#parts + 1] = "["
  for i = 1, #list do
    if i > 1 then parts[#parts + 1] = "," end
    write(parts, list[i])
  end
  parts[#parts + 1] = "]"
end

local function write_object(parts, object)
  local names = {}
  for name in next, object do names[#names + 1] = name end
  table.sort(names)
  parts[#parts + 1] = "{"
  for i, name in ipairs(names) do
    if i > 1 then parts[#parts + 1] = "," end
    parts[#parts + 1] = json.encode(name)
    parts[#parts + 1] = ":"
    write(parts, object[name])
  end
  parts[#parts + 1] = "}"
end

function write(parts, value)
  if type(value) ~= "table" then
    parts[#parts + 1] = json.encode(value)
  elseif getmetatable(value) == json.array then
    write_array(parts, value)
  else
    write_object(parts, value)
  end
end

--- The text of a decoded value.
---@param value any
---@return string
function M.text(value)
  local parts = {}
  write(parts, value)
  return table.concat(parts)
end

return M
