--- What a terminal would obey is taken out of foreign text before it is shown: an API's answer, a file's name or a recipe's
--- words must not move the cursor, change the title or hide what stands beside them.

local M = {}

-- C0 but for tab and line feed, DEL, and C1 as UTF-8 (U+0080 to U+009F: ECMA-48 has its control functions there, too).
local C0, C1 = "[%z\1-\8\11-\31\127]", "\xC2[\x80-\x9F]"

--- Text without control characters; lines and tabs stay.
---@param text string
---@return string
function M.plain(text)
  return (text:gsub(C0, "?"):gsub(C1, "?"))
end

--- JSON text with the control characters that RFC 8259 lets stand in strings as escapes, so that it means the same.
---@param text string
---@return string
function M.json(text)
  return (text:gsub("\127", "\\u007f"):gsub("\xC2([\x80-\x9F])", function(byte) return ("\\u%04x"):format(byte:byte()) end))
end

return M
