--- The simulator's own routes, under /_sim: faults, clock, state.

local answers = require "lib.sim.answers"
local clock = require "lib.async.clock"
local instances = require "lib.sim.instances"
local json = require "core.json"

local M = {}

local function bad(message)
  return answers.json(400, { error = message })
end

local function decoded(request)
  local value, message = json.decode(request.body)
  if message then return nil, bad("the body is no JSON: " .. message) end
  if type(value) ~= "table" then return nil, bad("the body must be an object") end
  return value
end

local function add_faults(sim, request)
  local body, refusal = decoded(request)
  if not body then return refusal end
  local rules = getmetatable(body) == json.array and body or { body }
  for _, rule in ipairs(rules) do
    local ok, err = sim:fault(rule)
    if not ok then return bad(err.message) end
  end
  return answers.json(200, { rules = #sim.faults.rules })
end

local function clear_faults(sim)
  sim.faults:clear()
  return answers.json(200, { rules = 0 })
end

local function set_clock(sim, request)
  local body, refusal = decoded(request)
  if not body then return refusal end
  if body.speed ~= nil and not (type(body.speed) == "number" and body.speed > 0) then return bad("'speed' must be a number above 0") end
  if body.advance ~= nil and not (type(body.advance) == "number" and body.advance >= 0) then
    return bad("'advance' must be seconds, 0 or more")
  end
  if body.speed then
    clock.set_speed(body.speed)
    sim.model.time:rearm()
  end
  if body.advance then sim.model.time:advance(body.advance) end
  return answers.json(200, { now = clock.iso(sim.model.time:wall()), speed = clock.speed() })
end

local function show_instance(instance)
  local total, free = instances.vram(instance)
  return { id = instance.id, state = instance.state, hardware = instance.sku, vram_total = total, vram_free = free,
           request_id = instance.request and instance.request.id }
end

local function show_deployment(deployment)
  local running, waiting = json.as_array {}, json.as_array {}
  for at, instance in ipairs(deployment.instances) do running[at] = show_instance(instance) end
  for at, request in ipairs(deployment.queue) do waiting[at] = request.id end
  return { id = deployment.id, name = deployment.name, is_enabled = deployment.is_enabled, instances = running, queue = waiting }
end

local function show_state(sim)
  local deployments, requests = json.as_array {}, {}
  for at, deployment in ipairs(sim.model:list()) do deployments[at] = show_deployment(deployment) end
  for id, request in pairs(sim.model.requests) do
    requests[id] = { deployment_id = request.deployment.id, status = request.status, outcome = request.outcome }
  end
  return answers.json(200, { now = clock.iso(sim.model.time:wall()), speed = clock.speed(), deployments = deployments,
                             requests = requests, faults = #sim.faults.rules, received = sim.received,
                             webhooks = { delivered = sim.webhooks.delivered, failed = sim.webhooks.failed } })
end

local ROUTES = {
  ["/_sim/faults"] = { POST = add_faults, DELETE = clear_faults },
  ["/_sim/clock"] = { POST = set_clock },
  ["/_sim/state"] = { GET = show_state },
}

--- Answers a request for the simulator itself.
---@param sim sim.Server
---@param request core.httpd.Request
---@return sim.Answer|nil  nil: the path is none of these
function M.answer(sim, request)
  if not request.path:find("^/_sim/") then return nil end
  local route = ROUTES[request.path]
  if not route then return answers.json(404, { error = "the simulator knows /_sim/faults, /_sim/clock and /_sim/state" }) end
  if not route[request.method] then return answers.json(405, { error = "method not allowed" }) end
  return route[request.method](sim, request)
end

return M
