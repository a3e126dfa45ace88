local recipes = require "spec.support.recipes"

local function row_of(answer, name)
  for _, row in ipairs(answer.data.deployments) do
    if row.name == name then return row end
  end
end

describe("recipes.deployment_health", function()
  it("tells what each costs at rest and at most, the dearest first, with the date of the prices", function()
    recipes.with({}, function(bench)
      bench:call("update_deployment", { deployment_id = recipes.UPSCALE, min_instances = 2, max_instances = 4 })
      bench:call("update_deployment", { deployment_id = recipes.IMAGE_TO_IMAGE, is_enabled = false, keep_warm_duration_in_seconds = 900 })
      local before = #bench.sim:requests()
      local answer = bench:call("deployment_health")
      assert.is_true(answer.ok, answer.text)
      assert.equal(1, #bench.sim:requests() - before, "one request to the API")

      assert.equal("upscale", answer.data.deployments[1].name)
      local upscale, paused = row_of(answer, "upscale"), row_of(answer, "image-to-image")
      assert.is_true(upscale.billable)
      assert.near(1.98, upscale.usd_per_hour_at_rest, 1e-9)
      assert.near(3.96, upscale.usd_per_hour_at_most, 1e-9)
      assert.matches("billed all the time", upscale.remarks[1])
      assert.is_true(paused.disabled)
      assert.equal(0, paused.usd_per_hour_at_most)
      assert.equal(2, #paused.remarks)
      assert.near(1.98, answer.data.usd_per_hour_at_rest, 1e-9)
      assert.matches("^%d%d%d%d%-%d%d%-%d%d$", answer.data.prices_as_of)
      assert.is_truthy(answer.text:find(answer.data.prices_as_of, 1, true))
    end)
  end)

  it("has the prices that the program has, for all GPUs", function()
    local prices = assert(loadfile("recipes/lib/prices.lua"))()
    assert.same(require("lib.runcomfy.pricing").DOLLARS_PER_HOUR, prices.usd_per_hour)
    for _, name in ipairs(require("lib.runcomfy.deployment").HARDWARE) do assert.is_number(prices.usd_per_hour[name]) end
  end)

  it("shows a GPU whose price it does not know", function()
    recipes.with({}, function(bench)
      bench.sim.model.deployments[recipes.UPSCALE].hardware = "BLACKWELL_96"
      local answer = bench:call("deployment_health")
      assert.is_true(answer.ok, answer.text)
      assert.is_nil(row_of(answer, "upscale").usd_per_hour_at_most)
      assert.matches("no price is known for BLACKWELL_96", row_of(answer, "upscale").remarks[1])
    end)
  end)

  it("bears a deployment of which the API tells little", function()
    recipes.with({}, function(bench)
      require("spec.support.runcomfy").answer_with(bench.sim, '[{"id":"x","hardware":null}]', { path = "/deployments" })
      local answer = bench:call("deployment_health")
      assert.is_true(answer.ok, answer.text)
      assert.is_false(answer.data.deployments[1].billable)
      assert.is_false(answer.data.deployments[1].disabled)
    end)
  end)

  it("is an error when the API is", function()
    recipes.with({}, function(bench)
      bench.sim:fault { kind = "status", status = 401, error_code = 401001, forever = true }
      assert.is_false(bench:call("deployment_health").ok)
    end)
  end)
end)
