--- The formats that are checked: date-time, email, uri, uuid.  All others are annotations.

local M = {}

local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

local function is_date(year, month, day)
  if month < 1 or month > 12 or day < 1 then return false end
  return day <= DAYS[month] or (month == 2 and day == 29 and is_leap(year))
end

local function number(digits)
  return tonumber(digits) --[[@as integer]]
end

-- Minutes east of UTC, or nil.
local function offset_minutes(text)
  if text == "Z" or text == "z" then return 0 end
  local sign, hours, minutes = text:match("^([+-])(%d%d):(%d%d)$")
  if not sign then return nil end
  local hour, minute = number(hours), number(minutes)
  if hour > 23 or minute > 59 then return nil end
  return (sign == "-" and -1 or 1) * (hour * 60 + minute)
end

---@param text string
---@return boolean
M["date-time"] = function(text)
  local year, month, day, hours, minutes, seconds, fraction, zone =
    text:match("^(%d%d%d%d)-(%d%d)-(%d%d)[Tt](%d%d):(%d%d):(%d%d)(%.?%d*)([Zz+-].*)$")
  if not year or fraction == "." or not is_date(tonumber(year), tonumber(month), tonumber(day)) then return false end
  ---@cast fraction -?
  if fraction ~= "" and fraction:sub(1, 1) ~= "." then return false end
  local offset, hour, minute, second = offset_minutes(zone), number(hours), number(minutes), number(seconds)
  if not offset or hour > 23 or minute > 59 or second > 60 then return false end
  if second < 60 then return true end
  return (hour * 60 + minute - offset) % 1440 == 1439 -- leap seconds are at 23:59:60 UTC
end

---@param text string
---@return boolean
function M.email(text)
  local mailbox, domain = text:match("^(.+)@([^@]+)$")
  if not mailbox or #mailbox > 64 then return false end
  ---@cast domain -?
  local quoted = mailbox:match('^"[^"\\]*"$') ~= nil
  if not quoted and (not mailbox:match("^[%w!#$%%&'*+/=?^_`{|}~.-]+$") or ("." .. mailbox .. "."):find("..", 1, true)) then
    return false
  end
  if domain:match("^%[.+%]$") then return true end
  -- linear: each match ends at the first ".", and the text ends with one
  for label in (domain .. "."):gmatch("([^.]*)%.") do
    if not label:match("^%w[%w-]*$") or label:sub(-1) == "-" then return false end
  end
  return true
end

---@param text string
---@return boolean
function M.uri(text)
  if not text:match("^%a[%w+.-]*:") then return false end
  if text:find("[^%w%-._~:/?#%[%]@!$&'()*+,;=%%]") then return false end
  if text:find("%%%X") or text:find("%%%x%X") or text:find("%%%x?$") then return false end
  local _, hashes = text:gsub("#", "")
  return hashes <= 1
end

---@param text string
---@return boolean
function M.uuid(text)
  local hex = text:match("^(%x+%-%x+%-%x+%-%x+%-%x+)$")
  return hex ~= nil and hex:gsub("%x", "x") == "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
end

return M
