--- Checks structured content against the output schema of its tool.
---
--- The built-in tools forward the API's bytes undecoded: theirs is a check of the required fields and the
--- types at the top, which is where a tool goes wrong.  Recipes hand in plain values, which are checked in
--- full (see registry.compile's `strict`).

local json = require "core.json"

local M = {}

local null, array = json.null, json.array

-- Values that are neither Lua's own nor tables: JSON text kept as bytes, and boxed integers.
local function kind_of_userdata(value)
  if value == null then return "null" end
  local kind = value.kind
  return kind and kind(value) or "integer"
end

local function kind_of(value)
  local kind = type(value)
  if kind == "table" then return getmetatable(value) == array and "array" or "object" end
  if kind == "number" then return math.type(value) == "integer" and "integer" or "number" end
  if kind == "userdata" then return kind_of_userdata(value) end
  return kind
end

local function is_a(value, allowed)
  local kind = kind_of(value)
  if allowed[kind] then return true end
  if kind == "integer" then return allowed.number end
  if kind == "number" then return allowed.integer and (type(value) ~= "number" or value % 1 == 0) end
  return kind == "table"
end

local function allowed_types(schema)
  if type(schema) ~= "table" or schema.type == nil then return nil end
  local list = type(schema.type) == "table" and schema.type or { schema.type }
  local allowed = {}
  for _, name in ipairs(list) do allowed[name] = true end
  return allowed, table.concat(list, " or ")
end

local function compile_fields(schema)
  local slots = {}
  for name, property in pairs(schema.properties or {}) do
    local allowed, shown = allowed_types(property)
    if allowed then slots[#slots + 1] = { name = name, allowed = allowed, shown = shown } end
  end
  table.sort(slots, function(a, b) return a.name < b.name end)
  return slots
end

local function only_ok(required)
  for _, name in ipairs(type(required) == "table" and required or {}) do
    if name == "ok" then return json.as_array { "ok" } end
  end
end

-- The same of JSON text: what stays, stays as it was written.
local function published_text(raw)
  local keys, copy = {}, {}
  for key, value in raw:pairs() do
    keys[#keys + 1], copy[key] = key, value
  end
  copy.required = copy.required and only_ok(raw:value "required")
  if copy.additionalProperties and copy.additionalProperties:text() == "false" then copy.additionalProperties = nil end
  return json.ordered(keys, copy)
end

--- The schema that clients see.  They check errors against it as well as results, so it does not demand
--- at the top what an error has not: only `ok` stays required, and further fields are allowed.  A schema of something
--- else than an object stays as it is: an error's data do not fit it, and go without (see lib.mcp.handlers.tools).
---@param schema table|core.json.Raw
---@return table|core.json.Raw
function M.published(schema)
  if type(schema) == "userdata" then
    local kind = schema:get "type"
    return kind and kind:text() == '"object"' and published_text(schema) or schema
  end
  if schema.type ~= "object" then return schema end
  local copy = {}
  for key, value in pairs(schema) do copy[key] = value end
  copy.required = only_ok(schema.required)
  if copy.additionalProperties == false then copy.additionalProperties = nil end
  return setmetatable(copy, getmetatable(schema))
end

--- The full check, of plain values; it gives true, or nil and what is wrong.
---@param schema table
---@return fun(data: any, work: Meter?): true|nil, string?
function M.compile_strict(schema)
  local check = require("lib.features.inputs").compile_schema(schema, "output")
  local needs_object = schema.type == "object"
  return function(data, work)
    if data == nil or needs_object and (type(data) ~= "table" or getmetatable(data) == array) then
      local got = data == nil and "none" or kind_of(data)
      return nil, ("structured content must be %s, got %s"):format(needs_object and "an object" or "there", got)
    end
    return check(data, work)
  end
end

--- Compiles a schema to a check; the check gives true, or nil and what is wrong.
---@param schema table
---@return fun(data: any): true|nil, string?
function M.compile(schema)
  local required, slots = schema.required or {}, compile_fields(schema) ---@type string[], table[]
  return function(data)
    if type(data) ~= "table" or getmetatable(data) == array then
      return nil, "structured content must be an object, got " .. (data == nil and "none" or kind_of(data))
    end
    for i = 1, #required do
      if data[required[i]] == nil then return nil, ("field '%s' is missing"):format(required[i]) end
    end
    for i = 1, #slots do
      local slot = slots[i]
      local value = data[slot.name]
      if value ~= nil and not is_a(value, slot.allowed) then
        return nil, ("field '%s' must be %s, got %s"):format(slot.name, slot.shown, kind_of(value))
      end
    end
    return true
  end
end

return M
