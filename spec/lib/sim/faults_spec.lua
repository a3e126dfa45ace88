local clock = require "lib.async.clock"
local http = require "core.http"
local json = require "core.json"
local simulation = require "spec.support.simulation"

local T2I = simulation.TEXT_TO_IMAGE
local ROOT = "/prod/v2/deployments"

describe("sim faults", function()
  it("strike as often as they say, then no more", function()
    simulation.with({}, function(api)
      assert(api.sim:fault { kind = "status", status = 503, count = 2 })
      assert.same({ 503, 503, 200 }, { api:get(ROOT).status, api:get(ROOT).status, api:get(ROOT).status })
      assert(api.sim:fault { kind = "empty", forever = true })
      for _ = 1, 5 do assert.equal("", api:get(ROOT).body) end
      api.sim.faults:clear()
      assert.equal(3, #api:get(ROOT).json)
    end)
  end)

  it("choose by method, by path and after a number of requests", function()
    simulation.with({}, function(api)
      api.sim:fault { kind = "status", method = "POST" }
      api.sim:fault { kind = "status", status = 500, path = "/requests/*/status" }
      api.sim:fault { kind = "status", status = 504, path = "deployments?", forever = true }
      assert.equal(200, api:get(ROOT).status)
      assert.equal(503, api:submit(T2I).status)
      local id = api:submit(T2I).json.request_id
      assert.is_table(api:ask(T2I, id, "result"))
      assert.equal(500001, api:ask(T2I, id, "status").error_code)
      api.sim:fault { kind = "text", skip = 1 }
      assert.same({ 200, 502, 200 }, { api:get(ROOT).status, api:get(ROOT).status, api:get(ROOT).status })
    end)
  end)

  it("say how long to wait", function()
    simulation.with({}, function(api)
      api.sim:fault { kind = "status", status = 429, retry_after = 7, message = "slow down" }
      local answer = api:get(ROOT)
      assert.equal(429, answer.status)
      assert.matches("\nretry%-after: 7\r\n", answer.headers:lower())
      assert.same({ error_code = 429001, error_message = "slow down" }, answer.json)
    end)
  end)

  it("answer with HTML, text, nothing, or an error_code under HTTP 200", function()
    simulation.with({}, function(api)
      api.sim:fault { kind = "html" }
      local answer = api:get(ROOT)
      assert.equal(502, answer.status)
      assert.matches("^<!DOCTYPE html>", answer.body)
      api.sim:fault { kind = "text", status = 504 }
      answer = api:get(ROOT)
      assert.same({ 504, "upstream connect error" }, { answer.status, answer.body })
      api.sim:fault { kind = "empty" }
      answer = api:get(ROOT)
      assert.same({ 200, "" }, { answer.status, answer.body })
      api.sim:fault { kind = "error_code", error_code = 403003, message = "not yours" }
      answer = api:get(ROOT)
      assert.same({ 200, 403003 }, { answer.status, answer.json.error_code })
    end)
  end)

  it("cut the connection before the service has acted, or after", function()
    simulation.with({}, function(api)
      api.sim:fault { kind = "drop", method = "POST" }
      assert.is_nil((api:submit(T2I)))
      assert.is_nil(next(api.sim.model.requests))
      api.sim:fault { kind = "drop", method = "POST", handled = true }
      assert.is_nil((api:submit(T2I)))
      assert.is_string(next(api.sim.model.requests))
    end)
  end)

  it("break off in the middle of a body", function()
    simulation.with({}, function(api)
      api.sim:fault { kind = "truncated" }
      local answer, _, code = api:get(ROOT)
      assert.is_nil(answer)
      assert.equal("truncated", code)
    end)
  end)

  it("delay an answer on the program's clock", function()
    simulation.with({}, function(api)
      api.sim:fault { kind = "delay", seconds = 90 }
      local before = clock.now()
      assert.equal(200, api:get(ROOT).status)
      assert.is_true(clock.now() - before >= 90)
    end)
  end)

  it("give delayed answers when they are told to, once", function()
    simulation.with({}, function(api)
      local rule = { kind = "delay", seconds = 90, forever = true }
      api.sim:fault(rule)
      local before, answers = clock.now(), 0
      for _ = 1, 2 do
        assert(http.start({ method = "GET", url = api.sim.base_url .. ROOT }, function(answer)
          assert.equal(200, answer.status)
          answers = answers + 1
        end))
      end
      clock.sleep(1) -- time passes only once the requests wait at the simulator
      assert.equal(2, #api.sim:requests())
      api.sim.faults:release()
      clock.sleep(1)
      assert.equal(2, answers)
      assert.is_true(clock.now() - before < 90)
      clock.sleep(100)
      assert.equal(2, answers)
    end)
  end)

  it("outlive a client that does not wait for a delayed answer", function()
    simulation.with({}, function(api)
      api.sim:fault { kind = "delay", seconds = 90 }
      local handle = assert(http.start({ method = "GET", url = api.sim.base_url .. ROOT }, function() end))
      clock.sleep(1) -- time passes only once the request waits at the simulator
      assert.equal(1, #api.sim:requests())
      handle:cancel()
      clock.sleep(100)
      assert.equal(200, api:get(ROOT).status)
    end)
  end)

  it("let a run fail, on one deployment alone", function()
    simulation.with({}, function(api)
      api.sim:fault { kind = "fail_run", path = T2I, message = "KSampler: boom", error_code = 10011 }
      assert.equal("succeeded", api:run(simulation.UPSCALE).status)
      local result = api:run(T2I)
      assert.equal("failed", result.status)
      assert.same({ 10011, "KSampler: boom" }, { result.error[1].errorCode, result.error[1].error })
      assert.equal("succeeded", api:run(T2I).status)
    end)
  end)

  it("are refused by name when they are wrong", function()
    simulation.with({}, function(api)
      local function why(rule)
        local ok, err = api.sim:fault(rule)
        assert.is_nil(ok)
        return tostring(err)
      end
      assert.matches("unknown kind 'explode'; known are delay, drop", why { kind = "explode" })
      assert.matches("unknown field 'times'", why { kind = "drop", times = 3 })
      assert.matches("field 'count' must be a number, got string", why { kind = "drop", count = "3" })
    end)
  end)

  it("can be set and cleared over HTTP, without being counted as a request", function()
    simulation.with({ key = "k" }, function(api)
      local answer = api:send("POST", "/_sim/faults", { kind = "status", status = 500, forever = true })
      assert.same({ rules = 1 }, answer.json)
      assert.equal(2, api:send("POST", "/_sim/faults", json.as_array { { kind = "drop", path = "/nowhere" } }).json.rules)
      assert.equal(500, api:get(ROOT).status)
      assert.equal(400, api:send("POST", "/_sim/faults", { kind = "x" }).status)
      assert.equal(400, api:send("POST", "/_sim/faults", "{").status)
      assert.equal(0, api:send("DELETE", "/_sim/faults").json.rules)
      assert.equal(401, api:get(ROOT).status)
      assert.equal(2, #api.sim:requests())
    end)
  end)
end)

describe("sim errors", function()
  for form, expected in pairs { fastapi = '{"detail":"Deployment not found"}', message = '{"message":"Deployment not found"}',
                                text = "Deployment not found", code = '{"error_code":404001,"error_message":"Deployment not found"}' } do
    it("come in the form " .. form .. " on demand", function()
      simulation.with({ error_form = form }, function(api)
        local answer = api:get(ROOT .. "/unknown")
        assert.same({ 404, expected }, { answer.status, answer.body })
      end)
    end)
  end
end)
