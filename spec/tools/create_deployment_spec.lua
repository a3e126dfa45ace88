local bed = require "spec.support.runcomfy"

local WORKFLOW = "00000000-0000-0000-0000-000000001111"

local function arguments(more)
  local result = { name = "mine", workflow_id = WORKFLOW, workflow_version = "v1" }
  for key, value in pairs(more or {}) do result[key] = value end
  return result
end

describe("tool create_deployment", function()
  it("sends all eight fields with the defaults, hardware as a list", function()
    bed.with({}, function(sim)
      local answer = bed.call("create_deployment", arguments())
      assert.is_true(answer.ok, answer.text)
      assert.equal(('{"name":"mine","workflow_id":"%s","workflow_version":"v1","hardware":["AMPERE_48"],"min_instances":0,'
        .. '"max_instances":1,"queue_size":1,"keep_warm_duration_in_seconds":60}'):format(WORKFLOW), sim:requests()[1].body)
      assert.equal(("Created deployment %s."):format(answer.data.deployment.id), answer.text)
      assert.equal("mine", answer.data.deployment.name)
      assert.is_nil(answer.data.deployment.payload)
      assert.equal("Found 4 deployment(s).", bed.call("list_deployments").text)
    end)
  end)

  local refused = {
    { { hardware = "H100" }, "Invalid hardware 'H100'. Must be one of ['TURING_16', 'AMPERE_24', 'AMPERE_48', 'ADA_48_PLUS', "
      .. "'AMPERE_80', 'ADA_80_PLUS', 'HOPPER_141']." },
    { { min_instances = 31 }, "Field 'min_instances' must be from 0 to 30, got 31." },
    { { min_instances = -1 }, "Field 'min_instances' must be from 0 to 30, got -1." },
    { { max_instances = 0 }, "Field 'max_instances' must be from 1 to 60, got 0." },
    { { max_instances = 61 }, "Field 'max_instances' must be from 1 to 60, got 61." },
    { { min_instances = 3, max_instances = 2 }, "Field 'max_instances' must be at least min_instances (3), got 2." },
    { { min_instances = 2 }, "Field 'max_instances' must be at least min_instances (2), got 1." },
    { { queue_size = -1 }, "Field 'queue_size' must be 0 or more, got -1." },
    { { keep_warm_duration_in_seconds = -5 }, "Field 'keep_warm_duration_in_seconds' must be 0 or more, got -5." },
    { { name = "" }, "Field 'name' must not be empty." },
  }
  for _, case in ipairs(refused) do
    it("refuses before anything is sent: " .. case[2], function()
      bed.with({}, function(sim)
        local answer = bed.call("create_deployment", arguments(case[1]))
        assert.is_false(answer.ok)
        assert.equal(case[2], answer.text)
        assert.equal(0, #sim:requests())
      end)
    end)
  end

  it("takes the ends of the ranges, and numbers in quotes", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, '{"id":"x"}', { method = "POST" })
      assert.is_true(bed.call("create_deployment", arguments { min_instances = "30", max_instances = 60, queue_size = 0 }).ok)
      assert.matches('"min_instances":30,"max_instances":60,"queue_size":0', sim:requests()[1].body, 1, true)
    end)
  end)
end)
