--- What a terminal would obey is taken out of foreign text before it is shown: an API's answer, a file's name or a recipe's
--- words must not move the cursor, change the title or hide what stands beside them.

local clean = require("lib.text").clean

local M = {}

-- C0 but for tab and line feed, DEL, and C1 as UTF-8 (U+0080 to U+009F: ECMA-48 has its control functions there, too).
local C0, C1 = "[%z\1-\8\11-\31\127]", "\xC2[\x80-\x9F]"

-- Among these are those that turn the direction of what follows: "delete" may be shown as "eteled".
local PUNCTUATION = "\xE2[\x80\x81][\xA6-\xAE]"

-- UAX #9: U+202A to U+202E, U+2066 to U+2069.  What `write` makes of each; gsub leaves alone what is not in the table.
local function turns(write)
  local written = {}
  for _, range in ipairs { { 0x202A, 0x202E }, { 0x2066, 0x2069 } } do
    for point = range[1], range[2] do written[utf8.char(point)] = write(point) end
  end
  return written
end

-- What `write` makes of the controls that a text of JSON or Lua may hold, and of turns.
local function controls(write)
  local written = turns(write)
  for point = 0x7F, 0x9F do written[utf8.char(point)] = write(point) end
  return written
end

local HIDDEN = turns(function() return "?" end)
local IN_JSON = controls(function(point) return ("\\u%04x"):format(point) end)
local IN_LUA = controls(function(point) return ("\\u{%x}"):format(point) end)

--- Text without control characters; lines and tabs stay.  Bytes that are no UTF-8 become U+FFFD: alone, those of C1 are obeyed
--- where a terminal does not read UTF-8.
---@param text string
---@return string
function M.plain(text)
  text = clean(text)
  -- What is there at all is looked for first, which is much faster.
  if text:find(C0) then text = text:gsub(C0, "?") end
  if text:find("\xC2", 1, true) then text = text:gsub(C1, "?") end
  if text:find("\xE2", 1, true) then text = text:gsub(PUNCTUATION, HIDDEN) end
  return text
end

--- The same for what must stay in its line: a file's name may have line feeds.
---@param text string
---@return string
function M.in_line(text)
  return (M.plain(text):gsub("[\n\t]", "?"))
end

local function escape(text, written)
  if text:find("\127", 1, true) then text = text:gsub("\127", written) end
  if text:find("\xC2", 1, true) then text = text:gsub(C1, written) end
  if text:find("\xE2", 1, true) then text = text:gsub(PUNCTUATION, written) end
  return text
end

--- JSON text with the control characters that RFC 8259 lets stand in strings as escapes, so that it means the same.
---@param text string
---@return string
function M.json(text)
  return escape(text, IN_JSON)
end

--- The same for a text as `%q` writes it, which escapes C0 itself.
---@param text string
---@return string
function M.lua(text)
  return escape(text, IN_LUA)
end

return M
