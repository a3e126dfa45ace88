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
local LATER = "RunComfy had a problem of its own; try again in a while."

local BY_CODE = {
  [401001] = KEY, [403003] = OWNER, [404001] = NOT_FOUND, [422001] = VALIDATION, [500001] = LATER,
  [402] = FUNDS, [10001] = FUNDS,
  [10002] = "The deployment is disabled. Enable it with update_deployment (is_enabled=true), then send the request again.",
  [10003] = "The deployment was deleted. Choose another one (list_deployments) or create one (create_deployment).",
}

local BY_STATUS = {
  [401] = KEY, [402] = FUNDS, [403] = OWNER, [404] = NOT_FOUND, [422] = VALIDATION,
  [413] = "The request is too large for the API: pass files by URL instead of base64.",
  [429] = "Too many requests at once: wait a little, then try again.",
}

--- The advice for an answer of the API; nil where there is none.
---@param status integer
---@param error_code? integer|string
---@return string?
function M.for_answer(status, error_code)
  local by_code = BY_CODE[math.tointeger(tonumber(error_code))]
  if by_code then return by_code end
  if status >= 500 then return LATER end
  return BY_STATUS[status]
end

return M
