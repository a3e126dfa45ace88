--- Comma-separated values as spreadsheets write them: quotes, doubled quotes, line breaks in quotes, a byte order mark.

local M = {}

local function field(text, at)
  if text:sub(at, at) ~= '"' then
    local value, stop = text:match("^([^,\r\n]*)()", at)
    return value, stop
  end
  local parts, from = {}, at + 1
  while true do
    local quote = text:find('"', from, true)
    if not quote then return nil end
    parts[#parts + 1] = text:sub(from, quote - 1)
    if text:sub(quote + 1, quote + 1) ~= '"' then return table.concat(parts, '"'), quote + 1 end
    from = quote + 2
  end
end

-- Where the next line begins; nothing where the line goes on.
local function line_end(text, at)
  return text:match("^\r\n?()", at) or text:match("^\n()", at) or at > #text and at or nil
end

local function row_at(text, at)
  local row = {}
  while true do
    local value, stop = field(text, at)
    if not value then return nil, "a quote is never closed" end
    row[#row + 1] = value
    if text:sub(stop, stop) ~= "," then
      local after = line_end(text, stop)
      if not after then return nil, "text follows a closing quote" end
      return row, after
    end
    at = stop + 1
  end
end

--- The rows as tables by the names in the first line; cells left empty are absent.
---@param text string
---@return table[]|nil rows, string|string[] names_or_message
function M.parse(text)
  text = text:gsub("^\xEF\xBB\xBF", "")
  local names, at = row_at(text, 1)
  if not names then return nil, "the first line: " .. at end
  local rows = {}
  while at <= #text do
    local cells, stop = row_at(text, at)
    if not cells then return nil, ("row %d: %s"):format(#rows + 2, stop) end
    if #cells > #names then return nil, ("row %d has %d cells, the first line names %d"):format(#rows + 2, #cells, #names) end
    if #cells > 1 or cells[1] ~= "" then
      local row = {}
      for index, name in ipairs(names) do row[name] = cells[index] ~= "" and cells[index] or nil end
      rows[#rows + 1] = row
    end
    at = stop
  end
  if #rows == 0 then return nil, "a first line with names and at least one row are needed" end
  return rows, names
end

return M
