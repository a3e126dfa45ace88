-- rcmcp lua spec/support/counting_simulator.lua: a simulator, a thousand times as fast as real, whose instances and runs take a
-- second; prints its URL and one that tells what was sent to it.
--
-- GET /writes: a list of { method, path, body }, of all requests since the last time that were no GET.
-- GET /deployment: the first deployment's min_instances and max_instances.
local clock = require "lib.async.clock"
local httpd = require "core.httpd"
local json = require "core.json"
local loop = require "core.loop"
local server = require "lib.sim.server"

local sim = assert(server.start { cold_start = 1, run_time = 1, log_length = 1000 })
clock.set_speed(1000)
local seen = 0

local function writes()
  local new, list = sim.received - seen, json.as_array {}
  seen = sim.received
  local all = sim:requests()
  for i = #all - new + 1, #all do
    local entry = all[i]
    if entry.method ~= "GET" then list[#list + 1] = { method = entry.method, path = entry.path, body = entry.body } end
  end
  return list
end

local function deployment()
  local first = sim.model:list()[1]
  return { min_instances = first.min_instances, max_instances = first.max_instances }
end

local tellers = { ["/writes"] = writes, ["/deployment"] = deployment }

local teller = assert(httpd.listen({ host = "127.0.0.1", port = 0 }, function(request)
  request:respond(200, { ["Content-Type"] = "application/json" }, json.encode(tellers[request.path]()))
end))

io.stdout:write(sim.base_url, " http://127.0.0.1:", tostring(teller.port), "\n")
io.stdout:flush()
while loop.step(true) do end
