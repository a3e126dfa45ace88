local clock = require "lib.async.clock"
local simulation = require "spec.support.simulation"

local T2I = simulation.TEXT_TO_IMAGE

describe("sim control", function()
  it("shows instances, queue and requests", function()
    simulation.with({}, function(api)
      local first, second = api:submit(T2I).json.request_id, api:submit(T2I).json.request_id
      clock.sleep(181)
      local state = api:get("/_sim/state").json
      local deployment = state.deployments[1]
      assert.equal(first, deployment.instances[1].request_id)
      assert.equal(second, deployment.queue[1])
      assert.equal("in_progress", state.requests[first].status)
      assert.equal(2, state.received)
    end)
  end)

  it("moves the simulated time by hand", function()
    simulation.with({}, function(api)
      local id = api:submit(T2I).json.request_id
      assert.equal(200, api:send("POST", "/_sim/clock", { advance = 300 }).status)
      assert.equal("completed", api:ask(T2I, id, "status").status)
      assert.equal("succeeded", api:ask(T2I, id, "result").status)
    end)
  end)

  it("changes the clock's speed", function()
    simulation.with({}, function(api)
      assert.equal(60, api:send("POST", "/_sim/clock", { speed = 60 }).json.speed)
      assert.equal(1, api:send("POST", "/_sim/clock", { speed = 1 }).json.speed)
    end)
  end)

  it("refuses nonsense by name", function()
    simulation.with({}, function(api)
      assert.matches("'speed'", api:send("POST", "/_sim/clock", { speed = 0 }).json.error)
      assert.matches("'advance'", api:send("POST", "/_sim/clock", { advance = -1 }).json.error)
      assert.equal(404, api:get("/_sim/other").status)
      assert.equal(405, api:get("/_sim/clock").status)
    end)
  end)
end)
