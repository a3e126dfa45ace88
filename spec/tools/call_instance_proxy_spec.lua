local bed = require "spec.support.runcomfy"

local function arguments(path, body)
  return { deployment_id = "d", instance_id = "i", comfy_backend_path = path, request_body = body }
end

describe("tool call_instance_proxy", function()
  it("POSTs the body to the route, leading slashes stripped, and shows the path as given", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, "")
      local answer = bed.call("call_instance_proxy", arguments("//api/free", { unload_models = true, free_memory = true }))
      assert.equal("Proxied //api/free on instance i.", answer.text)
      assert.equal('{"ok":true,"response":""}', answer.json)
      local request = sim:requests()[1]
      assert.equal("POST", request.method)
      assert.equal("/prod/v2/deployments/d/instances/i/proxy/api/free", request.path)
      assert.equal('{"free_memory":true,"unload_models":true}', request.body)
    end)
  end)

  it("sends {} without a body, and forwards JSON and text", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, '{"vram":[1.0,[]]}')
      assert.equal('{"ok":true,"response":{"vram":[1.0,[]]}}', bed.call("call_instance_proxy", arguments "api/interrupt").json)
      assert.equal("{}", sim:requests()[1].body)
      bed.answer_with(sim, "plain")
      assert.equal('{"ok":true,"response":"plain"}', bed.call("call_instance_proxy", arguments "api/interrupt").json)
    end)
  end)

  for _, path in ipairs { "", "/", "..", "api/../../../deployments", "api?x=1", "api#x", "http://example.com/", "a\\b", "api//x" } do
    it(("refuses the path %q before anything is sent"):format(path), function()
      bed.with({}, function(sim)
        local answer = bed.call("call_instance_proxy", arguments(path))
        assert.is_false(answer.ok)
        assert.matches("'comfy_backend_path'", answer.text, 1, true)
        assert.equal(0, #sim:requests())
      end)
    end)
  end

  it("frees the VRAM of an instance that runs a job", function()
    bed.with({ sim = { cold_start = 1 } }, function(_, time)
      local id = "a1b2c3d4-0000-4000-8000-000000000001"
      local job = bed.call("submit_request", { deployment_id = id, wait_for_completion = true })
      assert.is_true(job.ok, job.text)
      local answer = bed.call("call_instance_proxy", { deployment_id = id, instance_id = job.data.status.instance_id,
        comfy_backend_path = "api/free", request_body = '{"unload_models":true,"free_memory":true}' })
      assert.equal('{"ok":true,"response":""}', answer.json)
      assert.is_true(time.time > 0)
    end)
  end)

  it("says what to do when the instance is gone", function()
    bed.with({}, function()
      local answer = bed.call("call_instance_proxy", { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001", instance_id = "gone",
        comfy_backend_path = "api/free" })
      assert.is_false(answer.ok)
      assert.equal(404, answer.data.status_code)
      assert.matches("get_request_status", answer.text, 1, true)
    end)
  end)
end)
