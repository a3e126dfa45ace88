--- `rc.json`: the core's codec, raising in Lua's way.

local core = require "core.json"
local known_names = require "lib.recipes.load.known_names"
local work = require "lib.recipes.rc.work"

local M = {}

local function decode(text)
  if type(text) ~= "string" then error("rc.json.decode takes a text, got " .. type(text), 2) end
  local value, message = core.decode(text)
  if value == nil then error("rc.json.decode: " .. message, 2) end
  return value
end

local function encode(value)
  local ok, text = pcall(core.encode, value)
  if ok then return text end
  error("rc.json.encode: " .. tostring(text):gsub("^%S+:%d+: ", ""), 2)
end

local function array(list)
  if list ~= nil and type(list) ~= "table" then error("rc.json.array takes a list, got " .. type(list), 2) end
  return core.as_array(list or {})
end

local function ordered(keys, object)
  if type(keys) ~= "table" or type(object) ~= "table" then error("rc.json.ordered takes a list of keys and a table", 2) end
  local names = work.import(keys, "rc.json.ordered", 2)
  for i, name in ipairs(names) do
    if type(name) ~= "string" then error(("rc.json.ordered: key %d must be a text"):format(i), 2) end
  end
  return core.ordered(names, object)
end

local function integer(digits)
  if type(digits) ~= "string" or not digits:find("^%-?%d+$") or #digits > 1000 then
    error("rc.json.integer takes the digits of a whole number in a text", 2)
  end
  return core.integer(digits)
end

--- A new table of these functions, for one recipe.
---@return table
function M.new()
  local functions = { decode = decode, encode = encode, array = array, ordered = ordered, integer = integer, null = core.null }
  return setmetatable(functions, { __index = known_names.reader("rc.json", functions), __metatable = "rc.json" })
end

return M
