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

-- The item of a list of one: what our own answers show as ["AMPERE_48"] is given back like that.
local function single(value)
  if type(value) == "table" and M.is_array(value) and #value == 1 and type(value[1]) ~= "table" then return value[1] end
  return value
end

---@param value any
---@return string?
function M.string(value)
  if type(value) == "string" then return value end
  value = single(value)
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
  local first = math.min(text:find("[^0]", from) or to, to - 1) --[[@as integer]]
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
  value = single(value)
  if type(value) == "string" then return integer_of(value) end
  if M.is_boxed(value) then return not tostring(value):find("[.eE]") and value or nil end
  return math.tointeger(value)
end

---@param value any
---@return number|core.json.Integer|nil
function M.number(value)
  value = single(value)
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
  value = single(value)
  if type(value) == "boolean" then return value end
  if type(value) == "number" then value = tostring(math.tointeger(value)) end
  if type(value) ~= "string" then return nil end
  return WORDS[trim(value):lower()]
end

local function decoded(value)
  if type(value) ~= "string" then return value end
  return (json.decode(value, true))
end

--- The list or object that a JSON text holds, or the value itself.
---@param value any
---@return any
function M.unpacked(value)
  local inner = decoded(value)
  return type(inner) == "table" and inner or value
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

--- The list of one item that stands for itself: "one" for ["one"].  A text that was meant as JSON, and is none,
--- is no item.
---@param value any
---@param of "object"|"string"|"integer"|"number"|"boolean"|"array"  what the items are
---@return table?
function M.list_of_one(value, of)
  if of == "array" then return nil end
  if of == "object" then
    local object = M.object(value)
    return object and next(object) ~= nil and json.as_array { object } or nil
  end
  if type(value) == "string" and (not value:find "%S" or value:find "^%s*[%[{]") then return nil end
  return type(value) ~= "table" and M[of](value) ~= nil and json.as_array { value } or nil
end

-- Empty values -------------------------------------------------------------------------------------

local function is_empty_table(value)
  return type(value) == "table" and next(value) == nil
end

local WORDS_FOR_NOTHING = { [""] = true, null = true }

local function is_blank_text(value)
  return type(value) == "string" and #value <= 64 and WORDS_FOR_NOTHING[trim(value)] == true
end

--- Whether a value says nothing for a parameter of this type, so that it counts as left out where that is
--- allowed: null; for other types than text also "" and the word null; a table without members where no table
--- is wanted, and [] for an object.  An empty text for a text, {} for an object and [] for a list say something.
---@param value any
---@param kind "string"|"integer"|"number"|"boolean"|"object"|"array"
---@return boolean
function M.is_blank(value, kind)
  if value == json.null then return true end
  if kind == "string" then return is_empty_table(value) end
  if is_blank_text(value) then return true end
  if kind == "array" then return false end
  return is_empty_table(value) and (kind ~= "object" or M.is_array(value))
end

return M
