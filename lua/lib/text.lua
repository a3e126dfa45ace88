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

--- A plain value, as JSON has them, with every text in it clean: itself where it is, else a copy of what changed.
---@type fun(value: any): any
M.clean_all = json.clean

return M
