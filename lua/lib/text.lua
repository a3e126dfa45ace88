--- Text on its way out: valid UTF-8, which JSON and terminals can carry, and cut between characters.

local codec = require "core.codec"
local json = require "core.json"

local M = {}

--- A text with U+FFFD in place of what is no UTF-8, such as a character that was cut.
---@type fun(text: string): string
M.clean = codec.utf8_clean

--- A text up to a number of bytes, with "…" where that is less than all of it.
---@param text string
---@param bytes integer
---@return string
function M.brief(text, bytes)
  local head, cut = codec.utf8_cut(text, bytes)
  head = codec.utf8_clean(head)
  return cut and head .. "…" or head
end

--- The same up to a number of characters, as they are; a byte that is not UTF-8 counts as one.
---@param text string
---@param characters integer
---@return string
function M.head(text, characters)
  local head, cut = codec.utf8_head(text, characters)
  return cut and head .. "…" or head
end

local clean_value

local function clean_table(value)
  local copy = {}
  for key, item in next, value do copy[type(key) == "string" and M.clean(key) or key] = clean_value(item) end
  if rawequal(debug.getmetatable(value), json.array) then return json.as_array(copy) end
  local keys = json.order(value)
  return keys and json.ordered(clean_value(keys), copy) or copy
end

function clean_value(value)
  local kind = type(value)
  if kind == "string" then return M.clean(value) end
  return kind == "table" and clean_table(value) or value
end

--- A plain value, as JSON has them, with every text in it clean: itself where it is, else a copy.
---@param value any
---@return any
function M.clean_all(value)
  if type(value) == "table" and pcall(json.encode, value) then return value end -- nearly always, and much faster
  return clean_value(value)
end

return M
