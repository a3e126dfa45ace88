--- Blanks around a text, taken off in time that grows with the text alone: `^%s*(.-)%s*$` tries every run of blanks
--- again from each of them, in time that grows with their square.

--- The text without the white space at both ends.
---@param text string
---@return string
return function(text)
  local first = text:find("%S")
  if not first then return "" end
  local behind = text:reverse():find("%S") --[[@as integer]]
  return text:sub(first, #text - behind + 1)
end
