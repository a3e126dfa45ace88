local clock = require "lib.async.clock"
local codec = require "core.codec"
local httpd = require "core.httpd"
local json = require "core.json"
local simulation = require "spec.support.simulation"

local T2I = simulation.TEXT_TO_IMAGE

-- A receiver that answers with the given statuses in turn, then with 200.
local function receiver(statuses)
  local received = {}
  local server = assert(httpd.listen({}, function(request)
    received[#received + 1] = { at = clock.now(), method = request.method, type = request.headers["content-type"],
                                auth = request.headers.authorization, body = assert(json.decode(request.body)) }
    request:respond(table.remove(statuses, 1) or 200)
  end))
  return server, received, ("http://127.0.0.1:%d/hook"):format(server.port)
end

local function submit(api, query, body)
  return api:send("POST", ("/prod/v1/deployments/%s/inference%s"):format(T2I, query), body or {})
end

local function said(received)
  local words = {}
  for at, item in ipairs(received) do words[at] = item.body.status end
  return table.concat(words, " ")
end

describe("sim webhooks", function()
  it("tell the end alone, with the outputs", function()
    simulation.with({}, function(api)
      local _ <close>, received, url = receiver {}
      local id = submit(api, "?webhook=" .. codec.percent_encode(url)).json.request_id
      clock.sleep(300)
      assert.equal(1, #received)
      local event = received[1]
      assert.same({ "POST", "application/json" }, { event.method, event.type })
      assert.is_nil(event.auth)
      assert.same({ id, T2I, "succeeded" }, { event.body.request_id, event.body.deployment_id, event.body.status })
      assert.matches("^http", event.body.outputs["9"].images[1].url)
    end)
  end)

  it("tell every status when asked", function()
    simulation.with({}, function(api)
      local _ <close>, received, url = receiver {}
      submit(api, "?webhook=" .. codec.percent_encode(url) .. "&webhook_intermediate_status=true")
      clock.sleep(300)
      assert.equal("in_queue in_progress succeeded", said(received))
    end)
  end)

  it("take the older form, in the body", function()
    simulation.with({}, function(api)
      local _ <close>, received, url = receiver {}
      submit(api, "", { webhook = url, webhook_intermediate_status = true })
      clock.sleep(300)
      assert.equal(3, #received)
    end)
  end)

  it("are repeated with growing pauses until they are taken", function()
    simulation.with({}, function(api)
      local _ <close>, received, url = receiver { 500, 404, 503 }
      submit(api, "?webhook=" .. codec.percent_encode(url))
      clock.sleep(400)
      assert.equal(4, #received)
      local pauses = {}
      for at = 2, 4 do pauses[at - 1] = math.floor(received[at].at - received[at - 1].at + 0.5) end
      assert.same({ 5, 10, 20 }, pauses)
      assert.same({ 1, 3 }, { api.sim.webhooks.delivered, api.sim.webhooks.failed })
    end)
  end)

  it("tell of cancels and failures", function()
    simulation.with({}, function(api)
      local _ <close>, received, url = receiver {}
      api.sim:fault { kind = "fail_run" }
      submit(api, "?webhook=" .. codec.percent_encode(url))
      local second = submit(api, "?webhook=" .. codec.percent_encode(url)).json
      api:send("POST", second.cancel_url)
      clock.sleep(300)
      assert.equal("cancelled failed", said(received))
      assert.matches("fault on demand", received[2].body.error[1].error)
    end)
  end)

  it("go to https, or http on this machine, and nowhere else", function()
    simulation.with({}, function(api)
      for _, url in ipairs { "http://example.com/hook", "ftp://x/y", "hook", "http://127.0.0.1.example.com/" } do
        local refused = submit(api, "?webhook=" .. codec.percent_encode(url))
        assert.same({ 422, 422001 }, { refused.status, refused.json.error_code })
        assert.equal("webhook", refused.json.detail[1].loc[2])
      end
      assert.is_nil(next(api.sim.model.requests))
    end)
  end)

  it("are given up after a day of refusals", function()
    simulation.with({}, function(api)
      local attempts = 0
      local server <close> = assert(httpd.listen({}, function(request)
        attempts = attempts + 1
        request:respond(500)
      end))
      local url = ("http://127.0.0.1:%d/hook"):format(server.port)
      submit(api, "?webhook=" .. codec.percent_encode(url))
      clock.sleep(300)
      for _ = 1, 30 do
        api.sim.model.time:advance(3600)
        clock.sleep(1)
      end
      local final = attempts
      assert.is_true(final > 20 and final < 40)
      api.sim.model.time:advance(7200)
      clock.sleep(1)
      assert.equal(final, attempts)
      assert.equal(0, api.sim.webhooks.delivered)
    end)
  end)
end)
