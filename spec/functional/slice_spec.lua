-- Recipes that take longer than a client of `rcmcp serve` waits, over real pipes.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"
local simulator = require "lib.sim.server"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"
local NODE = "spec/clients/node_modules/.bin/node"

local SLEEPER = [[
local rc = require "rc"
local function tool(name, output, gives)
  return rc.tool { name = name, description = "Takes its time.", output = output, run = function() rc.sleep(1.2) return gives end }
end
return {
  tool("typed", { { "url", "string", "A URL" } }, { url = "u" }),
  tool("narrow", { type = "object", additionalProperties = { type = "number" } }, { a = 1 }),
  tool("listed", { type = "array", items = { type = "integer" } }, rc.json.array { 1, 2 }),
  tool("free", nil, { free = true }),
}
]]

local KEEPER = [[
local rc = require "rc"
return rc.tool { name = "keeper", description = "Keeps warm.", uses = { "update_deployment", "submit_request" },
  input = { { "seconds", "number", "How long", default = 3000 } },
  run = function(input)
    local id = "a1b2c3d4-0000-4000-8000-000000000001"
    local _ <close> = rc.finally(function() rc.tools.update_deployment { deployment_id = id, min_instances = 0 } end)
    rc.submit { deployment_id = id }
    rc.sleep(input.seconds)
    return { done = true }
  end }
]]

describe("the slice of a recipe", function()
  local files, sim

  before_each(function()
    files = folder.new()
    files:write("recipes/sleeper.lua", SLEEPER)
    files:write("recipes/keeper.lua", KEEPER)
    sim = assert(simulator.start { cold_start = 3000 })
  end)

  after_each(function()
    sim:stop()
    files:remove()
  end)

  local function serve(...)
    local server = child.rcmcp({ "serve", "--recipes", files.path .. "/recipes", ... },
      { env = { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. sim.base_url } })
    server:write('{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
      .. '"clientInfo":{"name":"spec","version":"1"}}}\n')
    server:line()
    return server
  end

  local last = 0
  local function call(server, name, arguments)
    last = last + 1
    server:write(json.encode {
      jsonrpc = "2.0", id = last, method = "tools/call", params = { name = name, arguments = arguments or {} },
    } .. "\n")
    return json.decode(server:line()).result
  end

  -- What the keeper's call leaves running, its submit answered: where the machine is busy that takes more than one slice.
  local function leave_running(server)
    local pending = call(server, "keeper").structuredContent
    while #pending.open_requests == 0 do
      assert.is_true(pending.pending)
      pending = call(server, "run_recipe", { collect = pending.run }).structuredContent
    end
    return pending
  end

  local function patches() return #sim:requests { method = "PATCH" } end

  for name, finish in pairs {
    ["its client closes its input"] = function(server) server:close_stdin() end,
    ["SIGTERM"] = function(server) server.handle:kill "TERM" end,
    ["SIGINT"] = function(server) server.handle:kill "INT" end,
  } do
    it("leaves a run in the background, which ends with its clean-up when the session does: " .. name, function()
      local server <close> = serve("--wait-slice", "0.001")
      local pending = leave_running(server)
      assert.is_true(pending.pending)
      assert.equal(ID, pending.open_requests[1].deployment_id)
      assert.same({ 0, true }, { patches(), call(server, "run_recipe", { collect = pending.run }).structuredContent.pending })
      finish(server)
      server:wait_until(function() return server.status ~= nil end)
      assert.same({ 0, 1 }, { server.status, patches() })
      assert.matches(pending.open_requests[1].request_id, server.err, 1, true)
      assert.matches("the result of run " .. pending.run, server.err, 1, true)
    end)
  end

  it("is none with 0, and none on the command line", function()
    local server <close> = serve("--wait-slice", "0")
    assert.is_true(call(server, "keeper", { seconds = 0.5 }).structuredContent.done)
    local run <close> = child.rcmcp({ "run", files.path .. "/recipes/keeper.lua", "seconds=0.5", "--wait-slice", "0.1" },
      { env = { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. sim.base_url } })
    assert.equal(0, (run:wait()))
    assert.is_true(json.decode(run.out).done)
  end)

  it("answers a call of SIGHUP's new account apart from the runs of the one before", function()
    local key = files.path .. "/key"
    files:write("key", "key-of-the-first")
    local server <close> = child.rcmcp({ "serve", "--recipes", files.path .. "/recipes", "--wait-slice", "0.2", "--log-level", "info" },
      { env = { "RUNCOMFY_API_KEY_FILE=" .. key, "RUNCOMFY_SERVERLESS_BASE_URL=" .. sim.base_url } })
    server:write('{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}\n')
    server:line()
    local run = call(server, "keeper").structuredContent.run
    files:write("key", "key-of-the-second")
    server.handle:kill "HUP"
    server:wait_until(function() return server.err:find("configuration reloaded", 1, true) ~= nil end)
    assert.is_true(call(server, "run_recipe", { collect = run }).isError)
    assert.are_not.equal(run, call(server, "keeper").structuredContent.run)
  end)

  local f = io.open(NODE)
  if not f then return pending("with the official clients: they are not installed (npm ci --prefix spec/clients)") end
  f:close()

  for _, mode in ipairs { "v1", "legacy", "auto", "pin" } do
    it("keeps to the output schemas that the official client checks: " .. mode, function()
      local c <close> = child.spawn(NODE, { "spec/clients/pending.mjs", mode, child.program, "serve", "--simulate", "--wait-slice", "0.5",
        "--recipes", files.path .. "/recipes" })
      c:close_stdin()
      local status = c:wait(120)
      assert.equal("ok\n", c.out, c.err)
      assert.equal(0, status)
    end)
  end
end)
