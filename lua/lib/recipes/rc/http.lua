--- `rc.http`: a request to a host that the recipe declares and the operator allows; reading from RunComfy's
--- hosts is always allowed.

local core_clock = require "core.clock"
local errors = require "lib.errors"
local hosts = require "lib.recipes.rc.hosts"
local http = require "lib.async.http"
local json = require "core.json"
local known_names = require "lib.recipes.load.known_names"
local trim = require "lib.trim"
local work = require "lib.recipes.rc.work"
local brief = require("lib.text").brief

local M = {}

local MAX_BYTES = 16 * 1024 * 1024
local MAX_REDIRECTS = 5
local METHODS = { GET = true, HEAD = true, POST = true, PUT = true, PATCH = true, DELETE = true }

local FIELDS = {
  url = "string", method = "string", headers = "table", body = "string", json = "any", timeout = "number",
}

local function check_fields(request)
  for name, value in pairs(request) do
    local kind = FIELDS[name]
    if not kind then return ("rc.http has no field '%s'%s"):format(tostring(name), require("lib.didyoumean").hint(tostring(name),
      { "url", "method", "headers", "body", "json", "timeout" })) end
    if kind ~= "any" and type(value) ~= kind then return ("rc.http: '%s' must be a %s, got %s"):format(name, kind, type(value)) end
  end
  if not request.url then return "rc.http: 'url' is missing" end
end

local function header_lines(headers)
  local lines = {}
  for name, value in pairs(headers or {}) do
    if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then return nil, "rc.http: a header's name must be a word" end
    if type(value) ~= "string" or value:find "[%c]" then
      return nil, ("rc.http: header '%s' must be a text without line ends"):format(name)
    end
    lines[#lines + 1] = name .. ": " .. value
  end
  table.sort(lines)
  return lines
end

-- The request as lib.async.http takes it; nil and what is wrong.
local function prepared(request)
  local problem = check_fields(request)
  if problem then return nil, problem end
  local method = (request.method or "GET"):upper()
  if not METHODS[method] then return nil, ("rc.http: method '%s' is not known"):format(brief(method, 20)) end
  if request.body and request.json ~= nil then return nil, "rc.http: 'body' and 'json' exclude each other" end
  if (request.body or request.json ~= nil) and (method == "GET" or method == "HEAD") then
    return nil, ("rc.http: a %s has no body"):format(method)
  end
  local timeout = request.timeout or 30
  if not (timeout > 0 and timeout <= 3600) then return nil, "rc.http: timeout must be above 0, at most 3600 seconds" end
  local lines, header_problem = header_lines(request.headers)
  if not lines then return nil, header_problem end
  return {
    method = method, url = request.url, headers = lines, body = request.body, json = request.json,
    total_ms = math.ceil(timeout * 1000), max_bytes = MAX_BYTES, no_redirects = true,
  }
end

local function target(from, response)
  local location = response:header "Location"
  if not location then return nil end
  if location:find "^//" then return from:match "^https?:" .. location end
  if location:find "^%a[%w+.-]*:" then return location end
  local origin = from:match "^https?://[^/?#]+"
  if location:sub(1, 1) == "/" then return origin .. location end
  return (from:match "^(https?://[^?#]*/)" or origin .. "/") .. location
end

local REDIRECTS = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }

local function too_late(url, total_ms)
  return errors.new(("no complete answer from %s within %g s, redirects included"):format(url.host, total_ms / 1000), { code = "timeout" })
end

--- Sends a request, following a GET's redirects as far as `allow` lets it; in a fiber of the host.  Its `total_ms` are for all
--- of them together.
---@param request table       for lib.async.http
---@param allow fun(url: rc.Url): { public_only: boolean }|nil, Error?
---@return HttpResponse|nil response, Error? err
function M.send(request, allow)
  local total_ms, began = request.total_ms, core_clock.monotonic()
  for hop = 0, MAX_REDIRECTS do
    local url, err = hosts.parse(request.url)
    if not url then return nil, err end
    local how, refusal = allow(url)
    if not how then return nil, refusal end
    request.public_only = how.public_only
    request.total_ms = math.ceil(total_ms - (core_clock.monotonic() - began) * 1000)
    if request.total_ms < 1 then return nil, too_late(url, total_ms) end -- 0 would be no limit
    local response, http_err = http.request(request)
    if not response then return nil, hop > 0 and http_err.code == "timeout" and too_late(url, total_ms) or http_err end
    local next_url = REDIRECTS[response.status] and (request.method == "GET" or request.method == "HEAD") and target(request.url, response)
    if not next_url then return response end
    if not hosts.same_origin(hosts.parse(next_url), url) then request.headers = {} end -- they may hold a key
    request.url = next_url
  end
  return nil, errors.new(("%s redirects more than %d times"):format(request.url, MAX_REDIRECTS), { code = "protocol" })
end

local function perform(state, request)
  if state.ctx.dry_run and request.method ~= "GET" and request.method ~= "HEAD" then
    return nil, errors.new(("dry run: %s %s is not sent"):format(request.method, request.url), { code = "dry_run" })
  end
  local _ <close> = state:place()
  if state.call and request.method ~= "GET" and request.method ~= "HEAD" then state.call:note_write() end
  local response, err = M.send(request, function(url)
    if request.method == "GET" and hosts.is_runcomfy(state, url) then return { public_only = false } end
    return hosts.check(state, url)
  end)
  if not response then return nil, err end
  return { status = response.status, headers = response.headers, body = response.body, url = request.url }
end

-- The response -------------------------------------------------------------------------------------

local methods = {}
local ResponseType = { __name = "rc.HttpResponse", __metatable = "rc.HttpResponse" }

function methods:header(name)
  if type(name) ~= "string" then error("response:header takes a name", 2) end
  local headers = type(self) == "table" and rawget(self, "headers")
  if type(headers) ~= "string" then error("call it as response:header(name)", 2) end
  for line in headers:gmatch "[^\r\n]+" do
    local colon = line:find(":", 1, true)
    if colon and line:sub(1, colon - 1):lower() == name:lower() then return trim(line:sub(colon + 1)) end
  end
end

function methods:json()
  local body = type(self) == "table" and rawget(self, "body")
  if type(body) ~= "string" then error("call it as response:json()", 2) end
  local value, message = json.decode(body)
  if value == nil then error("the response is no JSON: " .. message, 2) end
  return value
end

ResponseType.__index = known_names.reader("a response", methods, { "status", "headers", "body", "url" })

-- Its JSON must be text; its body may be any bytes.
local function import(request)
  local plain = work.import(request, "rc.http", 4)
  if type(plain.json) == "table" then plain.json = work.import_json(plain.json, "rc.http", 4) end
  return plain
end

--- `rc.http`
---@param state rc.State
---@param request table
---@return table response
function M.http(state, request)
  if type(request) ~= "table" then error("rc.http takes a table: rc.http { url = … }", 3) end
  local plain, problem = prepared(import(request))
  if not plain then error(problem, 3) end
  state:needs("rc.http", 3)
  return setmetatable(work.run(perform, state, plain), ResponseType)
end

--- The public names of responses.
---@return string[]
function M.names()
  local names = {}
  for name in pairs(methods) do names[#names + 1] = "response:" .. name end
  return names
end

return M
