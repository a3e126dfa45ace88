local recipes = require "spec.support.recipes"

local STAGES = {
  { deployment_id = "text-to-image", inputs = { prompt = "a fox", seed = 7 } },
  { deployment_id = "image-to-image", inputs = { prompt = "in oil" } },
  { deployment_id = "upscale" },
}

describe("recipes.chain_stages", function()
  it("feeds each stage with the picture of the one before", function()
    recipes.with({}, function(bench)
      local answer = bench:call("chain_stages", { stages = STAGES })
      assert.is_true(answer.ok, answer.text)
      local bodies = bench:bodies("POST", "/inference")
      assert.equal(3, #bodies)
      assert.equal(answer.data.stages[1].urls[1], bodies[2].overrides["189"].inputs.image)
      assert.equal(answer.data.stages[2].urls[1], bodies[3].overrides["189"].inputs.image)
      assert.same(answer.data.stages[3].urls, answer.data.images)
    end)
  end)

  it("takes a picture for the first stage", function()
    recipes.with({}, function(bench)
      local answer = bench:call("chain_stages", { stages = { { deployment_id = "upscale" } }, image = "https://example.com/fox.png" })
      assert.is_true(answer.ok, answer.text)
      assert.equal("https://example.com/fox.png", bench:bodies("POST", "/inference")[1].overrides["189"].inputs.image)
    end)
  end)

  it("checks all stages before the first is paid for", function()
    recipes.with({}, function(bench)
      local answer = bench:call("chain_stages", { stages = { STAGES[1], { deployment_id = "upscale", inputs = { colour = "red" } } } })
      assert.is_false(answer.ok)
      assert.matches("'upscale' has no input 'colour'", answer.text)
      assert.equal(0, bench:count("POST", ""))
    end)
  end)

  it("gives what is finished when a stage fails, so that nothing is paid twice", function()
    recipes.with({}, function(bench)
      bench.sim:fault { kind = "fail_run", path = recipes.UPSCALE, message = "out of memory" }
      local answer = bench:call("chain_stages", { stages = { STAGES[1], STAGES[3] } })
      assert.is_false(answer.ok)
      assert.matches("stage 2 %(upscale%) failed: .*out of memory", answer.text)
      assert.equal(2, answer.data.failed_stage)
      assert.equal(1, #answer.data.finished)
      assert.equal(answer.data.finished[1].urls[1], answer.data.image)
      assert.is_string(answer.data.cause.request_id)
    end)
  end)
end)
