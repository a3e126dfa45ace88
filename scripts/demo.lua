--- The demonstration: a simulator in this process, and `rcmcp call` beside it, as a person would type it.
---
---   rcmcp lua scripts/demo.lua PNG

local child = require "spec.support.child"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local http = require "lib.async.http"
local json = require "core.json"
local loop = require "core.loop"
local sim = require "lib.sim.server"

local SPEED = 60
local picture = assert(arg[1], "usage: rcmcp lua scripts/demo.lua PNG")
io.stdout:setvbuf "line"

clock.set_speed(SPEED)
local simulator = assert(sim.start {})
local environment = { "RUNCOMFY_SERVERLESS_BASE_URL=" .. simulator.base_url, "RUNCOMFY_API_KEY=no-key-for-the-simulator" }

local function quoted(word)
  return word:find("[^%w_=./:-]") and "'" .. word .. "'" or word
end

local function indented(text)
  return "  " .. text:gsub("\n$", ""):gsub("\n", "\n  ")
end

-- Runs `rcmcp call …`, shows it and its message, and returns its structured content.
local function call(...)
  local args, shown = { "call", ... }, { "rcmcp call" }
  for i = 2, #args do shown[i] = quoted(args[i]) end
  print("\n$ " .. table.concat(shown, " "))
  local status, out, err = child.run(args, { env = environment, seconds = 300 })
  print(indented(err))
  if status ~= 0 then
    print(indented(out))
    error(("that call ended with status %d"):format(status), 0)
  end
  return json.decode(out)
end

local function find_text_node(summary)
  for _, node in ipairs(summary) do
    if node.class_type == "CLIPTextEncode" then return node.node_id end
  end
  error("the simulated workflow has no text node", 0)
end

local function fetch(url, path)
  local task = fiber.spawn(http.request, { method = "GET", url = url, save_as = path })
  task.quiet = true
  while task.status ~= "done" do loop.step(true) end
  local ok, response, err = task:join()
  if not ok or not response then error(tostring(err or response), 0) end
  if response.status ~= 200 then error(("the picture's address answered with status %d"):format(response.status), 0) end
end

local function main()
  print(("A simulated RunComfy account runs inside this demo, %d times as fast as real time."):format(SPEED))

  local deployments = call("list_deployments").deployments
  for _, deployment in ipairs(deployments) do
    print(("  %s  %-16s %s"):format(deployment.id, deployment.name, deployment.hardware[1]))
  end

  local id = deployments[1].id
  local nodes = call("get_deployment", "deployment_id=" .. id, "include_payload=true").payload_summary.workflow_node_summary
  for _, node in ipairs(nodes) do
    print(("  node %-3s %-24s %s"):format(node.node_id, node.class_type, table.concat(node.input_names, ", ")))
  end

  local change = { [find_text_node(nodes)] = { inputs = { text = "a red fox in fresh snow, morning light" } } }
  local finished = call("submit_request", "deployment_id=" .. id, "overrides=" .. json.encode(change),
    "wait_for_completion=true", "timeout_seconds=600")
  local output = finished.output_urls[1]
  print("  output of node " .. output.node_id .. ": " .. output.url)

  fetch(output.url, picture)
  print("\nAll of this was simulated: no GPU was rented and nothing was charged.")
  print("The picture: " .. picture)
end

local ok, err = pcall(main)
simulator:stop()
if not ok then
  io.stderr:write("scripts/demo: ", tostring(err), "\n")
  os.exit(1)
end
