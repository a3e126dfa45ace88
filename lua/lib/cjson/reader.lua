--- `cjson.decode`: text to value.  What core.json takes, it decodes; the rest is read by lua-cjson's rules: numbers that are
--- no JSON, comments, other depths, and its words for what is wrong.

local json = require "core.json"
local tokens = require "lib.cjson.tokens"

local M = {}

local CORE_DEPTH = 1000 -- that core.json takes

local function expected(reader, what)
  local token = reader.tokens
  error(("Expected %s but found %s at character %d"):format(what, token.kind, token.index), 0)
end

local function descend(reader)
  reader.depth = reader.depth + 1
  if reader.depth <= reader.settings.decode_max_depth then return end
  error(("Found too many nested data structures (%d) at character %d"):format(reader.depth, reader.tokens.at - 1), 0)
end

local read_value ---@type fun(reader: table): any

local function mark_array(reader, list)
  if reader.settings.decode_array_with_array_mt then return reader.kinds.setmetatable(list, reader.kinds.array_mt) end
  return json.as_array(list)
end

local function read_array(reader)
  local token, list, count = reader.tokens, {}, 0
  descend(reader)
  token:next()
  while token.kind ~= "T_ARR_END" do
    if count > 0 then
      if token.kind ~= "T_COMMA" then expected(reader, "comma or array end") end
      token:next()
    end
    count = count + 1
    list[count] = read_value(reader)
    token:next()
  end
  reader.depth = reader.depth - 1
  return mark_array(reader, list)
end

local function read_member(reader, object, order)
  local token = reader.tokens
  if token.kind ~= "T_STRING" then expected(reader, "object key string") end
  local key = token.value
  token:next()
  if token.kind ~= "T_COLON" then expected(reader, "colon") end
  token:next()
  if object[key] == nil then order[#order + 1] = key end
  object[key] = read_value(reader)
  token:next()
end

local function read_object(reader)
  local token, object, order = reader.tokens, {}, {}
  descend(reader)
  token:next()
  while token.kind ~= "T_OBJ_END" do
    if #order > 0 then
      if token.kind ~= "T_COMMA" then expected(reader, "comma or object end") end
      token:next()
    end
    read_member(reader, object, order)
  end
  reader.depth = reader.depth - 1
  return #order > 0 and json.ordered(order, object) or object
end

local plain = { T_STRING = true, T_NUMBER = true, T_INTEGER = true, T_BOOLEAN = true, T_NULL = true }

-- The value whose first token was read.
function read_value(reader)
  local kind = reader.tokens.kind
  if kind == "T_OBJ_BEGIN" then return read_object(reader) end
  if kind == "T_ARR_BEGIN" then return read_array(reader) end
  if not plain[kind] then expected(reader, "value") end
  return reader.tokens.value
end

local function read_all(settings, kinds, text)
  local reader = { settings = settings, kinds = kinds, tokens = tokens.new(text, settings), depth = 0 }
  reader.tokens:next()
  local value = read_value(reader)
  reader.tokens:next()
  if reader.tokens.kind ~= "T_END" then expected(reader, "the end") end
  return value
end

-- Gives what core.json decoded the metatable of this recipe's arrays.
local function with_array_mt(kinds, value)
  if type(value) ~= "table" then return value end
  for _, item in next, value do with_array_mt(kinds, item) end
  if rawequal(debug.getmetatable(value), json.array) then kinds.setmetatable(value, kinds.array_mt) end
  return value
end

--- Reads JSON text; raises what is wrong.
---@param settings cjson.Settings
---@param kinds cjson.Kinds
---@param text string
---@return any
function M.read(settings, kinds, text)
  if text:find("^%z") or text:find("^.%z") then error("JSON parser does not support UTF-16 or UTF-32", 0) end
  local value
  if settings.decode_max_depth >= CORE_DEPTH then value = json.decode(text) end
  if value == nil then return read_all(settings, kinds, text) end
  return settings.decode_array_with_array_mt and with_array_mt(kinds, value) or value
end

return M
