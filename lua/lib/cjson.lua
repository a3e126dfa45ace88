--- lua-cjson 2.1's interface on core.json: `require "cjson"` and `require "cjson.safe"`.
---
--- What lua-cjson would lose stays: integers of any size, floats (1.0), `[]`, the order of members; text that is no UTF-8 is
--- refused.  The manual is lua/meta/cjson.lua.

local arguments = require "lib.cjson.arguments"
local json = require "core.json"
local reader = require "lib.cjson.reader"
local settings_of = require "lib.cjson.settings"
local writer = require "lib.cjson.writer"

local M = {}

---@class cjson.Kinds  what all instances of one recipe share
---@field array_mt table
---@field empty_array_mt table
---@field empty_array core.json.Raw
---@field setmetatable fun(object: table, meta: table): table  the recipe's: its tables have no finalizers

local function new_instance(kinds, name)
  local settings = settings_of.new()
  local module = {
    _NAME = "cjson", _VERSION = "2.1.0", null = json.null,
    array_mt = kinds.array_mt, empty_array_mt = kinds.empty_array_mt, empty_array = kinds.empty_array,
  }
  settings_of.add(module, settings, name)
  function module.encode(...)
    arguments.check_one(name .. ".encode", select("#", ...))
    return writer.write(settings, kinds, (...))
  end
  function module.decode(...)
    arguments.check_one(name .. ".decode", select("#", ...))
    return reader.read(settings, kinds, arguments.text(name .. ".decode", 1, (...)))
  end
  function module.new() return new_instance(kinds, name) end
  return module
end

local function settle(ok, value)
  if ok then return value end
  return nil, value
end

local function new_safe(kinds)
  local module = new_instance(kinds, "cjson.safe")
  local encode, decode = module.encode, module.decode
  function module.encode(...)
    arguments.check_one("cjson.safe.encode", select("#", ...))
    return settle(pcall(encode, (...)))
  end
  function module.decode(...)
    arguments.check_one("cjson.safe.decode", select("#", ...))
    return settle(pcall(decode, (...)))
  end
  function module.new() return new_safe(kinds) end
  return module
end

--- The modules of one recipe or program, by name: functions that make them.
---@param options? { setmetatable: (fun(object: table, meta: table): table)?, on_kind: fun(meta: table, when: "always"|"empty")? }
---@return table<string, fun(): table>
function M.modules(options)
  options = options or {}
  local kinds = { array_mt = {}, empty_array_mt = {}, empty_array = json.raw "[]", setmetatable = options.setmetatable or setmetatable }
  if options.on_kind then
    options.on_kind(kinds.array_mt, "always")
    options.on_kind(kinds.empty_array_mt, "empty")
  end
  return {
    cjson = function() return new_instance(kinds, "cjson") end,
    ["cjson.safe"] = function() return new_safe(kinds) end,
  }
end

--- The names that `require` takes.
M.names = { "cjson", "cjson.safe" }

return M
