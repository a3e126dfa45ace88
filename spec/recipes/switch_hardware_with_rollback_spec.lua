local clock = require "lib.async.clock"
local recipes = require "spec.support.recipes"

local function hardware(bench)
  return bench.sim.model.deployments[recipes.TEXT_TO_IMAGE].hardware
end

local INPUT = { deployment_id = "text-to-image", hardware = "ADA_48_PLUS" }

describe("recipes.switch_hardware_with_rollback", function()
  it("keeps the new GPU once a run on it succeeded", function()
    recipes.with({}, function(bench)
      local answer = bench:call("switch_hardware_with_rollback", INPUT)
      assert.is_true(answer.ok, answer.text)
      assert.equal("ADA_48_PLUS", hardware(bench))
      assert.equal("AMPERE_48", answer.data.from)
      assert.equal(2.99, answer.data.usd_per_hour_now)
      assert.is_true(answer.data.test_seconds >= 180)
      assert.equal(1, bench:count("PATCH", ""))
      assert.equal(1, bench:count("POST", ""))
    end)
  end)

  it("goes back when the run fails", function()
    recipes.with({}, function(bench)
      bench.sim:fault { kind = "fail_run", message = "out of memory" }
      local answer = bench:call("switch_hardware_with_rollback", INPUT)
      assert.is_false(answer.ok)
      assert.matches("goes back to AMPERE_48: .*out of memory", answer.text)
      assert.equal("AMPERE_48", hardware(bench))
      assert.equal(2, bench:count("PATCH", ""))
    end)
  end)

  it("goes back when the submit is refused", function()
    recipes.with({}, function(bench)
      bench.sim:fault { kind = "status", status = 500, method = "POST", path = "/inference" }
      assert.is_false(bench:call("switch_hardware_with_rollback", INPUT).ok)
      assert.equal("AMPERE_48", hardware(bench))
    end)
  end)

  it("goes back when the test takes too long, or is cancelled", function()
    recipes.with({ sim = { run_time = 1800 } }, function(bench)
      local slow = { deployment_id = "text-to-image", hardware = "ADA_48_PLUS", timeout_minutes = 5 }
      assert.is_false(bench:call("switch_hardware_with_rollback", slow).ok)
      assert.equal("AMPERE_48", hardware(bench))

      local task = bench:start("switch_hardware_with_rollback", INPUT)
      clock.sleep(60)
      assert.equal("ADA_48_PLUS", hardware(bench))
      task:cancel("the user")
      task:join()
      assert.equal("AMPERE_48", hardware(bench))
    end)
  end)

  it("changes nothing when the test's inputs are wrong", function()
    recipes.with({}, function(bench)
      local answer = bench:call("switch_hardware_with_rollback", {
        deployment_id = "text-to-image", hardware = "ADA_48_PLUS", inputs = { colour = "red" },
      })
      assert.is_false(answer.ok)
      assert.equal(0, bench:count("PATCH", "") + bench:count("POST", ""))
    end)
  end)
end)
