--- HTTP requests as straight code: to be called in a fiber, which waits for the answer.

local core_clock = require "core.clock"
local core_http = require "core.http"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local log = require "core.log"

local M = {}

---@class HttpRequest: core.http.Request
---@field try? integer  counted here: how often this table was sent
---@field json? any  encoded as the body, with its content type; instead of body and body_file

---@class HttpResponse: core.http.Response
---@field package lower? string  the header block for look-ups
local Response = {}
Response.__index = Response

local BLANKS = { [0x20] = true, [0x09] = true, [0x0D] = true }
local LONGEST_VALUE = 8192 -- of a header that we read; no server sends longer ones that mean something to us

-- Blanks are cut at each end by themselves: one pattern for both would be quadratic in a run of them.
local function trim(text)
  text = text:sub(1, LONGEST_VALUE)
  local first = text:find("[^ \t]")
  if not first then return "" end
  local last = #text
  while BLANKS[text:byte(last)] do last = last - 1 end
  return text:sub(first, last)
end

--- The value of a header, whatever the case of its name; repeated ones joined with ", ".
---@param name string
---@return string?  nil where the answer has no such header
function Response:header(name)
  if not self.lower then self.lower = "\n" .. self.headers:lower() end
  local wanted = "\n" .. name:lower() .. ":"
  local values, from = {}, 1
  while true do
    local first, last = self.lower:find(wanted, from, true)
    if not first or not last then return values[1] and table.concat(values, ", ") end
    -- `lower` has one character more in front than `headers`.
    local stop = self.headers:find("\n", last, true) or #self.headers + 1
    values[#values + 1] = trim(self.headers:sub(last, stop - 1))
    from = last
  end
end

--- Whether the status is 200 to 299.
---@return boolean
function Response:is_success()
  return self.status >= 200 and self.status <= 299
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

-- A line of the log a transfer, at level debug: what it was and what came of it.  Without the query: it may hold secrets.
local function log_transfer(request, began, response, message)
  local outcome = response and ("HTTP %d, %d bytes"):format(response.status, #response.body) or message
  log.write("debug", ("%s %s: %s, %.0f ms, try %d"):format(request.method, M.place(request.url), outcome,
    (core_clock.monotonic() - began) * 1000, request.try))
end

--- A URL as a log may show it: scheme, host and path, without user, password and query.
---@param url string
---@return string
function M.place(url)
  local stop = url:find("[?#]") or #url + 1
  local text = url:sub(1, stop - 1)
  local _, scheme = text:find("://", 1, true)
  if not scheme then return text end
  local slash = text:find("/", scheme + 1, true) or #text + 1
  local authority = text:sub(scheme + 1, slash - 1)
  local behind = authority:reverse():find("@", 1, true) -- the last one: it may stand in a password, too
  return text:sub(1, scheme) .. (behind and authority:sub(#authority - behind + 2) or authority) .. text:sub(slash)
end

--- An answer with its methods.
---@param answer core.http.Response
---@return HttpResponse
function M.response(answer)
  return setmetatable(answer --[[@as HttpResponse]], Response)
end

local function send(await, start, request)
  request.try = (request.try or 0) + 1
  if request.json ~= nil then request = with_json(request) end
  local began = core_clock.monotonic()
  local response, message, code, sent, partial = await(start, request)
  if log.get_level() == "debug" then log_transfer(request, began, response, message) end
  if response then return M.response(response) end
  return nil, errors.new(message, { code = code, sent = sent or false, partial = partial and M.response(partial) or nil })
end

--- Sends one request, once, and waits for the answer; any status is an answer.  The error has `code`
--- (see core.http.start), `sent`: whether any byte of the request may have left, and `partial`: what had come of the answer.
---@param request HttpRequest
---@return HttpResponse? response, Error? err
---@return_overload HttpResponse
---@return_overload nil, Error
function M.request(request)
  return send(fiber.await, core_http.start, request)
end

--- The same for a request whose effect cannot be taken back: a cancellation of the caller ends it only where no byte of it
--- has left, and then none will.  Once it has taken the wire it is carried to its answer, which is returned.
---@param request HttpRequest
---@param on_start? fun(transfer: core.http.Transfer)  gets what stands for it while it is under way
---@return HttpResponse? response, Error? err
---@return_overload HttpResponse
---@return_overload nil, Error
function M.write(request, on_start)
  return send(fiber.await_withdrawable, function(plain, callback)
    local transfer, message, code = core_http.start(plain, callback)
    if transfer and on_start then on_start(transfer) end
    return transfer, message, code
  end, request)
end

return M
