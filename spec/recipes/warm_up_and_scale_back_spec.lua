local clock = require "lib.async.clock"
local kit = require "rcmcp.testkit"
local recipes = require "spec.support.recipes"

local function deployment(bench)
  return bench.sim.model.deployments[recipes.TEXT_TO_IMAGE]
end

describe("recipes.warm_up_and_scale_back", function()
  it("keeps an instance for the session, and takes it back", function()
    recipes.with({}, function(bench)
      local task = bench:start("warm_up_and_scale_back", { deployment_id = "text-to-image", minutes = 30 })
      clock.sleep(600)
      assert.equal(1, deployment(bench).min_instances)
      assert.equal("idle", deployment(bench).instances[1].state)
      local _, answer = task:join()
      assert.is_true(answer.ok, answer.text)
      assert.equal(0, deployment(bench).min_instances)
      assert.equal(1.25, answer.data.estimated_usd)
      assert.equal(0, answer.data.back_to)
      assert.equal(2, bench:count("PATCH", ""))
      assert.equal(0, bench:count("POST", ""))
    end)
  end)

  it("raises max_instances when more are wanted, and puts it back", function()
    recipes.with({}, function(bench)
      local answer = bench:call("warm_up_and_scale_back", { deployment_id = "text-to-image", instances = 3, minutes = 5 })
      assert.is_true(answer.ok, answer.text)
      local bodies = bench:bodies("PATCH", "")
      assert.equal(3, bodies[1].max_instances)
      assert.equal(1, bodies[2].max_instances)
      assert.equal(0, bodies[2].min_instances)
    end)
  end)

  it("scales back when it is cancelled", function()
    recipes.with({}, function(bench)
      local task = bench:start("warm_up_and_scale_back", { deployment_id = "text-to-image" })
      clock.sleep(300)
      task:cancel("the user")
      task:join()
      assert.equal(0, deployment(bench).min_instances)
      assert.equal(2, bench:count("PATCH", ""))
    end)
  end)

  it("scales back when the answer to the warm-up is lost", function()
    recipes.with({}, function(bench)
      bench.sim:fault { kind = "drop", method = "PATCH", handled = true }
      local answer = bench:call("warm_up_and_scale_back", { deployment_id = "text-to-image" })
      assert.is_false(answer.ok)
      assert.equal(0, deployment(bench).min_instances)
    end)
  end)

  it("says aloud that the scaling back failed", function()
    recipes.with({}, function(bench)
      bench.sim:fault { kind = "status", status = 500, method = "PATCH", skip = 1, forever = true }
      local answer = bench:call("warm_up_and_scale_back", { deployment_id = "text-to-image", minutes = 1 })
      assert.matches("clean%-up", answer.text)
      assert.equal(1, deployment(bench).min_instances)
    end)
  end)

  it("changes nothing where enough are ready already", function()
    recipes.with({}, function(bench)
      bench:call("update_deployment", { deployment_id = recipes.TEXT_TO_IMAGE, min_instances = 1 })
      local answer = bench:call("warm_up_and_scale_back", { deployment_id = "text-to-image" })
      assert.is_false(answer.ok)
      assert.matches("keeps 1 instance%(s%) ready already", answer.text)
      assert.equal(1, bench:count("PATCH", ""))
    end)
  end)
end)

-- As a spec of one's own would have it: see docs/testing.md.
describe("recipes.warm_up_and_scale_back in the test kit", function()
  local RECIPE, INPUT = "recipes/warm_up_and_scale_back.lua", { deployment_id = kit.DEPLOYMENT, minutes = 30 }
  local BACK = { "update_deployment", { min_instances = 0 } }

  for option, what in pairs { cancel_after = "the caller gives up", leave_after = "the client leaves", shutdown_after = "the host ends" } do
    it("scales back when " .. what, function()
      local result = kit.run(RECIPE, INPUT, { [option] = 300 })
      assert.is_false(result.ok)
      assert.same({}, result.unfinished)
      assert.same({ 300.0, 300.0 }, { result.ended_at, result.seconds })
      kit.expect_calls(result, { "get_deployment", { "update_deployment", { min_instances = 1 } }, BACK })
    end)

    it("says that it could not, also when " .. what, function()
      local result = kit.run(RECIPE, INPUT, { [option] = "update_deployment", failing_cleanup = true })
      kit.expect_told(result, "recipe 'warm_up_and_scale_back': a clean-up failed: HTTP 503")
    end)
  end

  it("scales back at the second try", function()
    local result = kit.run(RECIPE, INPUT, { failing_cleanup = { count = 1 } })
    assert.is_true(result.ok, result.error)
    assert.is_nil(result.calls[#result.calls].error)
  end)

  it("scales back what was changed while the client left", function()
    local result = kit.run(RECIPE, INPUT, { leave_after = { "update_deployment", before = true } })
    kit.expect_calls(result, { "get_deployment", "update_deployment", BACK })
  end)
end)
