--- What a terminal would obey is taken out of foreign text before it is shown: an API's answer, a file's name or a recipe's
--- words must not move the cursor, change the title or hide what stands beside them.

local M = {}

-- C0 but for tab and line feed, DEL, and C1 as UTF-8 (U+0080 to U+009F: ECMA-48 has its control functions there, too).
local C0, C1 = "[%z\1-\8\11-\31\127]", "\xC2[\x80-\x9F]"

-- What turns the direction of what follows (UAX #9: U+202A to U+202E, U+2066 to U+2069): "delete" may be shown as "eteled".
local TURNS = { "\xE2\x80[\xAA-\xAE]", "\xE2\x81[\xA6-\xA9]" }

--- Text without control characters; lines and tabs stay.
---@param text string
---@return string
function M.plain(text)
  text = text:gsub(C0, "?")
  -- The first byte is looked for first, which is much faster, and mostly not there.
  if text:find("\xC2", 1, true) then text = text:gsub(C1, "?") end
  if not text:find("\xE2", 1, true) then return text end
  for _, pattern in ipairs(TURNS) do text = text:gsub(pattern, "?") end
  return text
end

local function escape(text, write)
  if text:find("\127", 1, true) then text = text:gsub("\127", write) end
  if text:find("\xC2", 1, true) then text = text:gsub(C1, write) end
  if not text:find("\xE2", 1, true) then return text end
  for _, pattern in ipairs(TURNS) do text = text:gsub(pattern, write) end
  return text
end

local function in_json(character)
  return ("\\u%04x"):format(utf8.codepoint(character))
end

--- JSON text with the control characters that RFC 8259 lets stand in strings as escapes, so that it means the same.
---@param text string
---@return string
function M.json(text)
  return escape(text, in_json)
end

local function in_lua(character)
  return ("\\u{%x}"):format(utf8.codepoint(character))
end

--- The same for a text as `%q` writes it, which escapes C0 itself.
---@param text string
---@return string
function M.lua(text)
  return escape(text, in_lua)
end

return M
