--- The tokens of JSON text as lua-cjson reads it, with its words for what is wrong; by plain finds, in linear time.

local codec = require "core.codec"
local json = require "core.json"

local M = {}

---@class cjson.Tokens
---@field text string
---@field at integer      of the next byte
---@field settings cjson.Settings
---@field kind string     of the token that was read: "T_STRING", …, or what is wrong with it
---@field value any
---@field index integer   where it begins
local Tokens = {}
Tokens.__index = Tokens

local single = {
  ["{"] = "T_OBJ_BEGIN", ["}"] = "T_OBJ_END", ["["] = "T_ARR_BEGIN", ["]"] = "T_ARR_END", [":"] = "T_COLON", [","] = "T_COMMA",
}

local function fail(self, problem, index)
  self.kind, self.value, self.index = problem, nil, index or self.at
end

local function found(self, kind, value, next_at)
  self.kind, self.value, self.at = kind, value, next_at
end

-- Strings --------------------------------------------------------------------------------------------

local escapes = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function hex4(text, at)
  local digits = text:match("^%x%x%x%x", at)
  return digits and tonumber(digits, 16)
end

-- The character of the escape \uXXXX at `at`, a pair of surrogates as one, and where it ends; nil where it is none.
local function unicode_escape(text, at)
  local code = hex4(text, at + 2)
  if not code then return nil end
  if code < 0xD800 or code > 0xDFFF then return utf8.char(code), at + 6 end
  local low = code < 0xDC00 and text:sub(at + 6, at + 7) == "\\u" and hex4(text, at + 8)
  if not low or low < 0xDC00 or low > 0xDFFF then return nil end
  return utf8.char(0x10000 + ((code & 0x3FF) << 10 | low & 0x3FF)), at + 12
end

local function read_escape(self, at)
  local text = self.text
  local letter = text:sub(at + 1, at + 1)
  if letter == "u" then
    local character, after = unicode_escape(text, at)
    if not character then return fail(self, "invalid unicode escape code", at) end
    return character, after
  end
  if not escapes[letter] then return fail(self, "invalid escape code", at) end
  return escapes[letter], at + 2
end

local function read_string(self)
  local text, start, at, parts = self.text, self.at, self.at + 1, {}
  while true do
    local special = text:find('["\\%z]', at) or #text + 1
    parts[#parts + 1] = text:sub(at, special - 1)
    local byte = text:sub(special, special)
    if byte == '"' then
      local value = table.concat(parts)
      if not codec.is_utf8(value) then return fail(self, "invalid UTF-8", start) end
      return found(self, "T_STRING", value, special + 1)
    end
    if byte ~= "\\" then return fail(self, "unexpected end of string", special) end
    local character, after = read_escape(self, special)
    if not character then return end
    parts[#parts + 1], at = character, after
  end
end

-- Numbers --------------------------------------------------------------------------------------------

local function skip(text, class, at)
  -- linear: anchored, and one repeat of one class
  return text:match("^" .. class .. "*()", at)
end

-- "inf", "nan" and hexadecimal, a plus sign, and zeros in front.
local function is_invalid_number(text, at)
  local byte = text:sub(at, at)
  if byte == "+" then return true end
  if byte == "-" then at = at + 1 end
  if text:find("^0[%dxX]", at) then return true end
  local word = text:sub(at, at + 2):lower()
  return word == "inf" or word == "nan"
end

local function named_number(text, at, negative)
  local word = text:sub(at, at + 7):lower()
  if word == "infinity" or word:sub(1, 3) == "inf" then
    return negative and -math.huge or math.huge, at + (word == "infinity" and 8 or 3)
  end
  if word:sub(1, 3) == "nan" then return 0 / 0, at + 3 end
end

-- Digits, a fraction and an exponent: where they end; nil where there is no digit.
local function number_end(text, at, digit, exponent)
  local whole = skip(text, digit, at)
  local after, count = whole, whole - at
  if text:sub(whole, whole) == "." then
    after = skip(text, digit, whole + 1)
    count = count + after - whole - 1
  end
  if count == 0 then return nil end
  -- linear: anchored, and no repeat without a bound
  local sign = text:match("^" .. exponent .. "[+-]?()%d", after)
  local is_integral = after == whole and not sign
  return sign and skip(text, "%d", sign) or after, is_integral
end

-- What the codec says of it, so that nothing is lost; zeros in front, a plus sign and a point without digits on both
-- sides it does not know.
local function exact(text)
  local sign, digits = text:match "^([+-]?)0*(.*)$"
  if not digits:find "^%d" then digits = "0" .. digits end
  local point = digits:find(".", 1, true)
  if point and not digits:find("^%d", point + 1) then digits = digits:sub(1, point) .. "0" .. digits:sub(point + 1) end
  return assert(json.decode((sign == "-" and "-" or "") .. digits))
end

local function read_number(self)
  local text, at = self.text, self.at
  local first = at + (text:find("^[+-]", at) and 1 or 0)
  local value, after = named_number(text, first, text:sub(at, at) == "-")
  if value then return found(self, "T_NUMBER", value, after) end
  if text:find("^0[xX]", first) then
    after = number_end(text, first + 2, "%x", "[pP]")
    local digits = after and text:sub(at, after - 1):match "^%+?(.*)$"
    if digits then return found(self, "T_NUMBER", tonumber(digits) --[[@as number]] + 0.0, after) end
  end
  local last, is_integral = number_end(text, first, "%d", "[eE]")
  if not last then return fail(self, "invalid number") end
  return found(self, is_integral and "T_INTEGER" or "T_NUMBER", exact(text:sub(at, last - 1)), last)
end

-- Tokens ---------------------------------------------------------------------------------------------

-- Skips a comment; false where it has no end.
local function skip_comment(self, block)
  local text, at = self.text, self.at + 2
  if not block then
    self.at = text:find("\n", at, true) or #text + 1
    return true
  end
  local _, last = text:find("*/", at, true)
  self.at = (last or #text) + 1
  return last ~= nil
end

local function skip_blanks(self)
  while true do
    self.at = skip(self.text, "[ \t\r\n]", self.at)
    local start = self.settings.decode_allow_comment and self.text:sub(self.at, self.at + 1)
    if start ~= "//" and start ~= "/*" then return true end
    if not skip_comment(self, start == "/*") then return false end
  end
end

local words = { { "true", "T_BOOLEAN", true }, { "false", "T_BOOLEAN", false }, { "null", "T_NULL", json.null } }

local function read_word(self)
  for _, word in ipairs(words) do
    if self.text:sub(self.at, self.at + #word[1] - 1) == word[1] then
      found(self, word[2], word[3], self.at + #word[1])
      return true
    end
  end
end

--- Reads the next token.
function Tokens:next()
  if not skip_blanks(self) then return fail(self, "unclosed multi-line comment") end
  local text, at = self.text, self.at
  self.index = at
  if at > #text then return found(self, "T_END", nil, at) end
  local byte = text:sub(at, at)
  if single[byte] then return found(self, single[byte], nil, at + 1) end
  if byte == '"' then return read_string(self) end
  local lenient = self.settings.decode_invalid_numbers
  if byte:find "[-%d]" then
    if not lenient and is_invalid_number(text, at) then return fail(self, "invalid number") end
    return read_number(self)
  end
  if read_word(self) then return end
  if lenient and is_invalid_number(text, at) then return read_number(self) end
  fail(self, "invalid token")
end

---@param text string
---@param settings cjson.Settings
---@return cjson.Tokens
function M.new(text, settings)
  return setmetatable({ text = text, at = 1, settings = settings }, Tokens)
end

return M
