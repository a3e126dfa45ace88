--- What to do about an error: one sentence or two that stand behind the API's own message.

local M = {}

M.GET_A_KEY = "Get a key at https://www.runcomfy.com/profile and set it as RUNCOMFY_API_KEY, or put it in a file and set "
  .. "RUNCOMFY_API_KEY_FILE (RUNCOMFY_TOKEN works too)."

local FUNDS = "The account's balance or plan does not cover this. Add funds on runcomfy.com; a deployment that was disabled "
  .. "for lack of funds must be enabled again with update_deployment (is_enabled=true)."
local KEY = "The API key is missing, wrong, expired or revoked. " .. M.GET_A_KEY
local OWNER = "The deployment or request belongs to another account than the API key. list_deployments shows what this key may use."
local NOT_FOUND = "Nothing has this id: check it with list_deployments, and the request_id with what submit_request returned. "
  .. "Results are kept for 7 days."
local VALIDATION = "The API refused a value: a node id or input name that the workflow does not have, a wrong type, a bad URL or "
  .. "base64. get_deployment with include_payload=true shows the nodes and their inputs."
local LATER = "RunComfy had a problem of its own. Nothing was changed by this read: reading later costs nothing."

local BY_CODE = {
  [401001] = KEY, [403003] = OWNER, [404001] = NOT_FOUND, [422001] = VALIDATION,
  [402] = FUNDS, [10001] = FUNDS,
  [10002] = "The deployment is disabled. Enable it with update_deployment (is_enabled=true), then send the request again.",
  [10003] = "The deployment was deleted. Choose another one (list_deployments) or create one (create_deployment).",
}

local BY_STATUS = {
  [401] = KEY, [402] = FUNDS, [403] = OWNER, [404] = NOT_FOUND, [422] = VALIDATION,
  [413] = "The request is too large for the API: pass files by URL instead of base64.",
}

-- Too many requests: a write that is refused so was not begun.
local function wait_a_little(operation)
  return ("Too many requests at once: wait a little. %s"):format(operation and ("The %s was refused, nothing was started.")
    :format(operation.name) or "Reading later costs nothing.")
end

--- The HTTP status that an answer stands for: its error_code may be one itself, or one with three digits behind it (404001),
--- and counts under a status that tells of no error, and where it alone says that the trouble is on RunComfy's side.
---@param status integer?
---@param error_code? integer|string
---@return integer?
function M.meaning(status, error_code)
  local code = math.tointeger(tonumber(error_code))
  if not status or not code then return status end
  if code >= 100000 then code = code // 1000 end
  local counts = code >= 400 and code <= 599 and (status < 400 or status < 500 and code >= 500)
  return counts and code or status
end

--- Whether an answer that is no success leaves it open if a write took effect.  A gateway's 5xx does not say whether the API
--- behind it did what was asked, nor does one that waited too long (408, 499) or a redirect: a 303 comes after the deed
--- (RFC 9110, 15.4.4).
---@param status integer
---@param error_code? integer|string
---@return boolean
function M.is_open(status, error_code)
  local meaning = M.meaning(status, error_code)
  return meaning >= 500 or meaning >= 300 and meaning < 400 or meaning == 408 or meaning == 499
end

--- What is said of a write when nobody knows whether it happened: to look first, for repeating it may be paid twice.
---@param operation Operation
---@return string
function M.unknown(operation)
  return ("Whether this %s took effect is unknown, and it was not sent again. %s"):format(operation.name, operation.unknown)
end

--- The advice for an answer of the API; nil where there is none.
---@param status integer
---@param error_code? integer|string
---@param operation? Operation  the write that it answers; nil: a read
---@return string?
function M.for_answer(status, error_code, operation)
  local meaning = M.meaning(status, error_code)
  local own = operation and operation.hints and operation.hints[meaning] or BY_CODE[math.tointeger(tonumber(error_code))]
  if own then return own end
  if operation and M.is_open(status, error_code) then return M.unknown(operation) end
  if meaning >= 500 then return LATER end
  if meaning == 429 then return wait_a_little(operation) end
  return BY_STATUS[meaning]
end

return M
