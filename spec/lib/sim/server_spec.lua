local clock = require "lib.async.clock"
local jobs = require "lib.sim.jobs"
local json = require "core.json"
local loop = require "core.loop"
local server = require "lib.sim.server"
local simulation = require "spec.support.simulation"

local T2I = simulation.TEXT_TO_IMAGE

describe("sim.server", function()
  it("lists three deployments, without their graphs", function()
    simulation.with({}, function(api)
      local answer = api:get("/prod/v2/deployments")
      assert.equal(200, answer.status)
      local names = {}
      for at, deployment in ipairs(answer.json) do
        names[at] = deployment.name
        assert.is_nil(deployment.payload)
        assert.is_nil(deployment.readme)
      end
      assert.same({ "text-to-image", "image-to-image", "upscale" }, names)
      assert.same(json.as_array { "AMPERE_48" }, answer.json[1].hardware)
    end)
  end)

  it("filters the list by repeated ids and adds what includes names", function()
    simulation.with({}, function(api)
      local query = ("?ids=%s&ids=%s&ids=unknown&includes=payload&includes=readme"):format(T2I, simulation.UPSCALE)
      local answer = api:get("/prod/v2/deployments" .. query)
      assert.equal(2, #answer.json)
      assert.equal("KSampler", answer.json[1].payload.workflow_api_json["3"].class_type)
      assert.matches("^# Text to image", answer.json[1].readme)
      assert.matches("^http://127.0.0.1:%d+/prod/v2/deployments/" .. T2I:gsub("%-", "%%-") .. "/object_info$",
        answer.json[1].payload.object_info_url)
    end)
  end)

  it("sends the seed of ComfyUI's default workflow digit by digit, nodes in the workflow's order", function()
    simulation.with({}, function(api)
      local body = api:get("/prod/v2/deployments/" .. T2I .. "?includes=payload").body
      assert.matches('"seed":156680208700286,', body, 1, true)
      assert.matches('"cfg":8.0,', body, 1, true)
      body = api:get("/prod/v2/deployments/" .. simulation.IMAGE_TO_IMAGE .. "?includes=payload").body
      assert.is_true(body:find('"189":', 1, true) < body:find('"4":', 1, true))
    end)
  end)

  it("wants its key where it has one, and says 401001 otherwise", function()
    simulation.with({ key = "secret-token" }, function(api)
      local refused = api:get("/prod/v2/deployments")
      assert.equal(401, refused.status)
      assert.equal(401001, refused.json.error_code)
      assert.equal(401, api:get("/prod/v2/deployments", { "Authorization: Bearer wrong" }).status)
      assert.equal(200, api:get("/prod/v2/deployments", { "Authorization: Bearer secret-token" }).status)
    end)
  end)

  it("answers unknown paths, methods, deployments and somebody else's deployment each in its way", function()
    simulation.with({}, function(api)
      assert.same({ 404, { detail = "Not Found" } }, { api:get("/prod/v3/x").status, api:get("/prod/v3/x").json })
      assert.equal(405, api:send("POST", "/prod/v2/deployments/" .. T2I, {}).status)
      assert.equal(404001, api:get("/prod/v2/deployments/nobody").json.error_code)
      local foreign = api:get("/prod/v2/deployments/a1b2c3d4-0000-4000-8000-0000000000ff")
      assert.equal(403, foreign.status)
      assert.equal(403003, foreign.json.error_code)
    end)
  end)

  for _, version in ipairs { "v1", "v2" } do
    it("takes a request from submit to result under " .. version, function()
      simulation.with({}, function(api)
        local base = "/prod/" .. version .. "/deployments/" .. T2I
        local sent = api:send("POST", base .. "/inference", { overrides = {} })
        assert.equal(200, sent.status)
        assert.matches("/prod/" .. version .. "/deployments/", sent.json.status_url, 1, true)
        local status = api:get(sent.json.status_url).json
        assert.equal("in_queue", status.status)
        assert.equal(1, status.queue_position)
        assert.is_nil(status.instance_id)
        assert.equal("in_queue", api:get(sent.json.result_url).json.status)
        clock.sleep(181)
        status = api:get(sent.json.status_url).json
        assert.equal("in_progress", status.status)
        assert.equal(json.null, status.queue_position)
        assert.equal(36, #status.instance_id)
        clock.sleep(60)
        assert.equal("completed", api:get(sent.json.status_url).json.status)
        local result = api:get(sent.json.result_url).json
        assert.equal("succeeded", result.status)
        assert.equal("ComfyUI_00001_.png", result.outputs["9"].images[1].filename)
        assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$", result.finished_at)
      end)
    end)
  end

  it("logs what it received, filtered on demand", function()
    simulation.with({}, function(api)
      api:submit(T2I, { overrides = {} })
      api:get("/prod/v2/deployments")
      api:get("/_sim/state")
      assert.equal(2, #api.sim:requests())
      local submits = api.sim:requests { method = "POST", path = "/inference" }
      assert.equal(1, #submits)
      assert.equal('{"overrides":{}}', submits[1].body)
    end)
  end)

  it("keeps the last requests of its log", function()
    simulation.with({ log_length = 2 }, function(api)
      for page = 1, 5 do api:get("/page/" .. page) end
      local log = api.sim:requests()
      assert.same({ 2, "/page/4", "/page/5", 5 }, { #log, log[1].path, log[2].path, api.sim.received })
    end)
  end)

  it("gives the same ids at each start from the same seed, others from another", function()
    local function first_id(seed)
      local id
      simulation.with({ seed = seed }, function(api) id = api:submit(T2I).json.request_id end)
      return id
    end
    assert.equal(first_id(7), first_id(7))
    assert.not_equal(first_id(7), first_id(8))
    assert.matches("^%x+%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x+$", first_id(7))
  end)

  it("refuses unknown options, and says when its port is taken", function()
    assert.error_matches(function() server.start { cold_strat = 3 } end, "unknown option 'cold_strat'")
    local first <close> = assert(server.start {})
    local second, err = server.start { port = first.port }
    assert.is_nil(second)
    assert.matches("cannot listen on 127.0.0.1 port " .. first.port, tostring(err), 1, true)
  end)

  it("leaves nothing to wait for once it is stopped, and may be stopped again", function()
    local function alive()
      for _ = 1, 9 do loop.step(false) end
      return loop.step(false)
    end
    local before = alive()
    local sim = assert(server.start {})
    assert(jobs.submit(sim.model, sim.model:list()[1], {}))
    assert.is_true(alive())
    sim:stop()
    sim:stop()
    assert.equal(before, alive())
  end)

  it("says its balance, and that nothing of it is real", function()
    simulation.with({}, function(api)
      local answer = api:get("/prod/v2/balance").json
      assert.same({ 25.0, 25000000, "USD" }, { answer.balance_usd, answer.balance_microdollars, answer.currency })
      assert.is_true(api:submit(T2I).json.simulated)
      assert.is_true(api:get("/prod/v2/deployments").json[1].simulated)
    end)
  end)

  it("answers its own mistakes with 500001, and goes on", function()
    simulation.with({}, function(api)
      local log = require "core.log"
      local written = log.write
      local lines = {}
      log.write = function(_, line) lines[#lines + 1] = line end
      local _ <close> = setmetatable({}, { __close = function() log.write = written end })
      api.sim.model.time:after(0, function() error("on purpose") end)
      local answer = api:get("/prod/v2/deployments")
      assert.same({ 500, 500001 }, { answer.status, answer.json.error_code })
      assert.matches("on purpose", lines[1], 1, true)
      assert.equal(200, api:get("/prod/v2/deployments").status)
    end)
  end)
end)
