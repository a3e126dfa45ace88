local clock = require "lib.async.clock"
local json = require "core.json"
local simulation = require "spec.support.simulation"

local ROOT = "/prod/v2/deployments"
local T2I = simulation.TEXT_TO_IMAGE

local function body(changes)
  local all = { name = "portrait-api", workflow_id = "00000000-0000-0000-0000-000000001111", workflow_version = "v1",
                hardware = json.as_array { "AMPERE_48" }, min_instances = 0, max_instances = 1, queue_size = 1,
                keep_warm_duration_in_seconds = 60 }
  for name, value in pairs(changes or {}) do all[name] = value end
  return all
end

local function complaint(answer)
  local entry = answer.json.detail[1]
  return table.concat(entry.loc, "."), entry.msg
end

describe("sim deployments", function()
  it("creates one from all eight fields and answers with its graph", function()
    simulation.with({}, function(api)
      local answer = api:send("POST", ROOT, body())
      assert.equal(201, answer.status)
      assert.equal("portrait-api", answer.json.name)
      assert.is_true(answer.json.is_enabled)
      assert.equal("standby", answer.json.status)
      assert.equal(156680208700286, answer.json.payload.workflow_api_json["3"].inputs.seed)
      assert.equal("portrait-api", api:get(ROOT .. "/" .. answer.json.id).json.name)
      assert.equal(4, #api:get(ROOT).json)
    end)
  end)

  it("takes the workflow that a known workflow_id names", function()
    simulation.with({}, function(api)
      local answer = api:send("POST", ROOT, body { workflow_id = "00000000-0000-0000-0000-000000003333" })
      assert.equal("UpscaleModelLoader", answer.json.payload.workflow_api_json["13"].class_type)
    end)
  end)

  local refusals = {
    { { name = json.null }, "body.name", "Field required" },
    { { workflow_id = "flux" }, "body.workflow_id", "Input should be a valid UUID" },
    { { hardware = "AMPERE_48" }, "body.hardware", "Input should be a valid list" },
    { { hardware = json.as_array { "AMPERE_48", "AMPERE_80" } }, "body.hardware", "List should have exactly 1 item, not 2" },
    { { hardware = json.as_array { "RTX_4090" } }, "body.hardware", "Input should be 'TURING_16'" },
    { { min_instances = 31 }, "body.min_instances", "less than or equal to 30" },
    { { max_instances = 0 }, "body.max_instances", "greater than or equal to 1" },
    { { max_instances = 61 }, "body.max_instances", "less than or equal to 60" },
    { { min_instances = 3, max_instances = 2 }, "body.max_instances", "greater than or equal to min_instances" },
    { { queue_size = -1 }, "body.queue_size", "greater than or equal to 0" },
    { { keep_warm_duration_in_seconds = "60" }, "body.keep_warm_duration_in_seconds", "valid integer" },
  }
  for _, case in ipairs(refusals) do
    it("refuses a create with FastAPI's detail about " .. case[2] .. ": " .. case[3], function()
      simulation.with({}, function(api)
        local answer = api:send("POST", ROOT, body(case[1]))
        assert.equal(422, answer.status)
        local loc, msg = complaint(answer)
        assert.equal(case[2], loc)
        assert.matches(case[3], msg, 1, true)
        assert.equal(3, #api:get(ROOT).json)
      end)
    end)
  end

  it("refuses bodies that are missing, no JSON, or no object", function()
    simulation.with({}, function(api)
      assert.equal("missing", api:send("POST", ROOT).json.detail[1].type)
      assert.equal("json_invalid", api:send("POST", ROOT, '{"name":').json.detail[1].type)
      assert.equal("dict_type", api:send("POST", ROOT, "[]").json.detail[1].type)
      assert.equal("model_attributes_type", api:send("POST", ROOT, "{}", { "Content-Type: text/plain" }).json.detail[1].type)
    end)
  end)

  it("refuses an update without a name, in the service's words", function()
    simulation.with({}, function(api)
      local answer = api:send("PATCH", ROOT .. "/" .. T2I, { max_instances = 4 })
      assert.equal(422, answer.status)
      assert.equal("Deployment name is required", answer.json.detail)
      assert.equal(1, api:get(ROOT .. "/" .. T2I).json.max_instances)
    end)
  end)

  it("changes what an update names and nothing else", function()
    simulation.with({}, function(api)
      local before = api:get(ROOT .. "/" .. T2I).json
      clock.sleep(5)
      local answer = api:send("PATCH", ROOT .. "/" .. T2I,
        { name = "mine", hardware = json.as_array { "HOPPER_141" }, max_instances = 4, workflow_id = "ignored" })
      assert.equal(200, answer.status)
      local after = api:get(ROOT .. "/" .. T2I).json
      assert.same({ "mine", "HOPPER_141", 4, before.workflow_id },
        { after.name, after.hardware[1], after.max_instances, after.workflow_id })
      assert.is_true(after.updated_at > before.updated_at)
      assert.equal(before.created_at, after.created_at)
    end)
  end)

  it("fails all open requests when a deployment is disabled, and refuses new ones with 10002 under HTTP 200", function()
    simulation.with({ run_time = 60 }, function(api)
      local running, waiting = api:submit(T2I).json.request_id, api:submit(T2I).json.request_id
      clock.sleep(200)
      assert.equal("in_progress", api:ask(T2I, running, "status").status)
      api:send("PATCH", ROOT .. "/" .. T2I, { name = "text-to-image", is_enabled = false })
      for _, id in ipairs { running, waiting } do
        assert.equal("completed", api:ask(T2I, id, "status").status)
        local result = api:ask(T2I, id, "result")
        assert.equal("failed", result.status)
        assert.equal(10002, result.error[1].errorCode)
        assert.is_nil(result.outputs)
      end
      local refused = api:submit(T2I)
      assert.equal(200, refused.status)
      assert.equal(10002, refused.json.error_code)
      api:send("PATCH", ROOT .. "/" .. T2I, { name = "text-to-image", is_enabled = true })
      assert.is_string(api:submit(T2I).json.request_id)
    end)
  end)

  it("deletes: nothing in the list, 404001 on a look, 10003 on a submit, old results still there", function()
    simulation.with({}, function(api)
      local result, id = api:run(T2I)
      assert.equal("succeeded", result.status)
      local answer = api:send("DELETE", ROOT .. "/" .. T2I)
      assert.same({ 204, "" }, { answer.status, answer.body })
      assert.equal(2, #api:get(ROOT).json)
      assert.equal(404001, api:get(ROOT .. "/" .. T2I).json.error_code)
      assert.equal(10003, api:submit(T2I).json.error_code)
      assert.equal("succeeded", api:ask(T2I, id, "result").status)
      assert.equal(404001, api:send("DELETE", ROOT .. "/" .. T2I).json.error_code)
    end)
  end)

  it("refuses to run without funds, with 10001 and the status it is told to use", function()
    simulation.with({ gate_status = 402 }, function(api)
      api.sim.model.balance = 0
      local refused = api:submit(T2I)
      assert.equal(402, refused.status)
      assert.equal(10001, refused.json.error_code)
    end)
  end)

  it("wraps its list and answers a delete with an object on demand", function()
    simulation.with({ list_form = "wrapped", delete_form = "object" }, function(api)
      assert.equal(3, #api:get(ROOT).json.deployments)
      local answer = api:send("DELETE", ROOT .. "/" .. T2I)
      assert.equal(200, answer.status)
      assert.is_true(answer.json.deleted)
    end)
  end)
end)
