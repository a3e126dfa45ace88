--- The lines of a source without what stands in its comments and texts.  The source need not be Lua: what is opened and not closed
--- ends with its line.

local M = {}

-- Where the long bracket that opens at `at` ends; nil where none opens.
local function long_end(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return nil end
  local _, last = text:find("]" .. level .. "]", at + #level + 2, true)
  return last or #text
end

local function line_end(text, at)
  return (text:find("\n", at, true) or #text + 1) - 1
end

local function quoted_end(text, at)
  local quote, last = text:sub(at, at), line_end(text, at)
  local next_at = at + 1
  while next_at <= last do
    local byte = text:sub(next_at, next_at)
    if byte == quote then return next_at end
    next_at = next_at + (byte == "\\" and 2 or 1)
  end
  return last
end

-- The end of what is no code and begins at `at`, and whether its first and last character stay.
local function other_end(text, at)
  local byte = text:sub(at, at)
  if byte == '"' or byte == "'" then return quoted_end(text, at), true end
  if byte == "[" then return long_end(text, at) end
  if text:sub(at, at + 1) ~= "--" then return nil end
  return long_end(text, at + 2) or line_end(text, at)
end

local function blanked(piece, keeps_ends)
  if keeps_ends then return piece:sub(1, 1) .. (#piece > 1 and piece:sub(1, 1) or "") end
  return (piece:gsub("[^\n]+", " "))
end

local function without_others(text)
  local parts, from, at = {}, 1, 1
  while true do
    local found = text:find("[\"'%[%-]", at)
    if not found then break end
    local last, keeps_ends = other_end(text, found)
    if last then
      parts[#parts + 1] = text:sub(from, found - 1)
      parts[#parts + 1] = blanked(text:sub(found, last), keeps_ends)
      from = last + 1
    end
    at = (last or found) + 1
  end
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts)
end

--- The lines of the code; texts are `""`.
---@param text string
---@return string[]
function M.lines(text)
  local lines = {}
  -- linear: the last byte is a line feed
  for line in (without_others(text) .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

return M
