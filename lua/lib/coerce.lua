--- What clients send for a value of a JSON type, made into that type: models write "30" for 30 and
--- JSON text for an object, so that is taken; what would have to be guessed is refused.
---
--- Each function returns the value, or nil.  nil never is a value of JSON: null is `json.null`.

local json = require "core.json"
local trim = require "lib.trim"

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

local MAX_DIGITS = 400 -- more than any float has; text with more is no number that somebody meant

--- Whether a value is a number beyond Lua's integers, as json.decode gives it: not null, nor anything else of C's.
---@param value any
---@return boolean
function M.is_boxed(value)
  return type(value) == "userdata" and value ~= json.null and tostring(value):find("^%-?%d") ~= nil
end

-- The integer in a text: sign, digits, and what JavaScript and Python write behind whole floats.
local function integer_of(text)
  text = trim(text)
  if #text > MAX_DIGITS + 1 then return nil end
  local from = text:find("^[+-]") and 2 or 1
  local to = text:find("%D", from) or #text + 1
  if to == from or to <= #text and not text:find("^%.0*$", to) then return nil end
  local first = math.min(text:find("[^0]", from) or to, to - 1)
  local digits = text:sub(first, to - 1)
  return json.integer((text:byte() == 0x2D and digits ~= "0" and "-" or "") .. digits)
end

-- The number in a text, in decimal: tonumber() alone takes "0x10" and "nan" as well.
local function float_of(text)
  text = trim(text)
  if #text > MAX_DIGITS + 1 or not text:find("^[+-]?%d") or text:find("[^%d.eE+-]") then return nil end
  return tonumber(text)
end

--- Integers of any size: beyond 2^63-1 (ComfyUI's largest seed is 2^64-1) they are those of json.integer.
---@param value any
---@return integer|core.json.Integer|nil
function M.integer(value)
  if type(value) == "string" then return integer_of(value) end
  if M.is_boxed(value) then return not tostring(value):find("[.eE]") and value or nil end
  return math.tointeger(value)
end

---@param value any
---@return number|core.json.Integer|nil
function M.number(value)
  if M.is_boxed(value) then return value end
  if type(value) == "string" then
    local whole = integer_of(value)
    if M.is_boxed(whole) then return whole end
  end
  if type(value) == "string" then
    value = float_of(value)
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
  return WORDS[trim(value):lower()]
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
