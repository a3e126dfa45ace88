--- Requests that were submitted, or seen to end, a moment ago.  RunComfy may not know them everywhere yet: a refusal of theirs
--- may pass, where that of another id says that there is none.

local clock = require "lib.async.clock"

local M = {}

local SECONDS = 60  -- a moment
local MOST = 512    -- requests kept

local moments = {} ---@type table<string, number>  by ids
local order, first = {}, 1

local function key_of(deployment_id, request_id)
  return ("%d %s%s"):format(#deployment_id, deployment_id, request_id)
end

--- Notes that a request was submitted, or seen to end, now.
---@param deployment_id string
---@param request_id string
function M.note(deployment_id, request_id)
  local key = key_of(deployment_id, request_id)
  if not moments[key] then order[#order + 1] = key end
  moments[key] = clock.now()
  if #order - first + 1 <= MOST then return end
  moments[order[first]] = nil
  first = first + 1
  if first > MOST then order, first = table.move(order, first, #order, 1, {}), 1 end
end

---@param deployment_id string
---@param request_id string
---@return boolean
function M.is(deployment_id, request_id)
  local moment = moments[key_of(deployment_id, request_id)]
  return moment ~= nil and math.abs(clock.now() - moment) <= SECONDS
end

local MAY_PASS = { [409] = true, [423] = true, [425] = true }

--- Whether a refusal of a read or a cancel of this request may pass within a few tries: a conflict, a lock, too early
--- (RFC 8470), and not found where the request is a moment old.
---@param status integer?  HTTP status
---@param deployment_id string
---@param request_id string
---@return boolean
function M.may_pass(status, deployment_id, request_id)
  return MAY_PASS[status] == true or status == 404 and M.is(deployment_id, request_id)
end

return M
