local clock = require "lib.async.clock"
local json = require "core.json"
local simulation = require "spec.support.simulation"

local T2I = simulation.TEXT_TO_IMAGE
local ROOT = "/prod/v2/deployments/" .. T2I

local function change(api, fields)
  fields.name = "text-to-image"
  local answer = api:send("PATCH", ROOT, fields)
  assert.equal(200, answer.status)
end

local function submit(api, seed)
  return api:submit(T2I, { overrides = { ["3"] = { inputs = { seed = seed } } } }).json.request_id
end

-- How many instances there are in each state: "1 busy, 2 starting".
local function states(api)
  local counts, list = {}, {}
  for _, instance in ipairs(api.sim.model.deployments[T2I].instances) do
    counts[instance.state] = (counts[instance.state] or 0) + 1
  end
  for state, count in pairs(counts) do list[#list + 1] = count .. " " .. state end
  table.sort(list)
  return table.concat(list, ", ")
end

describe("sim instances", function()
  it("start cold, run, stay warm for their time, and stop", function()
    simulation.with({ cold_start = 200, run_time = 10 }, function(api)
      assert.equal("", states(api))
      submit(api, 1)
      assert.equal("1 starting", states(api))
      clock.sleep(199)
      assert.equal("1 starting", states(api))
      clock.sleep(2)
      assert.equal("1 busy", states(api))
      clock.sleep(10)
      assert.equal("1 idle", states(api))
      clock.sleep(58)
      assert.equal("1 idle", states(api))
      clock.sleep(2)
      assert.equal("", states(api))
    end)
  end)

  it("that are warm take the next request at once", function()
    simulation.with({ run_time = 10 }, function(api)
      submit(api, 1)
      clock.sleep(195)
      local id = submit(api, 2)
      assert.equal("in_progress", api:ask(T2I, id, "status").status)
      clock.sleep(65)
      assert.equal("1 idle", states(api))
    end)
  end)

  it("grow with the queue up to max_instances", function()
    simulation.with({ run_time = 100 }, function(api)
      change(api, { max_instances = 3, queue_size = 2 })
      local grown = {}
      for seed = 1, 12 do
        submit(api, seed)
        grown[seed] = #api.sim.model.deployments[T2I].instances
      end
      assert.same({ 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3 }, grown)
      clock.sleep(181)
      assert.equal("3 busy", states(api))
    end)
  end)

  it("are kept by min_instances, and let go when it falls", function()
    simulation.with({}, function(api)
      change(api, { min_instances = 2, max_instances = 2 })
      assert.equal("2 starting", states(api))
      clock.sleep(3600)
      assert.equal("2 idle", states(api))
      change(api, { min_instances = 0 })
      clock.sleep(61)
      assert.equal("", states(api))
    end)
  end)

  it("of an old setup finish their work, new requests get new hardware", function()
    simulation.with({ run_time = 100 }, function(api)
      local first = submit(api, 1)
      clock.sleep(200)
      change(api, { hardware = json.as_array { "HOPPER_141" } })
      local second = submit(api, 2)
      clock.sleep(100)
      assert.equal("succeeded", api:ask(T2I, first, "result").status)
      assert.equal("in_queue", api:ask(T2I, second, "status").status)
      clock.sleep(150)
      local instance = api.sim.model.deployments[T2I].instances[1]
      assert.equal("HOPPER_141", instance.sku)
      assert.equal(instance.id, api:ask(T2I, second, "status").instance_id)
    end)
  end)

  it("run faster on better hardware, and faster again with the model loaded", function()
    local function duration(hardware)
      local first, second
      simulation.with({}, function(api)
        if hardware then change(api, { hardware = json.as_array { hardware } }) end
        local ids = { submit(api, 1), submit(api, 2) }
        clock.sleep(400)
        local requests = api.sim.model.requests
        first = requests[ids[1]].finished_at - requests[ids[1]].started_at
        second = requests[ids[2]].finished_at - requests[ids[2]].started_at
      end)
      return first, second
    end
    local slow, slow_again = duration("TURING_16")
    local fast = duration("HOPPER_141")
    assert.is_true(fast < slow)
    assert.is_true(slow_again < slow)
  end)
end)
