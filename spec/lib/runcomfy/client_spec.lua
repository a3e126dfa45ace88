local bed = require "spec.support.runcomfy"
local client = require "lib.runcomfy.client"
local json = require "core.json"

local OK = '{"id":"d","request_id":"r","status":"ok"}'

-- What one method sends: runs `fn(client)` where everything is answered with OK, and gives the one request and the answer.
local function sent(fn)
  local request, answer, err
  bed.with({}, function(sim)
    bed.answer_with(sim, OK, { forever = true })
    answer, err = fn(bed.runcomfy())
    local requests = sim:requests()
    assert.equal(1, #requests, err and err.message)
    request = requests[1]
  end)
  return request, answer, err
end

local function line(request)
  return ("%s %s%s"):format(request.method, request.path, request.query ~= "" and "?" .. request.query or "")
end

describe("runcomfy.client", function()
  local CALLS = {
    { "GET /prod/v2/deployments", function(api) return api:list_deployments() end },
    { "GET /prod/v2/deployments?includes=payload&ids=a%2Fb&ids=c%26d", function(api)
      return api:list_deployments { ids = { "a/b", "c&d" }, includes = { "payload" } }
    end },
    { "GET /prod/v2/deployments/d%201", function(api) return api:get_deployment("d 1") end },
    { "GET /prod/v2/deployments/d?includes=payload", function(api) return api:get_deployment("d", { includes = { "payload" } }) end },
    { "POST /prod/v2/deployments", function(api) return api:create_deployment { name = "n" } end, '{"name":"n"}' },
    { "PATCH /prod/v2/deployments/d", function(api) return api:update_deployment("d", { min_instances = 0 }) end, '{"min_instances":0}' },
    { "DELETE /prod/v2/deployments/d", function(api) return api:delete_deployment "d" end, "" },
    { "POST /prod/v1/deployments/d/inference", function(api) return api:submit("d", {}) end, '{"overrides":{}}' },
    { "POST /prod/v1/deployments/d/inference?webhook=https%3A%2F%2Fx.example%2F%3Fa%3Db%26c", function(api)
      return api:submit("d", { webhook_url = "https://x.example/?a=b&c", webhook_intermediate_status = nil })
    end },
    { "POST /prod/v1/deployments/d/inference?webhook=https%3A%2F%2Fx&webhook_intermediate_status=false", function(api)
      return api:submit("d", { webhook_url = "https://x", webhook_intermediate_status = false })
    end },
    { "POST /prod/v1/deployments/d/inference", function(api) return api:submit("d", { webhook_intermediate_status = true }) end },
    { "GET /prod/v1/deployments/d/requests/r/status", function(api) return api:status("d", "r") end },
    { "GET /prod/v1/deployments/d/requests/r%201/result", function(api) return api:result("d", "r 1") end },
    { "POST /prod/v1/deployments/d/requests/r/cancel", function(api) return api:cancel("d", "r") end, "" },
    { "POST /prod/v2/deployments/d/instances/i/proxy/api/free", function(api)
      return api:proxy("d", "i", "api/free", { unload_models = true })
    end, '{"unload_models":true}' },
    { "POST /prod/v2/deployments/d/instances/i/proxy/api/free", function(api) return api:proxy("d", "i", "api/free") end, "{}" },
    { "GET /prod/v2/deployments/d/instances/i/proxy/api/queue", function(api)
      return api:proxy("d", "i", "api/queue", nil, "GET")
    end, "" },
  }

  for _, case in ipairs(CALLS) do
    it("sends " .. case[1], function()
      local request, answer, err = sent(case[2])
      assert.equal(case[1], line(request))
      if case[3] then assert.equal(case[3], request.body) end
      assert.equal("Bearer key-0123456789", request.headers.authorization)
      assert.is_nil(err)
      assert.equal("ok", answer:value "status")
    end)
  end

  it("takes the other queue's prefix", function()
    bed.with({ queue_prefix = "v2" }, function(sim)
      bed.answer_with(sim, OK, { forever = true })
      assert(bed.runcomfy():status("d", "r"))
      assert.equal("GET /prod/v2/deployments/d/requests/r/status", line(sim:requests()[1]))
    end)
  end)

  it("sends nothing for an id that would not stay one segment of the path", function()
    bed.with({}, function(sim)
      local api = bed.runcomfy()
      local calls = {
        function(id) return api:get_deployment(id) end, function(id) return api:update_deployment(id, {}) end,
        function(id) return api:delete_deployment(id) end, function(id) return api:submit(id, {}) end,
        function(id) return api:status(id, "r") end, function(id) return api:status("d", id) end,
        function(id) return api:result("d", id) end, function(id) return api:cancel(id, "r") end,
        function(id) return api:cancel("d", id) end, function(id) return api:proxy(id, "i", "api/free") end,
        function(id) return api:proxy("d", id, "api/free") end, function(id) return api:proxy("d", "i", "../" .. id) end,
      }
      for number, call in ipairs(calls) do
        for _, id in ipairs { "", ".", "..", "https://evil.example/x" } do
          local answer, err = call(id)
          assert.is_nil(answer, number .. " " .. id)
          assert.is_string(err.message)
        end
      end
      assert.equal(0, #sim:requests())
    end)
  end)

  it("puts what a submit is to have in one order, and asks for the saved defaults by an empty object", function()
    local workflow = { ["1"] = { class_type = "X", inputs = {} } }
    assert.equal('{"overrides":{}}', client.submit_body {})
    assert.equal('{"overrides":{},"extra_data":{"k":1}}', client.submit_body { extra_data = { k = 1 } })
    assert.matches('^{"workflow_api_json":', client.submit_body { workflow_api_json = workflow })
    assert.matches('^{"overrides":{"a":1},"workflow_api_json":{.*},"extra_data":{"k":1}}$',
      client.submit_body { extra_data = { k = 1 }, workflow_api_json = workflow, overrides = { a = 1 } })
  end)

  it("tries a cancel again whose refusal may pass, for the time that it has", function()
    bed.with({}, function(sim, time)
      assert(sim:fault { kind = "status", status = 409, path = "/cancel", count = 3 })
      bed.answer_with(sim, '{"outcome":"cancelled"}')
      assert.equal("cancelled", assert(bed.runcomfy():cancel("d", "r")):value "outcome")
      assert.equal(4, #sim:requests())
      assert(sim:fault { kind = "status", status = 409, path = "/cancel", forever = true })
      local begun = time.time
      local answer, err = bed.runcomfy():cancel("d", "r", { total_ms = 1000 })
      assert.same({ nil, 409 }, { answer, err.status_code })
      assert.is_true(time.time - begun < 1)
      assert.is_true(#sim:requests() > 5)
    end)
  end)

  it("gives a cancel up at once that is refused for good, and after five tries one whose refusal stays", function()
    bed.with({}, function(sim)
      assert(sim:fault { kind = "status", status = 403, path = "/cancel" })
      assert.equal(403, select(2, bed.runcomfy():cancel("d", "r")).status_code)
      assert.equal(1, #sim:requests())
      assert(sim:fault { kind = "status", status = 423, path = "/cancel", forever = true })
      assert.equal(423, select(2, bed.runcomfy():cancel("d", "r")).status_code)
      assert.equal(6, #sim:requests())
    end)
  end)

  it("knows what it submitted a moment ago: that it is not found may pass", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, OK)
      assert(bed.runcomfy():submit("d", {}))
      assert(sim:fault { kind = "status", status = 404, path = "/requests/", count = 2 })
      bed.answer_with(sim, '{"status":"in_queue"}', { path = "/status" })
      assert.equal("in_queue", assert(bed.runcomfy():status("d", "r")):value "status")
      local before = #sim:requests()
      assert(sim:fault { kind = "status", status = 404, path = "/requests/", count = 1 })
      assert.equal(404, select(2, bed.runcomfy():status("d", "another")).status_code)
      assert.equal(before + 1, #sim:requests())
    end)
  end)

  it("knows a job that it saw end, whose result may come a moment later", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, '{"status":"completed"}', { path = "/status" })
      assert(bed.runcomfy():status("d", "seen"))
      assert(sim:fault { kind = "status", status = 404, path = "/result", count = 1 })
      bed.answer_with(sim, '{"status":"succeeded"}', { path = "/result" })
      assert.equal("succeeded", assert(bed.runcomfy():result("d", "seen")):value "status")
    end)
  end)

  it("shows in what is told of a job none of the secrets that were submitted with it", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, OK)
      assert(bed.runcomfy():submit("d", { extra_data = { api_key_comfy_org = "comfyui-secret-4711-0815" } }))
      assert.matches("comfyui-secret-4711-0815", sim:requests()[1].body, 1, true)
      bed.answer_with(sim, '{"status":"in_queue","echo":"comfyui-secret-4711-0815"}')
      local shown = json.encode(assert(bed.runcomfy():status("d", "r")))
      assert.is_nil(shown:find("4711", 1, true))
      assert.matches("redacted", shown, 1, true)
    end)
  end)

  it("refuses settings that cannot be meant", function()
    local none, err = client.new { base_url = "ftp://x" }
    assert.same({ nil, "bad_setting" }, { none, err.code })
    assert.equal("https://api.runcomfy.net", client.base_url())
    assert.equal("http://x/y", client.base_url "http://x/y///")
  end)
end)
