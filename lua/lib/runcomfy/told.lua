--- The error that tells of something at RunComfy.  It is given as facts; here alone they become its two faces: the text for a
--- person, and the structure for a program, which has its members in one order, whoever tells them.

local errors = require "lib.errors"
local json = require "core.json"

local M = {}

local ORDER = {
  "ok", "message", "error", "code", "status_code", "error_code", "detail", "delivery", "hint", "deployment_id", "request_id",
  "output_urls", "note", "submission", "status", "result", "payload",
}

---@class Facts: { [string]: any }  what the error is to have as fields
---@field message string          what happened
---@field hint? string            what to do about it
---@field status_code? integer    HTTP status; the text begins with it
---@field error_code? integer|string  RunComfy's own, which follows it
---@field delivery? "unknown"|"not_sent"  of a write
---@field code? string
---@field api_message? string     the message alone, where it is RunComfy's or the network's: the structure calls it `message` as the
---  official server does, and `error` what is said by us

-- The text without its advice.
local function summary_of(facts)
  local head = facts.status_code and "HTTP " .. facts.status_code .. " | " or ""
  if facts.error_code ~= nil then head = ("%sRunComfy error_code=%s | "):format(head, facts.error_code) end
  return head .. facts.message
end

local SHOWN = { "status_code", "error_code", "detail", "delivery", "hint" }

local function structure_of(facts, members)
  local data = members or {}
  for _, name in ipairs(SHOWN) do
    if facts[name] ~= nil then data[name] = facts[name] end
  end
  data.ok, data[facts.api_message and "message" or "error"] = false, facts.message
  return json.ordered(ORDER, data)
end

--- Makes the error.
---@param facts Facts
---@param members? table  what else its structure has; becomes it
---@return Error
function M.error(facts, members)
  local summary = summary_of(facts)
  local err = errors.new(facts.hint and summary .. "\n" .. facts.hint or summary)
  for name, value in pairs(facts) do
    if name ~= "message" then err[name] = value end
  end
  err.summary, err.data = summary, structure_of(facts, members)
  return err
end

return M
