--- What a recipe is called with, made strict: reading a parameter that was not declared is a mistake, told at once with the
--- name that was probably meant, instead of a nil that goes into a paid request.
---
--- Only what a schema closes (`additionalProperties` is false) is strict.  Iterating, encoding, `rawget` and writing
--- are as ever; a declared parameter that was not given is nil.

local didyoumean = require "lib.didyoumean"
local json = require "core.json"
local sorted_keys = require("lib.tables").sorted_keys

local M = {}

---@class StrictNode  what is known of a value by its schema
---@field index? fun(object: table, key: any)  of an object that is closed
---@field members? table<string, StrictNode>
---@field entries? StrictNode

local function reader(path, names)
  local known = {}
  for _, name in ipairs(names) do known[name] = true end
  local function index(_, key)
    if type(key) ~= "string" or known[key] then return nil end
    local hint = didyoumean.hint(key, names)
    if hint == "" then hint = #names > 0 and "; there are " .. table.concat(names, ", ") or "; none is declared" end
    error(("%s.%s: no such parameter is declared%s"):format(path, key, hint), 2)
  end
  return index
end

local function is_closed(schema)
  return schema.additionalProperties == false and schema.patternProperties == nil
end

local compile ---@type fun(schema: any, path: string): table?

local function compile_members(properties, path)
  local members
  for name, property in pairs(properties) do
    local node = compile(property, path .. "." .. name)
    if node then
      members = members or {}
      members[name] = node
    end
  end
  return members
end

-- nil where nothing in it is strict.
function compile(schema, path)
  if type(schema) ~= "table" then return nil end
  local properties = type(schema.properties) == "table" and schema.properties or {}
  local node = {
    index = is_closed(schema) and reader(path, sorted_keys(properties)) or nil,
    members = compile_members(properties, path),
    entries = compile(schema.items, path .. "[…]"),
  }
  return next(node) and node or nil
end

local function guard(value, node)
  if type(value) ~= "table" then return end
  for name, member in pairs(node.members or {}) do guard(rawget(value, name), member) end
  if node.entries then
    for _, entry in ipairs(value) do guard(entry, node.entries) end
  end
  if node.index and getmetatable(value) ~= json.array then json.guard(value, node.index) end
end

local compiled = setmetatable({}, { __mode = "k" }) ---@type table<any, StrictNode|false>

local function node_of(schema, path)
  local node = compiled[schema]
  if node == nil then
    node = compile(type(schema) == "userdata" and schema:value() or schema, path) or false
    compiled[schema] = node
  end
  return node
end

--- Makes a value strict where its schema is closed, in place.
---@param value table  plain
---@param schema table|core.json.Raw
---@param path string  what messages call it: "input"
---@return table value
function M.guard(value, schema, path)
  local node = node_of(schema, path)
  if node then guard(value, node) end
  return value
end

return M
