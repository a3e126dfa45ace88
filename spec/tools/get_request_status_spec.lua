local bed = require "spec.support.runcomfy"

local function call()
  return bed.call("get_request_status", { deployment_id = "d", request_id = "r" })
end

describe("tool get_request_status", function()
  it("forwards the status byte for byte", function()
    bed.with({}, function(sim)
      local body = '{"request_id":"r","status":"in_progress","queue_position":null,"instance_id":"i","new":[{},1.0,18446744073709551615]}'
      bed.answer_with(sim, body)
      local answer = call()
      assert.equal("Request r: in_progress.", answer.text)
      assert.equal('{"ok":true,"status":' .. body .. "}", answer.json)
      assert.equal("/prod/v1/deployments/d/requests/r/status", sim:requests()[1].path)
    end)
  end)

  it("shows a status that nobody knows as it is", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, '{"status":"paused"}')
      assert.equal("Request r: paused.", call().text)
      bed.answer_with(sim, "{}")
      assert.equal("Request r: unknown.", call().text)
    end)
  end)

  it("uses the v2 paths of the queue when told to", function()
    bed.with({ queue_prefix = "v2" }, function(sim)
      bed.answer_with(sim, '{"status":"in_queue"}')
      call()
      assert.equal("/prod/v2/deployments/d/requests/r/status", sim:requests()[1].path)
    end)
  end)

  it("sends the key, and asks for JSON", function()
    bed.with({ key = "abc-123" }, function(sim)
      bed.answer_with(sim, "{}")
      call()
      local headers = sim:requests()[1].headers
      assert.equal("Bearer abc-123", headers.authorization)
      assert.equal("application/json", headers.accept)
    end)
  end)

  for _, body in ipairs { "", "text", "[]", "null" } do
    it(("does not take %q for a status"):format(body), function()
      bed.with({}, function(sim)
        bed.answer_with(sim, body)
        local answer = call()
        assert.is_false(answer.ok)
        assert.matches("not a status", answer.text, 1, true)
      end)
    end)
  end
end)
