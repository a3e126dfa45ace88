--- Faults on demand: rules that spoil matching answers, or runs.

local clock = require "lib.async.clock"
local errors = require "lib.errors"
local execution = require "lib.sim.execution"
local json = require "core.json"

local M = {}

---@class sim.FaultRule
---@field kind "drop"|"delay"|"status"|"truncated"|"html"|"text"|"empty"|"error_code"|"fail_run"
---@field method? string       only requests with this method
---@field path? string         only paths that contain this text; "*" stands for anything
---@field count? integer       how often it strikes, default 1
---@field forever? boolean     strikes without end
---@field skip? integer        how many matching requests it lets pass first
---@field handled? boolean     "drop", "html", "text", "empty", "status": the service does what was asked, only its answer is lost
---@field seconds? number      "delay": on the program's clock
---@field status? integer      "status" (default 503), "html" (502), "text" (502), "empty" (200), "truncated" with a message (502)
---@field retry_after? integer|string  seconds, or an HTTP date: sent as Retry-After
---@field error_code? integer  "status", "error_code", "fail_run"
---@field message? string      text of the error; "text", "truncated": the body
---@field when? fun(method: string, path: string): boolean  only requests for which it says so; for specs, never from outside

local KINDS = { drop = true, delay = true, status = true, truncated = true, html = true, text = true, empty = true,
                error_code = true, fail_run = true }
local FIELDS = { kind = "string", method = "string", path = "string", count = "number", forever = "boolean", skip = "number",
                 handled = "boolean", seconds = "number", status = "number", error_code = "number", message = "string", when = "function" }

---@class sim.Faults
---@field rules table[]
---@field package delayed table<table, fun()>  by their timers, what answers
local Faults = {}
Faults.__index = Faults

---@return sim.Faults
function M.new()
  return setmetatable({ rules = {}, delayed = {} }, Faults)
end

local function glob(text)
  return (text:gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0"):gsub("%*", ".*"))
end

local function check(rule)
  if type(rule) ~= "table" then return "a fault is an object" end
  if not KINDS[rule.kind] then
    return "fault: unknown kind '" .. tostring(rule.kind)
      .. "'; known are delay, drop, empty, error_code, fail_run, html, status, text, truncated"
  end
  for name, value in pairs(rule) do
    if name == "retry_after" then
      if type(value) ~= "number" and type(value) ~= "string" then return "fault: 'retry_after' must be a number or a date" end
    elseif not FIELDS[name] then
      return ("fault: unknown field '%s'"):format(name)
    elseif type(value) ~= FIELDS[name] then
      return ("fault: field '%s' must be a %s, got %s"):format(name, FIELDS[name], type(value))
    end
  end
end

--- Adds a rule; rules are tried in the order they came.
---@param rule sim.FaultRule  copied
---@return true|nil ok, Error? err
---@return_overload true
---@return_overload nil, Error
function Faults:add(rule)
  local wrong = check(rule)
  if wrong then return nil, errors.new(wrong, { code = "fault" }) end
  local own = {} ---@type table<string, any>
  for name, value in pairs(rule) do own[name] = value end
  own.left = rule.forever and math.huge or rule.count or 1
  own.skip = rule.skip or 0
  own.pattern = rule.path and glob(rule.path)
  table.insert(self.rules, own)
  return true
end

--- Forgets all rules.
function Faults:clear()
  self.rules = {}
end

-- Takes one strike of a rule; false if it lets this one pass.
local function strike(self, at, rule)
  if rule.skip > 0 then
    rule.skip = rule.skip - 1
    return false
  end
  rule.left = rule.left - 1
  if rule.left <= 0 then table.remove(self.rules, at) end
  return true
end

--- The rule that strikes a request, counted.
---@param method string
---@param path string
---@return table?
function Faults:match(method, path)
  for at, rule in ipairs(self.rules) do
    local matches = rule.kind ~= "fail_run" and (not rule.method or rule.method == method)
      -- linear: the pattern is a spec's own
      and (not rule.pattern or path:find(rule.pattern)) and (not rule.when or rule.when(method, path))
    if matches then return strike(self, at, rule) and rule or nil end
  end
end

--- The error of a run that a rule spoils: `path` is compared with the deployment's id.
---@param request sim.Request
---@return table? error
function Faults:run_failure(request)
  for at, rule in ipairs(self.rules) do
    -- linear: the pattern is a spec's own
    if rule.kind == "fail_run" and (not rule.pattern or request.deployment.id:find(rule.pattern)) then
      if not strike(self, at, rule) then return nil end
      return execution.run_error(rule.message or "The workflow failed: fault on demand", "", rule.error_code)
    end
  end
end

local function retry_headers(rule, content_type)
  local headers = { ["Content-Type"] = content_type }
  if rule.retry_after then headers["Retry-After"] = tostring(rule.retry_after) end
  return headers
end

local function error_body(rule, status)
  local text = rule.message or "fault on demand"
  return json.encode(json.ordered({ "error_code", "error_message" },
    { error_code = rule.error_code or status * 1000 + 1, error_message = text }))
end

local spoiled = {
  status = function(rule)
    local status = rule.status or 503
    return { status = status, headers = retry_headers(rule, "application/json"), body = error_body(rule, status) }
  end,
  html = function(rule)
    local text = rule.message or "Bad gateway"
    return { status = rule.status or 502, headers = retry_headers(rule, "text/html; charset=UTF-8"),
             body = "<!DOCTYPE html>\n<html><head><title>" .. text .. "</title></head><body><h1>" .. text .. "</h1></body></html>\n" }
  end,
  text = function(rule)
    return { status = rule.status or 502, headers = retry_headers(rule, "text/plain"), body = rule.message or "upstream connect error" }
  end,
  empty = function(rule)
    return { status = rule.status or 200, headers = retry_headers(rule, "application/json"), body = "" }
  end,
  error_code = function(rule)
    return { status = 200, headers = retry_headers(rule, "application/json"), body = error_body(rule, 500) }
  end,
}

local function send(request, answer)
  request:respond(answer.status, answer.headers, answer.body)
end

local function truncate(request, answer)
  local body = answer.body .. (" "):rep(math.max(0, 16 - #answer.body))
  request:drop { status = answer.status, headers = answer.headers, body = body:sub(1, #body // 2), promised = #body }
end

--- Answers a request as the rule wants.
---@param rule table
---@param request core.httpd.Request
---@param handle fun(): table   what the service would answer: status, headers, body; call it to have it act
function Faults:apply(rule, request, handle)
  if rule.kind == "delay" then
    local timer ---@type table
    local function answer()
      self.delayed[timer] = nil
      send(request, handle())
    end
    timer = clock.after(rule.seconds or 1, answer)
    self.delayed[timer] = answer
  elseif rule.kind == "truncated" then
    if rule.handled then handle() end
    truncate(request, rule.message and spoiled.text(rule) or handle())
  else
    if rule.handled then handle() end
    if rule.kind == "drop" then return request:drop() end
    send(request, spoiled[rule.kind](rule))
  end
end

--- Gives delayed answers now.
function Faults:release()
  local delayed = self.delayed
  self.delayed = {}
  for timer, answer in pairs(delayed) do
    timer:cancel()
    answer()
  end
end

--- Ends delayed answers.
function Faults:close()
  for timer in pairs(self.delayed) do timer:cancel() end
  self.delayed = {}
end

return M
