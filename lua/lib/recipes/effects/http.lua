--- The kind "http": a request to a host that the recipe declares and the operator allows; reading from RunComfy's hosts is always
--- allowed.

local core_clock = require "core.clock"
local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local hosts = require "lib.recipes.effects.hosts"
local http = require "lib.async.http"

local M = {}

local MAX_BYTES = 16 * 1024 * 1024
local MAX_REDIRECTS = 5

local function target(from, response)
  local location = response:header "Location"
  if not location then return nil end
  if location:find "^//" then return from:match "^https?:" .. location end
  if location:find "^%a[%w+.-]*:" then return location end
  local origin = from:match "^https?://[^/?#]+"
  if location:sub(1, 1) == "/" then return origin .. location end
  return (from:match "^(https?://[^?#]*/)" or origin .. "/") .. location
end

local function is_read(request)
  return request.method == "GET" or request.method == "HEAD"
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
---@return_overload HttpResponse
---@return_overload nil, Error
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
    local next_url = REDIRECTS[response.status] and is_read(request) and target(request.url, response)
    if not next_url then return response end
    if not hosts.same_origin(hosts.parse(next_url), url) then request.headers = {} end -- they may hold a key
    request.url = next_url
  end
  return nil, errors.new(("%s redirects more than %d times"):format(request.url, MAX_REDIRECTS), { code = "protocol" })
end

local function execute(effect, scope)
  local state, input = scope.caller, effect.input
  local request = {
    method = input.method, url = input.url, headers = input.headers, body = input.body, json = input.json,
    total_ms = math.ceil(input.timeout * 1000), max_bytes = MAX_BYTES, no_redirects = true,
  }
  local _ <close> = state:place()
  if state.call and not scope.reads then state.call:note_write() end
  local response, err = M.send(request, function(url)
    if request.method == "GET" and hosts.is_runcomfy(state, url) then return { public_only = false } end
    return hosts.check(state, url)
  end)
  if not response then return nil, err end
  return { status = response.status, headers = response.headers, body = response.body, url = request.url }
end

--- See lib.recipes.effects.door.
---@param effect Effect
---@return boolean
function M.is_read(effect)
  return is_read(effect.input)
end

--- Sends a request of a recipe.
---@param state rc.State
---@param effect Effect
---@return table|nil answer, Error? err
---@return_overload table
---@return_overload nil, Error
function M.perform(state, effect)
  local err = state:denied "rc.http"
  if err then return nil, err end
  return effects.perform(effect, { ctx = state.ctx, caller = state, reads = is_read(effect.input) }, execute)
end

return M
