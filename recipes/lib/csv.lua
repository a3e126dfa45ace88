--- Tables as spreadsheets write them: commas, semicolons or tabs between the cells, quotes, doubled quotes, line breaks in
--- quotes, a byte order mark, a first line `sep=;`, empty lines, blanks around names and quotes, the Ctrl-Z of old programs at
--- the end.

local M = {}

local SEPARATORS = { ",", ";", "\t" }
local SHOWN = { [","] = "commas", [";"] = "semicolons", ["\t"] = "tabs" }

-- What ends a cell without quotes, by separator.
local PLAIN = { [","] = "^([^,\r\n]*)()", [";"] = "^([^;\r\n]*)()", ["\t"] = "^([^\t\r\n]*)()" }

local NUL = "has a zero byte: the table seems to be in UTF-16 without its mark; save it as UTF-8"
local NEEDED = "a first line with names and at least one row are needed"

-- Cut from both ends, each by one anchored look: a pattern for both at once tries every blank as the last.
local function trim(text)
  local first, last = text:match("^[ \t]*()"), #text
  while last >= first and (text:byte(last) == 32 or text:byte(last) == 9) do last = last - 1 end
  return text:sub(first, last)
end

-- The text between two quotes, and where it goes on; nil where the second is missing.
local function quoted(text, at)
  local parts, from = {}, at + 1
  while true do
    local quote = text:find('"', from, true)
    if not quote then return nil end
    parts[#parts + 1] = text:sub(from, quote - 1)
    if text:sub(quote + 1, quote + 1) ~= '"' then return table.concat(parts, '"'), quote + 1 end
    from = quote + 2
  end
end

-- A cell and where it ends.  Blanks around quotes are no part of it; a tab may be the separator.
local function cell_at(text, at, separator)
  local opening = text:match("^ *()", at)
  if text:sub(opening, opening) == '"' then
    local value, stop = quoted(text, opening)
    if value then return value, (text:match("^ *()", stop)) end
    return nil
  end
  local value, stop = text:match(PLAIN[separator], at)
  return trim(value) == "" and "" or value, stop
end

-- Where the next line begins; nothing where the line goes on.
local function line_end(text, at)
  return text:match("^\r\n?()", at) or text:match("^\n()", at) or at > #text and at or nil
end

local function row_at(text, at, separator)
  local row = {}
  while true do
    local value, stop = cell_at(text, at, separator)
    if not value then return nil, "a quote is never closed" end
    row[#row + 1] = value
    if text:sub(stop, stop) ~= separator then
      local after = line_end(text, stop)
      if not after then return nil, "text follows a closing quote" end
      return row, after
    end
    at = stop + 1
  end
end

-- The text without the empty lines before its first, and how many these are.
local function without_empty_lines(text)
  local at, count = 1, 0
  while true do
    local after = line_end(text, text:match("^[ \t]*()", at))
    if not after or after > #text then return text:sub(at), count end
    at, count = after, count + 1
  end
end

-- How often a separator stands in the first line, outside of quotes.
local function count_in_first_line(text, separator)
  local count, open = 0, false
  for at = 1, #text do
    local char = text:sub(at, at)
    if char == '"' then open = not open end
    if not open and (char == "\n" or char == "\r") then break end
    if not open and char == separator then count = count + 1 end
  end
  return count
end

-- The separator, and where the names begin: Excel writes "sep=;" before them where it is asked to.
local function find_separator(text)
  local said, after = text:match("^[sS][eE][pP]=([,;\t])()")
  after = said and line_end(text, after)
  if after then return said, after end
  local best, most, tie = ",", 0, nil
  for _, separator in ipairs(SEPARATORS) do
    local count = count_in_first_line(text, separator)
    if count > 0 and count == most then tie = separator end
    if count > most then best, most, tie = separator, count, nil end
  end
  if not tie then return best, 1 end
  return nil, ("the first line has as many %s as %s: put names with either into quotes"):format(SHOWN[best], SHOWN[tie])
end

-- Characters that nobody sees.
local UNSEEN = { ["\u{A0}"] = " ", ["\u{200B}"] = "", ["\u{FEFF}"] = "" }

-- Names without the blanks around them, no-break spaces and what nobody sees included.
local function check_names(cells)
  local seen, named = {}, false
  for index, cell in ipairs(cells) do
    if not utf8.len(cell) then return nil, ("the first line, column %d, is not UTF-8: save the table as UTF-8"):format(index) end
    if cell:find("\0", 1, true) then return nil, "the first line " .. NUL end
    local name = trim((cell:gsub(utf8.charpattern, UNSEEN)))
    if name ~= "" and seen[name] then return nil, ("the first line names '%s' twice"):format(name) end
    cells[index], seen[name], named = name, true, named or name ~= ""
  end
  if not named then return nil, NEEDED end
  return cells
end

local function odd_byte(cell)
  local _, at = utf8.len(cell)
  return ("byte 0x%02X is not UTF-8; the table seems to be in an older encoding, such as Latin-1 or Windows-1252: save it as UTF-8")
    :format(cell:byte(at))
end

-- The cells by the names of their columns, empty ones left out; nothing for a row without any.
local function by_name(cells, names)
  local row
  for index, cell in ipairs(cells) do
    local name = names[index]
    if cell ~= "" then
      if not name then return nil, ("has %d cells, the first line names %d"):format(#cells, #names) end
      if name == "" then return nil, (": column %d has no name in the first line"):format(index) end
      if not utf8.len(cell) then return nil, (", column '%s': %s"):format(name, odd_byte(cell)) end
      if cell:find("\0", 1, true) then return nil, (", column '%s': %s"):format(name, NUL) end
      row = row or {}
      row[name] = cell
    end
  end
  return row
end

local function joined(number, problem)
  return ("row %d%s%s"):format(number, problem:find("^[,:]") and "" or " ", problem)
end

local function rows_after(text, at, separator, names, number)
  local rows, numbers = {}, {}
  while at <= #text do
    number = number + 1
    local cells, stop = row_at(text, at, separator)
    if not cells then return nil, ("row %d: %s"):format(number, stop) end
    local row, problem = by_name(cells, names)
    if problem then return nil, joined(number, problem) end
    if row then rows[#rows + 1], numbers[#numbers + 1] = row, number end
    at = stop
  end
  if #rows == 0 then return nil, NEEDED end
  return rows, names, numbers
end

--- The text of a table's file.  Where it is no UTF-8, `parse` says in which row and column.
---@param path string
---@return string
function M.read(path)
  local rc = require "rc"
  local ok, text = pcall(rc.read_text, path) ---@type boolean, any
  if ok then return text end
  if text.code == "not_utf8" then return rc.read(path) end
  error(text, 0)
end

--- The rows as tables by the names in the first line; cells left empty are absent, empty rows left out.
---@param text string
---@return table[]|nil rows, string|string[] names_or_message, integer[]? numbers  of the rows, as the spreadsheet counts them
function M.parse(text)
  if text:sub(1, 3) == "\xEF\xBB\xBF" then text = text:sub(4) end
  if text:byte(-1) == 0x1A then text = text:sub(1, -2) end
  local empty
  text, empty = without_empty_lines(text)
  local separator, from = find_separator(text)
  if not separator then return nil, from end
  local names, at = row_at(text, from, separator)
  if not names then return nil, "the first line: " .. at end
  local problem
  names, problem = check_names(names)
  if not names then return nil, problem --[[@as string]] end
  return rows_after(text, at, separator, names, empty --[[@as integer]] + 1)
end

return M
