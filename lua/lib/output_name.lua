--- Names for files that outputs are saved as.

local M = {}

--- The last part of a URL's path, for a name.
---@param url string
---@return string
function M.of(url)
  local path = url:match "^https?://[^/?#]+/?([^?#]*)" or ""
  local name = (path:reverse():match("^/*([^/]*)") --[[@as string]]):reverse()
  return require("core.codec").percent_decode(name) or name
end

local LONGEST_WANTED = 4096 -- bytes that are looked at: a name is cut far below that

--- A file name that is safe in any folder: no path, nothing hidden, no control characters, at most 120 bytes.
---@param wanted string
---@return string
function M.safe(wanted)
  local name = (wanted:sub(-LONGEST_WANTED):gsub("\\", "/"):reverse():match("^/*([^/]*)") --[[@as string]]):reverse()
  if not utf8.len(name) then name = name:gsub("[\x80-\xFF]", "_") end
  name = name:gsub('[%c:*?"<>|\127]', "_"):gsub("^[%s.]+", ""):reverse():gsub("^[%s.]+", ""):reverse()
  if #name > 120 then
    local extension = name:match "%.%w+$" or ""
    if #extension > 12 then extension = "" end
    local room = 120 - #extension
    local cut = utf8.offset(name, 0, room + 1) or room + 1
    name = name:sub(1, cut - 1) .. extension
  end
  return name ~= "" and name or "output"
end

return M
