-- How sessions end, beside the table of endings_table_spec.lua: the order of what is sent, who waits for whom, the official
-- clients.  The simulator runs in this process and counts what it was sent, the program is a child.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"
local simulator = require "lib.sim.server"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

-- Warms a deployment up, waits as it is told, and takes that back.
local KEEPER = [[
local rc = require "rc"
return rc.tool {
  name = "keeper", description = "Keeps warm.",
  input = { { "how", "string", "What it waits for" } },
  uses = { "update_deployment", "submit_request", "list_deployments", "get_deployment" },
  run = function(input)
    local id = "a1b2c3d4-0000-4000-8000-000000000001"
    local _ <close> = rc.finally(function()
      rc.tools.update_deployment { deployment_id = id, min_instances = 0 }
    end)
    rc.tools.update_deployment { deployment_id = id, min_instances = 1 }
    if input.how == "sleep" then rc.sleep(3000) end
    if input.how == "job" then rc.submit({ deployment_id = id }):wait() end
    if input.how == "reads" then while true do rc.tools.get_deployment { deployment_id = id } end end
    return { how = input.how }
  end,
}
]]

local OUTER = [[
local rc = require "rc"
return rc.tool {
  name = "outer", description = "Calls the keeper.", input = { { "how", "string", "What it waits for" } }, uses = { "keeper" },
  run = function(input)
    local _ <close> = rc.finally(function() rc.log("warning", "outer was cleaned up") end)
    pcall(rc.tools.keeper, { how = input.how })
    rc.sleep(3000)
  end,
}
]]

local CAN_ASK = '{"elicitation":{}}'

describe("the end of a session", function()
  local files, sim

  before_each(function()
    files = folder.new()
    files:write("recipes/keeper.lua", KEEPER)
    files:write("recipes/outer.lua", OUTER)
    sim = assert(simulator.start { cold_start = 3000 })
  end)

  after_each(function()
    sim:stop()
    files:remove()
  end)

  local function env(more)
    return { env = { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. sim.base_url, table.unpack(more or {}) } }
  end

  local function start(more)
    local server = child.rcmcp({ "serve", "--recipes", files.path .. "/recipes" }, env(more))
    server:write('{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":'
      .. CAN_ASK .. ',"clientInfo":{"name":"spec","version":"1"}}}\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
    server:line()
    return server
  end

  local function call(server, id, name, arguments)
    server:write(json.encode { jsonrpc = "2.0", id = id, method = "tools/call", params = { name = name, arguments = arguments } } .. "\n")
  end

  local function answer(server, id)
    for line in server.out:gmatch "[^\n]+" do
      local message = json.decode(line)
      if message.id == id and message.method == nil then return message end
    end
  end

  local function patches()
    local list = {}
    for i, request in ipairs(sim:requests { method = "PATCH" }) do list[i] = json.decode(request.body).min_instances end
    return list
  end

  local reached = {
    sleep = function() return #patches() == 1 end,
    job = function() return #sim:requests { path = "/status" } > 0 end,
  }

  it("answers a recipe that waits with what goes on, when its client closes its input", function()
    local server <close> = start()
    call(server, 1, "keeper", { how = "job" })
    server:wait_until(reached.job)
    server:close_stdin()
    server:wait()
    local result = answer(server, 1).result
    assert.is_true(result.isError)
    assert.equal("client_left", result.structuredContent.code)
    assert.equal(ID, result.structuredContent.open_requests[1].deployment_id)
    assert.matches(result.structuredContent.open_requests[1].request_id, server.err, 1, true)
  end)

  it("ends recipes that a recipe called, and both clean up, the inner one first", function()
    local server <close> = start()
    call(server, 1, "outer", { how = "sleep" })
    server:wait_until(reached.sleep)
    server:close_stdin()
    assert.equal(0, (server:wait()))
    assert.same({ 1, 0 }, patches())
    assert.matches("outer was cleaned up", server.err, 1, true)
  end)

  it("ends a recipe that reads without end, when its clean-up needs its time", function()
    local server <close> = start()
    call(server, 1, "keeper", { how = "reads" })
    server:wait_until(reached.sleep)
    server:close_stdin()
    assert.equal(0, (server:wait()))
    assert.same({ 1, 0 }, patches())
  end)

  it("does not let the clean-up overtake the write that it undoes", function()
    assert(sim:fault { kind = "delay", seconds = 0.5, method = "PATCH" })
    local server <close> = start()
    call(server, 1, "keeper", { how = "sleep" })
    server:wait_until(function() return #patches() == 1 end)
    server:write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}\n')
    server:close_stdin()
    assert.equal(0, (server:wait()))
    local list = sim:requests { method = "PATCH" }
    assert.same({ 1, 0 }, patches())
    assert.is_true(list[2].at - list[1].at >= 0.45, list[2].at - list[1].at)
  end)

  it("does not cut clean-ups short at the SIGTERM that official clients send 2 s after closing the input", function()
    assert(sim:fault { kind = "delay", seconds = 1, method = "PATCH", skip = 1 })
    local server <close> = start()
    call(server, 1, "keeper", { how = "sleep" })
    server:wait_until(reached.sleep)
    server:close_stdin()
    server:wait_until(function() return #patches() == 2 end)
    server.handle:kill "TERM"
    assert.same({ 0, 0 }, { server:wait() })
    assert.equal("", server.err)
  end)

  it("cuts them short at the one after that, at a second SIGINT, and says what was not done", function()
    for _, signals in ipairs { { "TERM", "TERM" }, { "INT", "INT" } } do
      sim.faults:clear()
      assert(sim:fault { kind = "delay", seconds = 30, method = "PATCH", skip = 1 })
      local server <close> = start()
      local before = #patches()
      call(server, 1, "keeper", { how = "job" })
      server:wait_until(function() return #patches() == before + 1 and #sim:requests { path = "/status" } > before end)
      server:close_stdin()
      server:wait_until(function() return #patches() == before + 2 end)
      for _, name in ipairs(signals) do
        server.handle:kill(name)
        local seen = require("lib.async.fiber").spawn(require("lib.async.fiber").sleep, 0.1) -- two of a kind at once count as one
        server:wait_until(function() return seen.status == "done" end)
      end
      assert.same({ 0, 0 }, { server:wait() })
      assert.matches("recipe 'keeper' is still cleaning up; what it submitted goes on: request ", server.err, 1, true)
      assert.matches("while a%a* [^\n]*PATCH", server.err)
    end
  end)

  it("logs within its time what has not ended, and leaves clean-ups theirs where nobody kills", function()
    assert(sim:fault { kind = "delay", seconds = 60, method = "PATCH", skip = 1 })
    local server <close> = start()
    call(server, 1, "keeper", { how = "job" })
    server:wait_until(reached.job)
    server:close_stdin()
    server:wait_until(function(c) return c.err:find("is still cleaning up", 1, true) ~= nil end)
    assert.is_nil(server.status)
    sim.faults:release()
    assert.same({ 0, 0 }, { server:wait() })
    assert.same({ 1, 0 }, patches())
    assert.is_nil(server.err:find("a clean-up failed", 1, true))
  end)

  it("tries a clean-up again that the API refuses for a while, and says where it failed for good", function()
    assert(sim:fault { kind = "status", status = 503, method = "PATCH", skip = 1, count = 2 })
    local server <close> = start()
    call(server, 1, "keeper", { how = "sleep" })
    server:wait_until(reached.sleep)
    server:write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}\n')
    server:wait_until(function() return #patches() == 4 end)
    assert.same({ 1, 0, 0, 0 }, patches())
    sim.faults:clear()
    assert(sim:fault { kind = "status", status = 422, method = "PATCH", skip = 1, forever = true })
    call(server, 2, "keeper", { how = "sleep" })
    server:wait_until(function() return #patches() == 5 end)
    server:write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}\n')
    server:wait_until(function(c) return c.err:find("recipe 'keeper': a clean-up failed: ", 1, true) ~= nil end)
    assert.equal(6, #patches())
    server:close_stdin()
    assert.equal(0, (server:wait()))
  end)

  it("still answers calls that need no wait", function()
    local server <close> = start()
    call(server, 1, "list_deployments", {})
    call(server, 2, "submit_request", { deployment_id = ID })
    call(server, 3, "keeper", { how = "none" })
    server:close_stdin()
    assert.equal(0, (server:wait()))
    assert.equal(3, #answer(server, 1).result.structuredContent.deployments)
    assert.is_string(answer(server, 2).result.structuredContent.submission.request_id)
    assert.equal("none", answer(server, 3).result.structuredContent.how)
  end)

  for _, sdk in ipairs { "v1", "v2" } do
    it("puts the old settings back when the official client closes as it does, SDK " .. sdk, function()
      local node = io.open "spec/clients/node_modules/.bin/node"
      if not node then return pending "the official clients are not installed: run `npm ci --prefix spec/clients`" end
      node:close()
      local client <close> = child.spawn("spec/clients/node_modules/.bin/node", { "spec/clients/close.mjs", sdk, ID, child.program,
        "serve", "--examples" }, env())
      client:close_stdin()
      client:wait(120)
      assert.equal("closed\n", client.out, client.err)
      assert.same({ 1, 0 }, patches())
    end)
  end
end)
