--- What clients send for a value of a JSON type, made into that type: models write "30" for 30 and
--- JSON text for an object, so that is taken; what would have to be guessed is refused.
---
--- Each function returns the value, or nil.  nil never is a value of JSON: null is `json.null`.

local json = require "core.json"

local M = {}

local WORDS = {
  ["true"] = true, yes = true, y = true, on = true, t = true, ["1"] = true,
  ["false"] = false, no = false, n = false, off = false, f = false, ["0"] = false,
}

---@param value any
---@return boolean
function M.is_array(value)
  if type(value) ~= "table" then return false end
  return getmetatable(value) == json.array or (#value > 0 and getmetatable(value) == nil)
end

---@param value any
---@return string?
function M.string(value)
  return type(value) == "string" and value or nil
end

---@param value any
---@return integer?
function M.integer(value)
  if type(value) == "string" then value = tonumber(value:match("^%s*([+-]?%d+%.?0*)%s*$")) end
  return math.tointeger(value)
end

---@param value any
---@return number?
function M.number(value)
  if type(value) == "string" then
    value = tonumber(value:match("^%s*([+-]?%d+%.?%d*[eE]?[+-]?%d*)%s*$"))
  end
  if type(value) ~= "number" or value ~= value or value == math.huge or value == -math.huge then return nil end
  return value
end

---@param value any
---@return boolean?
function M.boolean(value)
  if type(value) == "boolean" then return value end
  if type(value) == "number" then value = tostring(math.tointeger(value)) end
  if type(value) ~= "string" then return nil end
  return WORDS[value:lower():match("^%s*(.-)%s*$")]
end

local function decoded(value)
  if type(value) ~= "string" then return value end
  return (json.decode(value, true))
end

---@param value any
---@return table?
function M.object(value)
  value = decoded(value)
  return type(value) == "table" and not M.is_array(value) and value or nil
end

---@param value any
---@return table?
function M.array(value)
  value = decoded(value)
  if M.is_array(value) then return value end
  if type(value) == "table" and next(value) == nil and getmetatable(value) == nil then return json.as_array(value) end
  return nil
end

return M
