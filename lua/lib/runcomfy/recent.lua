--- Requests that were submitted, or seen to end, a moment ago.  RunComfy may not know them everywhere yet: a refusal of theirs
--- may pass, where that of another id says that there is none.

local clock = require "lib.async.clock"

local M = {}

local SECONDS = 60  -- a moment
local MOST = 512    -- requests kept

---@class Recent  of one account
---@field private moments table<string, number>  by ids
---@field private order table<integer, string>
---@field private first integer  of `order`
local Recent = {}
Recent.__index = Recent

---@return Recent
function M.new()
  return setmetatable({ moments = {}, order = {}, first = 1 }, Recent)
end

local function key_of(deployment_id, request_id)
  return ("%d %s%s"):format(#deployment_id, deployment_id, request_id)
end

--- Notes that a request was submitted, or seen to end, now.
---@param deployment_id string
---@param request_id string
function Recent:note(deployment_id, request_id)
  local moments, order, first = self.moments, self.order, self.first
  local key = key_of(deployment_id, request_id)
  if not moments[key] then order[#order + 1] = key end
  moments[key] = clock.now()
  if #order - first + 1 <= MOST then return end
  moments[order[first]] = nil
  self.first = first + 1
  if first >= MOST then self.order, self.first = table.move(order, first + 1, #order, 1, {}), 1 end
end

---@param deployment_id string
---@param request_id string
---@return boolean
function Recent:is(deployment_id, request_id)
  local moment = self.moments[key_of(deployment_id, request_id)]
  return moment ~= nil and math.abs(clock.now() - moment) <= SECONDS
end

local MAY_PASS = { [409] = true, [423] = true, [425] = true }

--- Whether a refusal of a read or a cancel of this request may pass within a few tries: a conflict, a lock, too early
--- (RFC 8470), and not found where the request is a moment old.
---@param status integer?  HTTP status
---@param deployment_id string
---@param request_id string
---@return boolean
function Recent:may_pass(status, deployment_id, request_id)
  return MAY_PASS[status] == true or status == 404 and self:is(deployment_id, request_id)
end

return M
