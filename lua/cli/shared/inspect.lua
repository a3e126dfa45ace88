--- Values as a person reads them: tables over several lines, sorted, to a certain depth.

local terminal = require "cli.shared.terminal"

local M = {}

local MAX_DEPTH, MAX_ITEMS, LINE = 8, 200, 100

local inspect ---@type fun(value: any, depth: integer, seen: table): string

local function is_name(key)
  return type(key) == "string" and key:find "^[%a_][%w_]*$" ~= nil
end

local function quoted(text)
  return terminal.lua((("%q"):format(text):gsub("\\\n", "\\n")))
end

local function key_text(key)
  if is_name(key) then return key .. " = " end
  return ("[%s] = "):format(type(key) == "string" and quoted(key) or tostring(key))
end

local function before(a, b)
  if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
  return type(a) < type(b)
end

-- The keys that are no indexes of the list part.
local function other_keys(value, length)
  local keys = {}
  for key in next, value do
    if math.type(key) ~= "integer" or key < 1 or key > length then keys[#keys + 1] = key end
  end
  table.sort(keys, before)
  return keys
end

local function items_of(value, depth, seen)
  local items, length = {}, rawlen(value)
  for i = 1, math.min(length, MAX_ITEMS) do items[i] = inspect(rawget(value, i), depth + 1, seen) end
  for _, key in ipairs(other_keys(value, length)) do
    if #items >= MAX_ITEMS then break end
    items[#items + 1] = key_text(key) .. inspect(rawget(value, key), depth + 1, seen)
  end
  if length > MAX_ITEMS or #items >= MAX_ITEMS then items[#items + 1] = "…" end
  return items
end

local function inspect_table(value, depth, seen)
  if seen[value] then return "<itself>" end
  if depth > MAX_DEPTH then return "{…}" end
  seen[value] = true
  local items = items_of(value, depth, seen)
  seen[value] = nil
  if #items == 0 then return "{}" end
  local short = "{ " .. table.concat(items, ", ") .. " }"
  if #short <= LINE and not short:find("\n", 1, true) then return short end
  local indent = ("  "):rep(depth)
  return "{\n" .. indent .. "  " .. table.concat(items, ",\n" .. indent .. "  ") .. ",\n" .. indent .. "}"
end

-- Handles, such as jobs, say what they are; their members are shown.
local function named(value)
  local meta = debug.getmetatable(value)
  local name = type(meta) == "table" and rawget(meta, "__name")
  return type(name) == "string" and name ~= "" and name or nil
end

function inspect(value, depth, seen)
  local kind = type(value)
  if kind == "string" then return quoted(value) end
  if kind ~= "table" then return tostring(value) end
  local name = named(value)
  return (name and name .. " " or "") .. inspect_table(value, depth, seen)
end

--- A value as text.
---@param value any
---@return string
function M.text(value)
  return inspect(value, 0, {})
end

return M
