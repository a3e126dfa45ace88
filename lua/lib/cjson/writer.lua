--- `cjson.encode`: value to text by lua-cjson's rules and settings; what text a string or a number is, core.json says.
---
--- It runs where it is called: in a recipe within its limits, with each table counted as its memory.

local json = require "core.json"
local settings_of = require "lib.cjson.settings"

local M = {}

local getmetatable_of = debug.getmetatable -- whatever __metatable says
local encode = json.encode

---@class cjson.Writer
---@field settings cjson.Settings
---@field kinds cjson.Kinds
---@field parts string[]
---@field indent? string
local Writer = {}
Writer.__index = Writer

local function refuse(kind, reason)
  error(("Cannot serialise %s: %s"):format(kind, reason), 0)
end

function Writer:put(text)
  self.parts[#self.parts + 1] = text
end

function Writer:line(depth)
  if self.indent then self:put("\n" .. self.indent:rep(depth)) end
end

-- Strings and numbers --------------------------------------------------------------------------------

-- In JSON text both stand in strings alone.
local function quoted(settings, text)
  local ok, written = pcall(encode, text)
  if not ok then refuse("string", "it is not valid UTF-8; send bytes as base64") end
  if written:find("\127", 1, true) then written = written:gsub("\127", "\\u007f") end
  if settings.encode_escape_forward_slash and written:find("/", 1, true) then written = written:gsub("/", "\\/") end
  return written
end

local function not_finite(settings, number)
  local how = settings.encode_invalid_numbers
  if not how then refuse("number", "must not be NaN or Infinity") end
  if how == "null" then return "null" end
  return number ~= number and "NaN" or number > 0 and "Infinity" or "-Infinity"
end

local function number_text(settings, number)
  if math.type(number) == "integer" then return encode(number) end
  if number ~= number or number == math.huge or number == -math.huge then return not_finite(settings, number) end
  local precision = settings.encode_number_precision
  if precision == settings_of.EXACT then return encode(number) end
  return ("%." .. precision .. "g"):format(number)
end

-- Tables ---------------------------------------------------------------------------------------------

-- Puts a value between what comes before it and a comma; what is left out leaves nothing.
function Writer:item(before, value, depth, is_first)
  local mark = #self.parts
  if not is_first then self:put "," end
  self:line(depth)
  if before then self:put(before) end
  if self:value(value, depth) then return true end
  for i = #self.parts, mark + 1, -1 do self.parts[i] = nil end
  return false
end

function Writer:close(bracket, depth, is_empty)
  if not is_empty then self:line(depth - 1) end
  self:put(bracket)
  return true
end

function Writer:array(value, length, depth, get)
  local is_empty = true
  self:put "["
  for i = 1, length do
    if self:item(nil, get(value, i), depth, is_empty) then is_empty = false end
  end
  return self:close("]", depth, is_empty)
end

local function add_key(settings, members, key)
  local kind = type(key)
  if kind ~= "string" and kind ~= "number" then refuse(kind, "table key must be a number or string") end
  local name = kind == "string" and key or number_text(settings, key)
  if members.keys[name] ~= nil then refuse("table", ("key %s exists as a number and as a string"):format(name)) end
  members.keys[name] = key
  members.names[#members.names + 1] = name
end

-- The names of an object's members, in the order in which they are written: that of the text they were decoded from,
-- what is new behind it, sorted.
local function members_of(settings, value)
  local members = { keys = {}, names = {} }
  local order = json.order(value)
  for _, key in ipairs(order or {}) do
    if rawget(value, key) ~= nil then add_key(settings, members, key) end
  end
  local known, rest = members.keys, { keys = {}, names = {} }
  for key in next, value do
    if not (order and type(key) == "string" and known[key] ~= nil) then add_key(settings, rest, key) end
  end
  table.sort(rest.names)
  for _, name in ipairs(rest.names) do
    if known[name] ~= nil then refuse("table", ("key %s exists as a number and as a string"):format(name)) end
    known[name] = rest.keys[name]
    members.names[#members.names + 1] = name
  end
  return members
end

function Writer:object(value, depth)
  local members, is_empty = members_of(self.settings, value), true
  local colon = self.indent and ": " or ":"
  self:put "{"
  for _, name in ipairs(members.names) do
    local before = quoted(self.settings, name) .. colon
    if self:item(before, rawget(value, members.keys[name]), depth, is_empty) then is_empty = false end
  end
  return self:close("}", depth, is_empty)
end

local function is_excessive(settings, highest, count)
  local ratio = settings.encode_sparse_ratio
  return ratio > 0 and highest > settings.encode_sparse_safe and highest > count * ratio
end

-- The length of a table that is an array: all its keys are whole numbers above 0, and not too far apart.
local function array_length(settings, value)
  local highest, count = 0, 0
  for key in next, value do
    if math.type(key) ~= "integer" or key < 1 then return nil end
    highest, count = math.max(highest, key), count + 1
  end
  if not is_excessive(settings, highest, count) then return highest end
  if not settings.encode_sparse_convert then refuse("table", "excessively sparse array") end
end

local function get(value, index)
  return value[index]
end

-- A table that says itself how long it is.
local function length_by(meta, value)
  if not meta or rawget(meta, "__len") == nil then return nil end
  return math.tointeger(#value) or refuse("table", "its __len gives no whole number")
end

function Writer:table(value, depth)
  local settings, kinds, meta = self.settings, self.kinds, getmetatable_of(value)
  if depth > settings.encode_max_depth then error(("Cannot serialise, excessive nesting (%d)"):format(depth), 0) end
  if meta and rawequal(meta, kinds.array_mt) then return self:array(value, rawlen(value), depth, rawget) end
  local told = length_by(meta, value)
  if told then return self:array(value, told, depth, get) end
  local length = array_length(settings, value)
  local is_marked = meta and (rawequal(meta, kinds.empty_array_mt) or rawequal(meta, json.array))
  if not length or length == 0 and settings.encode_empty_table_as_object and not is_marked then return self:object(value, depth) end
  return self:array(value, length, depth, meta and rawget(meta, "__index") ~= nil and get or rawget)
end

-- Values ---------------------------------------------------------------------------------------------

local exact = { ["core.json.Integer"] = true, ["core.json.Raw"] = true }

-- null, and what the codec made: numbers that Lua cannot hold, cjson.empty_array.
local function is_json(value)
  if rawequal(value, json.null) then return true end
  local meta = getmetatable_of(value)
  return meta ~= nil and exact[rawget(meta, "__name")] == true
end

--- Writes a value; false, and nothing written, where it is left out.
---@param value any
---@param depth integer  of the table around it
---@return boolean
function Writer:value(value, depth)
  local kind = type(value)
  if kind == "table" then return self:table(value, depth + 1) end
  if kind == "string" then
    self:put(quoted(self.settings, value))
  elseif kind == "number" then
    self:put(number_text(self.settings, value))
  elseif kind == "nil" then
    self:put "null"
  elseif kind == "boolean" or kind == "userdata" and is_json(value) then
    self:put(encode(value))
  elseif self.settings.encode_skip_unsupported_value_types then
    return false
  else
    refuse(kind, "type not supported")
  end
  return true
end

--- Writes a value as JSON text.
---@param settings cjson.Settings
---@param kinds cjson.Kinds
---@param value any
---@return string
function M.write(settings, kinds, value)
  local indent = settings.encode_indent
  local self = setmetatable({ settings = settings, kinds = kinds, parts = {}, indent = indent ~= "" and indent or nil }, Writer)
  self:value(value, 0)
  return table.concat(self.parts)
end

return M
