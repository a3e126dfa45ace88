--- Webhooks: the service's own POSTs about a request's course.
---
--- Only the last status is told, unless all are wanted.  A delivery that is not answered with 2xx
--- within 10 seconds is repeated, after pauses that double, for a day.

local answers = require "lib.sim.answers"
local fiber = require "lib.async.fiber"
local http = require "core.http"
local json = require "core.json"

local M = {}

local FIRST_PAUSE, LONGEST_PAUSE, GIVE_UP = 5, 3600, 86400

---@class sim.Webhooks
---@field package sim sim.Server
---@field package fibers table<Fiber, boolean>
---@field delivered integer  answered with 2xx
---@field failed integer     attempts that were not
local Webhooks = {}
Webhooks.__index = Webhooks

---@param sim sim.Server
---@return sim.Webhooks
function M.new(sim)
  return setmetatable({ sim = sim, fibers = {}, delivered = 0, failed = 0 }, Webhooks)
end

--- Whether an address may be told: https, or http on this machine.
---@param url any
---@return boolean
function M.is_address(url)
  if type(url) ~= "string" or url:find("[%s%c]") then return false end
  local loopback = url:match("^http://([^/?#]+)")
  if loopback then
    local host = loopback:gsub(":%d+$", "")
    return host == "127.0.0.1" or host == "localhost" or host == "[::1]"
  end
  return url:find("^https://[%w%-._:%[%]]+") ~= nil
end

local function body_of(sim, request)
  local ended = request.outcome ~= nil
  local body = answers.result(sim, request)
  body.deployment_id = request.deployment.id
  if ended then body.outcome = body.status end
  return json.encode(body)
end

local function attempt(url, body)
  local response = fiber.await(http.start, {
    method = "POST",
    url = url,
    headers = { "Content-Type: application/json", "User-Agent: rcmcp-simulator" },
    body = body,
    total_ms = 10000,
  })
  return response ~= nil and response.status >= 200 and response.status <= 299
end

local function deliver(self, url, body)
  local time = self.sim.model.time
  local pause, deadline = FIRST_PAUSE, time:now() + GIVE_UP
  while not attempt(url, body) do
    self.failed = self.failed + 1
    if time:now() + pause > deadline then return end
    fiber.await(time.after, time, pause)
    pause = math.min(pause * 2, LONGEST_PAUSE)
  end
  self.delivered = self.delivered + 1
end

local function start(self, url, body)
  local task
  task = fiber.spawn(function()
    deliver(self, url, body)
    if task then self.fibers[task] = nil end
  end)
  task.quiet = true
  if task.status ~= "done" then self.fibers[task] = true end
end

--- What a request has to call at each change of its status.
---@param url string
---@param intermediate boolean  tell every status, not only the last
---@return fun(request: sim.Request)
function Webhooks:listener(url, intermediate)
  return function(request)
    if intermediate or request.outcome then start(self, url, body_of(self.sim, request)) end
  end
end

--- Ends deliveries under way.
function Webhooks:close()
  local fibers = self.fibers
  self.fibers = {}
  for task in pairs(fibers) do task:cancel("the simulator stops") end
end

return M
