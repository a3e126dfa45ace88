local bed = require "spec.support.runcomfy"

local ID = "a1b2c3d4-0000-4000-8000-000000000003"

describe("tool delete_deployment", function()
  it("deletes, and takes an empty answer", function()
    bed.with({}, function(sim)
      local answer = bed.call("delete_deployment", { deployment_id = ID })
      assert.equal(("Deleted deployment %s."):format(ID), answer.text)
      assert.equal('{"ok":true,"response":""}', answer.json)
      assert.equal("DELETE", sim:requests()[1].method)
      assert.equal("Found 2 deployment(s).", bed.call("list_deployments").text)
    end)
  end)

  it("forwards a body", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, "{}")
      assert.equal('{"ok":true,"response":{}}', bed.call("delete_deployment", { deployment_id = ID }).json)
    end)
  end)
end)
