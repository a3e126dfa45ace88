-- Questions of 2026-07-28 whose answer comes to another process, or too late: what was paid for is told, and not asked for again.
local child = require "spec.support.child"
local clock = require "lib.async.clock"
local folder = require "spec.support.folder"
local json = require "core.json"
local simulator = require "lib.sim.server"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

local ASKER = [[
local rc = require "rc"
return rc.tool {
  name = "asker", description = "Asks.", input = { { "first", "string", "What it does before it asks" } },
  uses = { "submit_request", "update_deployment" },
  run = function(input, ctx)
    local id = "a1b2c3d4-0000-4000-8000-000000000001"
    if input.first == "submit" then rc.submit { deployment_id = id } end
    if input.first == "tool" then rc.tools.submit_request { deployment_id = id, wait_for_completion = true } end
    if input.first == "wait" then rc.submit({ deployment_id = id }):wait() end
    if input.first == "update" then rc.tools.update_deployment { deployment_id = id, min_instances = 1 } end
    if input.first == "beside" then
      rc.all { function() rc.sleep(0.01) rc.submit { deployment_id = id } end, function() ctx:confirm "Go on?" end }
    else
      ctx:confirm "Go on?"
    end
    if input.first == "after" then rc.submit({ deployment_id = id }):wait() end
    return { ok = true }
  end,
}
]]

local OUTER = [[
local rc = require "rc"
return rc.tool {
  name = "outer", description = "Calls the asker.", input = { { "first", "string", "What it does before it asks" } }, uses = { "asker" },
  run = function(input) return rc.tools.asker { first = input.first } end,
}
]]

describe("a question of 2026-07-28", function()
  local files, sim, last

  before_each(function()
    files, last = folder.new(), 0
    files:write("recipes/asker.lua", ASKER)
    files:write("recipes/outer.lua", OUTER)
    sim = assert(simulator.start { cold_start = 1 })
    clock.set_speed(1000) -- of the simulator, which runs in this process
  end)

  after_each(function()
    clock.set_speed(1)
    sim:stop()
    files:remove()
  end)

  local function start()
    return child.rcmcp({ "serve", "--recipes", files.path .. "/recipes" },
      { env = { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. sim.base_url } })
  end

  local function call(server, name, first, more)
    last = last + 1
    local params = { name = name, arguments = { first = first }, _meta = {
      ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
      ["io.modelcontextprotocol/clientCapabilities"] = { elicitation = {} },
    } }
    for key, value in pairs(more or {}) do params[key] = value end
    server:write(json.encode { jsonrpc = "2.0", id = last, method = "tools/call", params = params } .. "\n")
    return json.decode(server:line())
  end

  local function yes(state)
    return { requestState = state, inputResponses = { question = { action = "accept", content = { confirm = true } } } }
  end

  local function submits() return sim:requests { method = "POST", path = "/inference" } end

  local function asked_and_killed(name, first)
    local server <close> = start()
    local state = call(server, name, first).result.requestState
    server.handle:kill "KILL"
    server:wait_until(function() return server.status ~= nil end)
    return state
  end

  for name, first in pairs { submit = "asker", tool = "asker", wait = "asker" } do
    it(("names what its call had submitted (%s) to the client of a new process"):format(name), function()
      local state = asked_and_killed(first, name)
      local server <close> = start()
      local err = call(server, first, name, yes(state)).error
      assert.equal(-32602, err.code)
      assert.matches("of deployment " .. ID, err.message, 1, true)
      assert.matches("pay a second time", err.message, 1, true)
      assert.is_nil(err.message:find("without it", 1, true))
      assert.equal(ID, err.data.submitted[1].deployment_id)
      assert.is_string(err.data.submitted[1].request_id)
      assert.matches(err.data.submitted[1].request_id, err.message, 1, true)
      assert.equal(1, #submits())
    end)
  end

  it("names a deployment that was changed", function()
    local state = asked_and_killed("asker", "update")
    local server <close> = start()
    local err = call(server, "asker", "update", yes(state)).error
    assert.matches("update_deployment of deployment " .. ID, err.message, 1, true)
  end)

  it("names what was submitted by a recipe that the call called, and goes on with it in the same process", function()
    local server <close> = start()
    local state = call(server, "outer", "submit").result.requestState
    assert.is_true(call(server, "outer", "submit", yes(state)).result.structuredContent.ok)
    local again = call(server, "outer", "submit", yes(state)).error -- used already
    assert.matches("of deployment " .. ID, again.message, 1, true)
    assert.equal(1, #submits())
  end)

  it("does not say that asking again is safe: the process that asked may have gone on", function()
    local server <close> = start()
    for _, first in ipairs { "none", "beside" } do
      local err = call(server, "asker", first, yes(asked_and_killed("asker", first))).error
      assert.matches("had submitted nothing when it asked, but may have gone on since.", err.message, 1, true)
      assert.is_nil(err.message:find("safe", 1, true))
    end
  end)

  it("is answered, and paid for, once, though the server dies before the answer and the client comes back", function()
    local state
    do
      local server <close> = start()
      state = call(server, "asker", "after").result.requestState
      local params = yes(state)
      params.name, params.arguments = "asker", { first = "after" }
      params._meta = { ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
        ["io.modelcontextprotocol/clientCapabilities"] = { elicitation = {} } }
      server:write(json.encode { jsonrpc = "2.0", id = "again", method = "tools/call", params = params } .. "\n")
      server:wait_until(function() return #submits() == 1 end)
      server.handle:kill "KILL"
      server:wait_until(function() return server.status ~= nil end)
    end
    local server <close> = start()
    local err = call(server, "asker", "after", yes(state)).error
    assert.matches("that may pay a second time", err.message, 1, true)
    assert.is_nil(err.message:find("without it", 1, true))
    assert.equal(1, #submits())
  end)
end)
