--- Text as people's programs save it: with a byte order mark, in UTF-16 (Notepad, PowerShell's `>`, Excel), or in an older
--- encoding, which is refused with the place of its first odd byte: which characters were meant can only be guessed.

local codec = require "core.codec"

local M = {}

---@class TextProblem
---@field message string   "line 3, column 12: …"
---@field line integer     from 1
---@field column integer   characters, from 1

-- Where the text that ends here goes on.
local function place_after(before)
  local _, breaks = before:gsub("\n", "")
  local tail = before:reverse():match("^[^\n]*"):reverse()
  return breaks + 1, (utf8.len(tail) or #tail) + 1
end

local function problem(before, what)
  local line, column = place_after(before)
  return { line = line, column = column, message = ("line %d, column %d: %s"):format(line, column, what) }
end

-- What a byte that is no UTF-8 may be.
local function describe_byte(byte)
  return ("byte 0x%02X is not UTF-8; the text seems to be in an older encoding, such as Latin-1 or Windows-1252: save it as UTF-8")
    :format(byte)
end

-- "le" or "be": what the mark says, or, without one, the zero bytes that ASCII has in UTF-16.
local function utf16_order(bytes)
  local mark = bytes:sub(1, 2)
  if mark == "\xFF\xFE" then return "le", 3 end
  if mark == "\xFE\xFF" then return "be", 3 end
  if bytes:find("^[^%z]%z[^%z]%z") then return "le", 1 end
  if bytes:find("^%z[^%z]%z[^%z]") then return "be", 1 end
end

--- Takes off what stands around the text: a byte order mark, UTF-16.  Other bytes stay as they are.
---@param bytes string
---@return string? text, TextProblem? problem  nil only for broken UTF-16
---@return_overload string
---@return_overload nil, TextProblem
function M.unwrap(bytes)
  if bytes:sub(1, 3) == "\xEF\xBB\xBF" then return bytes:sub(4) end
  local order, from = utf16_order(bytes)
  if not order or not from then return bytes end
  local text, before = codec.utf16_decode(bytes:sub(from), order == "be")
  if text then return text end
  return nil, problem(before --[[@as string]], "half a character: the UTF-16 of this file is damaged")
end

--- The text as UTF-8.
---@param bytes string
---@return string? text, TextProblem? problem
---@return_overload string
---@return_overload nil, TextProblem
function M.decode(bytes)
  local text, damaged = M.unwrap(bytes)
  if not text then return nil, damaged end
  if codec.is_utf8(text) then return text end
  local _, at = utf8.len(text)
  ---@cast at integer
  return nil, problem(text:sub(1, at - 1), describe_byte(text:byte(at)))
end

local CHUNK = 64 * 1024

-- All that a file has; nil and why where it cannot be read or has more than `most` bytes.
local function read_bytes(file, most)
  local parts, size = {}, 0
  while true do
    local part, message = file:read(CHUNK)
    if message then return nil, message end
    if not part then return table.concat(parts) end
    parts[#parts + 1], size = part, size + #part
    if size > most then return nil, ("it has more than the %d bytes that are read of it"):format(most) end
  end
end

--- The text that an open file holds.
---@param file file
---@param name string    for the message
---@param most integer   bytes that it may have
---@param decode? fun(bytes: string): string?, TextProblem?  default: `unwrap`
---@return string? text, string? message  "NAME: …"
function M.read_from(file, name, most, decode)
  local bytes, message = read_bytes(file, most)
  if not bytes then return nil, ("%s: %s"):format(name, message) end
  local text, damaged = (decode or M.unwrap)(bytes)
  if not text then return nil, ("%s: %s"):format(name, damaged --[[@as TextProblem]].message) end
  return text
end

--- The text of a file that somebody wrote by hand: settings, a key, arguments.
---@param path string
---@param most integer   bytes that it may have
---@param decode? fun(bytes: string): string?, TextProblem?  default: `unwrap`
---@return string? text, string? message, integer? code  "PATH: …", and what `is_missing` takes
function M.read(path, most, decode)
  local file, message, code = io.open(path, "rb")
  if not file then return nil, message, code end
  local _ <close> = file
  return M.read_from(file, path, most, decode)
end

local MISSING = { [2] = true, [20] = true } -- ENOENT; ENOTDIR: what should be its folder is a file

--- Whether `io.open` failed because there is no such file.
---@param code integer?  its third result
---@return boolean
function M.is_missing(code)
  return MISSING[code] or false
end

return M
