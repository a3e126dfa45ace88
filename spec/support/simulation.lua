--- A simulator under the virtual clock, and a plain HTTP client that talks to it.

local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local http = require "core.http"
local json = require "core.json"
local server = require "lib.sim.server"

local M = {}

M.TEXT_TO_IMAGE = "a1b2c3d4-0000-4000-8000-000000000001"
M.IMAGE_TO_IMAGE = "a1b2c3d4-0000-4000-8000-000000000002"
M.UPSCALE = "a1b2c3d4-0000-4000-8000-000000000003"

local Simulation = {}
Simulation.__index = Simulation

--- Sends a request from a fiber; a table as body goes out as JSON.  JSON answers come decoded in `json`.
function Simulation:send(method, path, body, headers)
  local lines = headers or {}
  if type(body) == "table" then body = json.encode(body) end
  if body then lines[#lines + 1] = "Content-Type: application/json" end
  local url = path:find("^http") and path or self.sim.base_url .. path
  local answer, message, code = fiber.await(http.start, { method = method, url = url, body = body, headers = lines })
  if not answer then return nil, message, code end
  if answer.headers:lower():find("content%-type: application/json") then answer.json = json.decode(answer.body) end
  return answer
end

function Simulation:get(path, headers)
  return self:send("GET", path, nil, headers)
end

function Simulation:submit(deployment, body)
  return self:send("POST", "/prod/v1/deployments/" .. deployment .. "/inference", body or {})
end

function Simulation:ask(deployment, request, what)
  return self:get(("/prod/v1/deployments/%s/requests/%s/%s"):format(deployment, request, what)).json
end

--- Submits, lets time pass, and returns the result's body.
function Simulation:run(deployment, body, seconds)
  local answer = self:submit(deployment, body)
  assert(answer.json and answer.json.request_id, answer.body)
  clock.sleep(seconds or 300)
  return self:ask(deployment, answer.json.request_id, "result"), answer.json.request_id
end

--- Runs `fn(simulation, time)` in a fiber under the virtual clock, and closes all of it.
function M.with(options, fn)
  local time <close> = clock.virtual()
  local sim <close> = assert(server.start(options))
  time:run(fn, setmetatable({ sim = sim }, Simulation), time)
end

return M
