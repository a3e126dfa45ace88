--- What shows that the API took a write: an answer that says 200 may come from somebody else, a login page of the network,
--- a gateway, and then nobody knows.

local lifecycle = require "lib.runcomfy.lifecycle"

local M = {}

local function kind_of(value)
  return type(value) ~= "string" and value:kind() or nil
end

--- A deployment: an object with an id.
---@param value core.json.Raw|string
---@return boolean
function M.deployment(value)
  if kind_of(value) ~= "object" then return false end
  local id = (value --[[@as core.json.Raw]]):get "id"
  local kind = id and id:kind()
  return id ~= nil and kind == "string" and id:text() ~= '""' or kind == "number"
end

--- A request: an object with a request id.
---@param value core.json.Raw|string
---@return boolean
function M.request(value)
  return lifecycle.request_id(value) ~= nil
end

--- An object, or nothing at all.
---@param value core.json.Raw|string
---@return boolean
function M.object_or_nothing(value)
  return value == "" or kind_of(value) == "object"
end

--- JSON, or nothing at all.
---@param value core.json.Raw|string
---@return boolean
function M.json_or_nothing(value)
  return value == "" or type(value) ~= "string"
end

--- All but a web page, which no route of ComfyUI answers to a POST.
---@param value core.json.Raw|string
---@return boolean
function M.no_page(value)
  return type(value) ~= "string" or not value:find("^%s*<[%a!?]")
end

return M
