--- HTTP requests as straight code: to be called in a fiber, which waits for the answer.

local core_http = require "core.http"
local errors = require "lib.errors"
local fiber = require "lib.fiber"
local json = require "core.json"

local M = {}

---@class HttpRequest: core.http.Request
---@field json? any  encoded as the body, with its content type; instead of body and body_file

---@class HttpResponse: core.http.Response
---@field package lower? string  the header block for look-ups
local Response = {}
Response.__index = Response

local function trim(text)
  return (text:match("^[ \t]*(.-)[ \t\r]*$"))
end

--- The value of a header, whatever the case of its name; repeated ones joined with ", ".
---@param name string
---@return string?  nil where the answer has no such header
function Response:header(name)
  if not self.lower then self.lower = "\n" .. self.headers:lower() end
  local wanted = "\n" .. name:lower() .. ":"
  local values, from = nil, 1
  while true do
    local first, last = self.lower:find(wanted, from, true)
    if not first then return values end
    -- `lower` has one character more in front than `headers`.
    local value = trim(self.headers:match("[^\n]*", last))
    values = values and values .. ", " .. value or value
    from = last
  end
end

--- Whether the status is 200 to 299.
---@return boolean
function Response:is_success()
  return self.status >= 200 and self.status <= 299
end

--- The body, decoded.
---@return any value, string? message  nil and the place when it is no JSON
function Response:json()
  return json.decode(self.body)
end

--- The body as checked JSON bytes, to be forwarded unchanged.
---@return core.json.Raw? raw, string? message
function Response:json_raw()
  return json.raw(self.body)
end

local function has_content_type(lines)
  for _, line in ipairs(lines) do
    if line:lower():find("^content%-type:") then return true end
  end
  return false
end

-- The core's request: `json` becomes a body.
local function with_json(request)
  local core_request = {}
  for key, value in pairs(request) do core_request[key] = value end
  core_request.json = nil
  core_request.body = json.encode(request.json)
  if not has_content_type(request.headers or {}) then
    core_request.headers = table.move(request.headers or {}, 1, #(request.headers or {}), 2,
      { "Content-Type: application/json" })
  end
  return core_request
end

--- Sends one request, once, and waits for the answer; any status is an answer.  The error has `code`
--- (see core.http.start) and `sent`: whether any byte of the request may have left.
---@param request HttpRequest
---@return HttpResponse? response, Error? err
function M.request(request)
  if request.json ~= nil then request = with_json(request) end
  local response, message, code, sent = fiber.await(core_http.start, request)
  if not response then return nil, errors.new(message, { code = code, sent = sent or false }) end
  return setmetatable(response, Response)
end

return M
