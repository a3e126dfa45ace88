--- Which hosts a recipe may reach.
---
--- RunComfy's for downloads; others where the recipe declares them and the operator allows them.  A host in
--- a private network must be allowed by its own name or address: a pattern, or a name that leads there, does
--- not do.

local errors = require "lib.errors"
local brief = require("lib.text").brief

local M = {}

---@class rc.Url
---@field scheme "http"|"https"
---@field host string   lower case, without brackets
---@field port integer
---@field text string

local function refuse(message, ...)
  return nil, errors.new(message:format(...), { code = "not_allowed" })
end

--- Reads a URL.
---@param text string
---@return rc.Url|nil url, Error? err
---@return_overload rc.Url
---@return_overload nil, Error
function M.parse(text)
  local scheme, authority = text:match "^(https?)://([^/?#]+)"
  if not scheme or not authority or text:find "[%s%c\\]" then
    return nil, errors.new(("'%s' is no http or https URL"):format(brief(text, 200)), { code = "bad_url" })
  end
  if authority:find("@", 1, true) then return nil, errors.new("a URL must not hold a user name", { code = "bad_url" }) end
  local host, port = authority:match "^%[([%x:.]+)%]:?(%d*)$"
  if not host then host, port = authority:match "^([%w._-]+):?(%d*)$" end
  if not host then return nil, errors.new(("'%s' has no valid host"):format(brief(text, 200)), { code = "bad_url" }) end
  host = host:lower():gsub("%.$", "")
  local number = port ~= "" and math.tointeger(tonumber(port)) or scheme == "https" and 443 or 80
  return { scheme = scheme, host = host, port = number, text = text } --[[@as rc.Url]]
end

--- Whether two URLs lead to the same server: scheme, host and port.
---@param a rc.Url?
---@param b rc.Url?
---@return boolean
function M.same_origin(a, b)
  return a ~= nil and b ~= nil and a.scheme == b.scheme and a.host == b.host and a.port == b.port
end

-- "*.example.com" stands for all below it; a port, where there is one, must fit.
local function matches(pattern, url)
  local name, port = pattern:lower():match "^([^:]*):(%d+)$"
  if not name then name = pattern:lower():match "^%[(.*)%]$" or pattern:lower() end
  if port and math.tointeger(tonumber(port)) ~= url.port then return false end
  if name == url.host then return true, true end
  local tail = name and name:match "^%*(%..+)$"
  return tail ~= nil and #url.host > #tail and url.host:sub(-#tail) == tail, false
end

-- Whether one of the patterns fits, and whether it names the very host.
local function any_matches(patterns, url)
  local found, exact = false, false
  for _, pattern in ipairs(patterns or {}) do
    local ok, is_exact = matches(pattern, url)
    found, exact = found or ok, exact or ok and is_exact == true
  end
  return found, exact
end

local RUNCOMFY = { "runcomfy.net", "*.runcomfy.net", "runcomfy.com", "*.runcomfy.com" }

local function is_loopback(host)
  return host == "localhost" or host == "::1" or host:find("^127%.%d+%.%d+%.%d+$") ~= nil
end

-- Where the account's API is.
local function api_url(state)
  local runcomfy = state.ctx.runcomfy
  return runcomfy and M.parse(runcomfy.base_url) or nil
end

-- In a simulation the simulator serves the files.
local function is_simulator(state, url)
  return state.ctx.simulated == true and M.same_origin(api_url(state), url)
end

--- Whether it is RunComfy, which recipes may read without declaring it.
---@param state rc.State
---@param url rc.Url
---@return boolean
function M.is_runcomfy(state, url)
  return url.scheme == "https" and any_matches(RUNCOMFY, url) or is_simulator(state, url)
end

--- Whether outputs lie there: at RunComfy, or at an API on this machine that the operator has named (`rcmcp simulate`), which
--- serves its files itself.  No key goes there with a download.
---@param state rc.State
---@param url rc.Url
---@return boolean
function M.serves_outputs(state, url)
  if M.is_runcomfy(state, url) then return true end
  local base = is_loopback(url.host) and api_url(state)
  return base and is_loopback(base.host) and base.scheme == url.scheme and base.port == url.port or false
end

--- Whether the recipe may reach a host that it declares.
---@param state rc.State
---@param url rc.Url
---@return { public_only: boolean }|nil how, Error? err
---@return_overload { public_only: boolean }
---@return_overload nil, Error
function M.check(state, url)
  if not any_matches(state.hosts, url) then
    return refuse("recipe '%s' may not reach %s: its 'hosts' does not name it", state.name, url.host)
  end
  local allowed, exact = any_matches(state.settings.http_hosts, url)
  if not allowed then
    return refuse("recipe '%s' may not reach %s: the operator has not allowed it; the setting http_hosts names the hosts that recipes "
      .. "may reach", state.name, url.host)
  end
  return { public_only = not exact }
end

return M
