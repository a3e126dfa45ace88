--- What JSON says of an error, in words.  The JSON is the API's, and of any size: it is read once, no deeper than `DEEPEST`,
--- and of what has no end the beginning is told.

local head = require("lib.text").head

local M = {}

local JSON_LIMIT = 1000   -- characters of JSON that was not meant as a message
local TEXT_LIMIT = 20000  -- characters of a message
local PLACE_LIMIT = 200   -- characters of a word that says where
local MOST_ITEMS = 100    -- of a list: who has read these looks at the first ones
local MOST_VALUES = 1000  -- that are looked at in all
local DEEPEST = 16

local MESSAGE_KEYS = { "msg", "message", "error_message", "exception_message", "error", "detail", "details", "reason" }
local PLACE_KEYS = { "node_id", "nodeId", "node_type", "type", "errorCode", "error_code", "code" }

local WANTED = { loc = true, debugInfo = true }
for _, keys in ipairs { MESSAGE_KEYS, PLACE_KEYS } do
  for _, key in ipairs(keys) do WANTED[key] = true end
end

---@class description.Reading
---@field values integer  that were looked at
---@field depth integer

local describe ---@type fun(reading: table, raw: core.json.Raw): string

local function location(loc)
  local parts = {}
  for _, part in loc:pairs() do
    if #parts == DEEPEST then break end
    parts[#parts + 1] = head(tostring(part:value()), PLACE_LIMIT)
  end
  return table.concat(parts, ".")
end

local function first_text(reading, members)
  for _, key in ipairs(MESSAGE_KEYS) do
    local text = members[key] and describe(reading, members[key]) or ""
    if text ~= "" then return text end
  end
end

local function place_of(part)
  local kind = part and part:kind()
  if kind ~= "string" and kind ~= "number" then return "" end
  return head(tostring(part:value()), PLACE_LIMIT)
end

local function places(members)
  local parts = {}
  for _, key in ipairs(PLACE_KEYS) do
    local text = place_of(members[key])
    if text ~= "" then parts[#parts + 1] = ("%s %s"):format(key, text) end
  end
  return #parts > 0 and (" (%s)"):format(table.concat(parts, ", ")) or ""
end

local function describe_object(reading, raw)
  local members = raw:members(WANTED)
  local message = first_text(reading, members)
  if not message then return head(raw:text(), JSON_LIMIT) end
  local loc, info = members.loc, members.debugInfo
  if loc and loc:kind() == "array" then return ("%s: %s"):format(location(loc), message) end
  info = info and info:kind() == "string" and info:value() or ""
  if info ~= "" then message = message .. ": " .. head(info, JSON_LIMIT) end
  return message .. places(members)
end

local function describe_array(reading, raw)
  local parts = {}
  for _, item in raw:pairs() do
    if #parts == MOST_ITEMS or reading.values > MOST_VALUES then
      parts[#parts + 1] = "…"
      break
    end
    parts[#parts + 1] = describe(reading, item)
  end
  return table.concat(parts, "; ")
end

local CONTAINERS = { object = describe_object, array = describe_array }

function describe(reading, raw)
  local kind = raw:kind()
  local within = CONTAINERS[kind]
  reading.values = reading.values + 1
  if kind == "null" then return "" end
  if not within then return head(tostring(raw:value()), TEXT_LIMIT) end
  if reading.depth == DEEPEST or reading.values > MOST_VALUES then return head(raw:text(), JSON_LIMIT) end
  reading.depth = reading.depth + 1
  local text = within(reading, raw)
  reading.depth = reading.depth - 1
  return text
end

--- Any JSON that stands for an error, in words: a string, FastAPI's list (`body.overrides: field
--- required`), ComfyUI's and RunComfy's objects and lists of them.  "" for null.
---@param raw core.json.Raw
---@return string
function M.of(raw)
  return describe({ values = 0, depth = 0 }, raw)
end

return M
