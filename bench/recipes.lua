--- What recipes cost, in one run, taking turns:
---   build/release/rcmcp lua bench/recipes.lua [ROUNDS]
--- Prints medians and ratios: a recipe of three calls beside the three calls, against a server on loopback that answers
--- at once, and the loading of 100 recipes beside the start of node.  Ends with status 1 when a gate is missed: 100 us
--- for a recipe's call beyond its three, 100 recipes in 50 ms where node takes 40 ms to start.

local accounts = require "lib.account"
local catalog = require "lib.recipes.link.catalog"
local clock = require "core.clock"
local fiber = require "lib.async.fiber"
local fs = require "core.fs"
local host = require "core.host"
local httpd = require "core.httpd"
local loop = require "core.loop"
local registry = require "lib.features.registry"

local ROUNDS = tonumber(arg[1]) or 400
local LOADS = 9
local RECIPES = 100
local GATE_CALL_US, GATE_LOAD_MS, NODE_MS = 100, 50, 40

local RECIPE = [[
local rc = require "rc"

-- Asks for the status of one request three times.
return rc.tool {
  name = "%s",
  title = "Three looks at a request",
  description = "Asks three times where a request stands.",
  input = {
    { "deployment_id", "string", "The deployment that owns the request" },
    { "request_id", "string", "The request" },
    { "note", "string", "Not used", default = "none" },
  },
  uses = { "get_request_status" },
  run = function(input)
    local last
    for _ = 1, 3 do
      last = rc.tools.get_request_status { deployment_id = input.deployment_id, request_id = input.request_id }
    end
    return { status = last.status.status }
  end,
}
]]

local INPUT = { deployment_id = "d", request_id = "r" }

local function median(samples)
  table.sort(samples)
  return samples[(#samples + 1) // 2]
end

local function timed(fn)
  local started = clock.monotonic()
  fn()
  return clock.monotonic() - started
end

local function run(fn)
  local task = fiber.spawn(fn)
  while task.status ~= "done" do loop.step(true) end
  assert(task:join())
end

-- Folders of recipes that last as long as the run.
local function write_recipes(count)
  local folder = os.tmpname()
  os.remove(folder)
  assert(fs.mkdir(folder))
  for i = 1, count do
    local file = assert(io.open(("%s/three_looks_%d.lua"):format(folder, i), "w"))
    file:write(RECIPE:format("three_looks_" .. i))
    file:close()
  end
  return folder
end

local function builtin_tools()
  local tools = registry.new()
  for _, module in ipairs(host.modules("tools.")) do assert(tools:add(require(module))) end
  return tools:snapshot().list
end

local tools = builtin_tools()

local function open(folder)
  local recipes = catalog.new { folders = { { path = folder, label = "bench" } }, registry_tools = tools }
  recipes:scan()
  return recipes
end

local account

local function context()
  return account:equip { cancelled = false, progress = function() end, log = function() end, on_draining = function() end }
end

local function call(tool)
  local result = registry.call(tool, INPUT, context())
  assert(not result.is_error, result.text)
end

local function measure_calls()
  local server <close> = assert(httpd.listen({}, function(request)
    request:respond(200, { ["content-type"] = "application/json" },
      '{"request_id":"r","status":"in_progress","queue_position":null,"instance_id":"i"}')
  end))
  account = assert(accounts.new { key = "bench-key-0123456789", base_url = ("http://127.0.0.1:%d"):format(server.port) })
  local folder = write_recipes(1)
  local recipes = open(folder)
  local status, recipe = recipes:find("get_request_status"), recipes:find("three_looks_1")
  local plain, composed = {}, {}
  run(function()
    for round = -50, ROUNDS do
      local a = timed(function() for _ = 1, 3 do call(status) end end)
      local b = timed(function() call(recipe) end)
      if round > 0 then plain[round], composed[round] = a, b end
    end
  end)
  recipes:close()
  assert(os.execute("rm -r " .. folder))
  return median(plain) * 1e6, median(composed) * 1e6
end

local function measure_node()
  local samples = {}
  for i = 1, LOADS do
    samples[i] = timed(function() os.execute("node -e '' 2>/dev/null") end)
  end
  return median(samples) * 1e3
end

local function measure_loading()
  local folder = write_recipes(RECIPES)
  local samples = {}
  for i = 1, LOADS do
    local recipes
    samples[i] = timed(function() recipes = open(folder) end)
    assert(recipes:find("three_looks_" .. RECIPES), "a recipe did not load")
    recipes:close()
  end
  assert(os.execute("rm -r " .. folder))
  return median(samples) * 1e3
end

local missed = false
local function gate(held, text)
  missed = missed or not held
  print(("%-6s %s"):format(held and "holds" or "MISSED", text))
end

local plain, composed = measure_calls()
print(("three calls              %8.1f us"):format(plain))
print(("a recipe of these three  %8.1f us   %.2f times"):format(composed, composed / plain))
local loading = measure_loading()
print(("%d recipes loaded       %8.1f ms"):format(RECIPES, loading))
local has_node = os.execute("node --version >/dev/null 2>&1")
local node = has_node and measure_node()
if node then print(("node -e ''               %8.1f ms   loading takes %.2f of it"):format(node, loading / node)) end

gate(composed - plain <= GATE_CALL_US, ("a recipe's call adds %.0f us, at most %d"):format(composed - plain, GATE_CALL_US))
if node then
  gate(loading / node <= GATE_LOAD_MS / NODE_MS, ("%d recipes load in %.2f of node's start, at most %.2f"):format(
    RECIPES, loading / node, GATE_LOAD_MS / NODE_MS))
else
  print("node is not installed: the gate of loading is not judged")
end
os.exit(missed and 1 or 0)
