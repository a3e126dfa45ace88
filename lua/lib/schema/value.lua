--- JSON values as the schema sees them: their kind, their equality, their words.

local json = require "core.json"
local brief = require("lib.text").brief

local M = {}

---@alias Kind "null"|"boolean"|"integer"|"number"|"string"|"array"|"object"

--- The kind of a decoded value; a number without fraction is an integer, however it was written.
---@param value any
---@return Kind
function M.kind(value)
  local t = type(value)
  if t == "table" then
    if getmetatable(value) == json.array or #value > 0 then return "array" end
    return "object"
  end
  if t == "number" then
    return math.type(value) == "integer" and "integer" or (value % 1 == 0 and "integer" or "number")
  end
  if t == "userdata" then
    if value == json.null then return "null" end
    return tostring(value):find("[.eE]") and "number" or "integer" -- a boxed number keeps its digits
  end
  return t
end

local function equal_arrays(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if not M.equal(a[i], b[i]) then return false end
  end
  return true
end

local function equal_objects(a, b)
  for key, value in pairs(a) do
    if b[key] == nil or not M.equal(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

--- JSON equality: by value, numbers by their mathematical value.
---@param a any
---@param b any
---@return boolean
function M.equal(a, b)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  local kind = M.kind(a)
  if kind ~= M.kind(b) then return false end
  return kind == "array" and equal_arrays(a, b) or kind == "object" and equal_objects(a, b)
end

--- Whether a schema is one: a boolean or an object.
---@param schema any
---@return boolean
function M.is_schema(schema)
  return type(schema) == "boolean" or (type(schema) == "table" and M.kind(schema) == "object")
end

--- A value in a message: its JSON, cut where it is long.
---@param value any
---@return string
function M.show(value)
  local ok, text = pcall(json.encode, value)
  if not ok then return tostring(value) end
  return brief(text, #text > 80 and 77 or 80)
end

return M
