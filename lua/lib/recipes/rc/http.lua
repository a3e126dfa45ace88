--- `rc.http`: what a recipe asks, and the response that it holds.  The host sends: lib.recipes.effects.http.

local json = require "core.json"
local known_names = require "lib.recipes.load.known_names"
local trim = require "lib.trim"
local work = require "lib.recipes.rc.work"
local brief = require("lib.text").brief

local M = {}

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

-- The request as the host takes it; nil and what is wrong.
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
    method = method, url = request.url, headers = lines, body = request.body, json = request.json, timeout = timeout,
  }
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
  return setmetatable(work.effect(state, "http", plain.method, plain), ResponseType)
end

--- The public names of responses.
---@return string[]
function M.names()
  local names = {}
  for name in pairs(methods) do names[#names + 1] = "response:" .. name end
  return names
end

return M
