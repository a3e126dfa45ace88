local bed = require "spec.support.runcomfy"
local json = require "core.json"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

local function methods(sim)
  local list = {}
  for i, request in ipairs(sim:requests()) do list[i] = request.method end
  return table.concat(list, " ")
end

describe("tool update_deployment", function()
  it("loads the name and sends it along, for the API refuses a PATCH without", function()
    bed.with({}, function(sim)
      local answer = bed.call("update_deployment", { deployment_id = ID, is_enabled = false })
      assert.equal(("Updated deployment %s."):format(ID), answer.text)
      assert.equal("GET PATCH", methods(sim))
      assert.equal('{"name":"text-to-image","is_enabled":false}', sim:requests()[2].body)
      assert.is_false(answer.data.deployment.is_enabled)
      assert.is_nil(answer.data.deployment.payload)
    end)
  end)

  it("does not load it when a name is given", function()
    bed.with({}, function(sim)
      local answer = bed.call("update_deployment", { deployment_id = ID, name = "new", hardware = "ADA_80_PLUS", max_instances = 2 })
      assert.equal("PATCH", methods(sim))
      assert.equal('{"name":"new","hardware":["ADA_80_PLUS"],"max_instances":2}', sim:requests()[1].body)
      assert.equal("new", answer.data.deployment.name)
    end)
  end)

  it("takes empty texts for left out, and the list of one GPU type that our answers show", function()
    bed.with({}, function(sim)
      assert.equal("No fields supplied to update.", bed.call("update_deployment",
        { deployment_id = ID, name = "", workflow_version = "", hardware = "", queue_size = "", is_enabled = "" }).text)
      assert.equal(0, #sim:requests())
      bed.call("update_deployment", { deployment_id = ID, name = "new", hardware = json.as_array { "AMPERE_48" } })
      assert.equal('{"name":"new","hardware":["AMPERE_48"]}', sim:requests()[1].body)
    end)
  end)

  it("does not take zeros for left out: they mean something here", function()
    bed.with({}, function(sim)
      local answer = bed.call("update_deployment", { deployment_id = ID, name = "", max_instances = 0, is_enabled = false })
      assert.equal("Field 'max_instances' must be from 1 to 60, got 0.", answer.text)
      assert.equal(0, #sim:requests())
    end)
  end)

  it("refuses to update nothing", function()
    bed.with({}, function(sim)
      local answer = bed.call("update_deployment", { deployment_id = ID, hardware = json.null })
      assert.equal("No fields supplied to update.", answer.text)
      assert.is_false(answer.data.ok)
      assert.equal(0, #sim:requests())
    end)
  end)

  it("checks the hardware first", function()
    bed.with({}, function(sim)
      assert.matches("^Invalid hardware 'x'", bed.call("update_deployment", { deployment_id = ID, hardware = "x" }).text)
      assert.equal(0, #sim:requests())
    end)
  end)

  it("compares min and max, also with what is set already", function()
    bed.with({}, function(sim)
      local both = bed.call("update_deployment", { deployment_id = ID, min_instances = 3, max_instances = 2 })
      assert.matches("'max_instances' must be at least min_instances (3)", both.text, 1, true)
      assert.equal(0, #sim:requests())
      local one = bed.call("update_deployment", { deployment_id = ID, min_instances = 3 })
      assert.matches("'max_instances' must be at least min_instances (3), got 1.", one.text, 1, true)
      assert.equal("GET", methods(sim))
    end)
  end)

  it("compares with nothing where what is set already does not tell its range", function()
    for _, range in ipairs { "", ',"max_instances":null', ',"max_instances":"two"' } do
      bed.with({}, function(sim)
        bed.answer_with(sim, ('{"id":"%s","name":"text-to-image"%s}'):format(ID, range), { method = "GET" })
        local answer = bed.call("update_deployment", { deployment_id = ID, min_instances = 1 })
        assert.is_true(answer.ok, answer.text)
        assert.equal('{"name":"text-to-image","min_instances":1}', sim:requests()[2].body)
      end)
    end
  end)

  it("takes no object without a name for the deployment, and sends no PATCH", function()
    for _, body in ipairs { '{"ok":true}', "{}", '{"detail":"one moment"}' } do
      bed.with({}, function(sim)
        bed.answer_with(sim, body, { method = "GET", forever = true })
        local answer = bed.call("update_deployment", { deployment_id = ID, min_instances = 0 })
        assert.equal("unexpected_answer", answer.data.code)
        assert.matches("a deployment with a name", answer.text, 1, true)
        assert.equal("GET", methods(sim))
      end)
    end
  end)

  it("reports a load that failed, and sends no PATCH", function()
    bed.with({}, function(sim)
      local answer = bed.call("update_deployment", { deployment_id = "a1b2c3d4-0000-4000-8000-00000000dead", is_enabled = true })
      assert.equal(404001, answer.data.error_code)
      assert.equal("GET", methods(sim))
    end)
  end)

  it("loads what it is now when the answer is empty", function()
    bed.with({}, function(sim)
      assert(sim:fault { kind = "empty", method = "PATCH", handled = true })
      local answer = bed.call("update_deployment", { deployment_id = ID, name = "fresh" })
      assert.is_true(answer.ok)
      assert.equal("fresh", answer.data.deployment.name)
      assert.equal("PATCH GET", methods(sim))
    end)
  end)

  it("takes what is set now, not a page that says 200, for the proof that it was updated", function()
    for _, page in ipairs { "<html><title>Login</title></html>", "OK", "[]", "{}" } do
      bed.with({}, function(sim)
        bed.answer_with(sim, page, { method = "PATCH" }) -- and nothing was changed
        local answer = bed.call("update_deployment", { deployment_id = ID, name = "fresh", hardware = "ADA_80_PLUS", min_instances = 1 })
        assert.equal("unknown", answer.data.delivery)
        assert.equal("PATCH GET", methods(sim))
      end)
      bed.with({}, function(sim)
        bed.answer_with(sim, page, { method = "PATCH", handled = true })
        local answer = bed.call("update_deployment", { deployment_id = ID, name = "fresh", hardware = "ADA_80_PLUS", min_instances = 1 })
        assert.is_true(answer.ok, answer.text)
        assert.same({ "fresh", 1 }, { answer.data.deployment.name, answer.data.deployment.min_instances })
      end)
    end
  end)
end)
