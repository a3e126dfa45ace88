--- The settings of an instance of `cjson`: one function each, which sets what it is given and returns what is set.

local arguments = require "lib.cjson.arguments"

local M = {}

---@class cjson.Settings
---@field encode_sparse_convert boolean
---@field encode_sparse_ratio integer
---@field encode_sparse_safe integer
---@field encode_max_depth integer
---@field decode_max_depth integer
---@field encode_number_precision integer   EXACT: every digit that tells a number from its neighbours
---@field encode_keep_buffer boolean        without effect: a buffer lasts as long as a call
---@field encode_invalid_numbers boolean|"null"
---@field decode_invalid_numbers boolean
---@field encode_escape_forward_slash boolean
---@field encode_empty_table_as_object boolean
---@field encode_skip_unsupported_value_types boolean
---@field encode_indent string
---@field decode_array_with_array_mt boolean
---@field decode_allow_comment boolean

--- The precision at which nothing is lost, and at which floats stay floats (1.0).
M.EXACT = 17

local SWITCH = { on = true, off = false }
local INVALID = { on = true, off = false, null = "null" }
local MAX_PRECISION = 16 -- that lua-cjson takes

local defaults = {
  encode_sparse_convert = false, encode_sparse_ratio = 2, encode_sparse_safe = 10,
  encode_max_depth = 1000, decode_max_depth = 1000,
  encode_number_precision = M.EXACT, encode_keep_buffer = true,
  encode_invalid_numbers = false, decode_invalid_numbers = true,
  encode_escape_forward_slash = true, encode_empty_table_as_object = true,
  encode_skip_unsupported_value_types = false, encode_indent = "",
  decode_array_with_array_mt = false, decode_allow_comment = false,
}

-- A function for one setting; `take` checks what it is given.
local function setter(settings, prefix, name, take)
  local shown = prefix .. "." .. name
  return function(...)
    arguments.check_count(shown, select("#", ...), 1)
    local value = ...
    if value ~= nil then settings[name] = take(shown, 1, value) end
    return settings[name]
  end
end

local function switch(shown, index, value)
  return arguments.option(shown, index, value, SWITCH)
end

local function invalid_numbers(shown, index, value)
  return arguments.option(shown, index, value, INVALID)
end

local function depth(shown, index, value)
  return arguments.integer(shown, index, value, 1)
end

local function precision(shown, index, value)
  if value == M.EXACT then return M.EXACT end -- what it returns can be given back
  return arguments.integer(shown, index, value, 1, MAX_PRECISION)
end

local single = {
  encode_max_depth = depth, decode_max_depth = depth, encode_number_precision = precision, encode_keep_buffer = switch,
  encode_invalid_numbers = invalid_numbers, decode_invalid_numbers = switch, encode_escape_forward_slash = switch,
  encode_empty_table_as_object = switch, encode_skip_unsupported_value_types = switch, encode_indent = arguments.text,
  decode_array_with_array_mt = switch, decode_allow_comment = switch,
}

local function sparse_array(settings, prefix)
  local shown = prefix .. ".encode_sparse_array"
  return function(...)
    arguments.check_count(shown, select("#", ...), 3)
    local convert, ratio, safe = ...
    if convert ~= nil then settings.encode_sparse_convert = switch(shown, 1, convert) end
    if ratio ~= nil then settings.encode_sparse_ratio = arguments.integer(shown, 2, ratio, 0) end
    if safe ~= nil then settings.encode_sparse_safe = arguments.integer(shown, 3, safe, 0) end
    return settings.encode_sparse_convert, settings.encode_sparse_ratio, settings.encode_sparse_safe
  end
end

--- Settings of their own, at their defaults.
---@return cjson.Settings
function M.new()
  local settings = {} ---@type table<string, any>
  for name, value in pairs(defaults) do settings[name] = value end
  return settings --[[@as cjson.Settings]]
end

--- Adds the functions that read and change `settings`.
---@param module table
---@param settings cjson.Settings
---@param prefix string  "cjson", "cjson.safe": for messages
function M.add(module, settings, prefix)
  for name, take in pairs(single) do module[name] = setter(settings, prefix, name, take) end
  module.encode_sparse_array = sparse_array(settings, prefix)
end

return M
