local recipes = require "spec.support.recipes"

describe("recipes.generate_image", function()
  it("finds the deployment by name, the prompt and the seed by themselves, and gives the picture", function()
    recipes.with({}, function(bench)
      local answer = bench:call("generate_image", { deployment_id = "text-to-image", prompt = "a fox", seed = 7, width = 256 })
      assert.is_true(answer.ok, answer.text)
      assert.equal(1, #answer.data.images)
      assert.matches("^http.*%.png$", answer.data.images[1])
      assert.equal(7, answer.data.seed)
      assert.equal("resource_link", answer.content[#answer.content].type)

      local body = bench:bodies("POST", "/inference")[1]
      assert.same({ ["3"] = { inputs = { seed = 7 } }, ["5"] = { inputs = { width = 256 } }, ["6"] = { inputs = { text = "a fox" } } },
        body.overrides)
      assert.equal(1, bench:count("POST", ""), "one paid request, and nothing else is changed")
    end)
  end)

  it("sets what the picture must not show, and its size", function()
    recipes.with({}, function(bench)
      local answer = bench:call("generate_image", {
        deployment_id = "text-to-image", prompt = "a fox", negative = "snow", width = 128, height = 256,
      })
      assert.is_true(answer.ok, answer.text)
      local overrides = bench:bodies("POST", "/inference")[1].overrides
      assert.equal("snow", overrides["7"].inputs.text)
      assert.same({ width = 128, height = 256 }, overrides["5"].inputs)
    end)
  end)

  it("takes a new seed each time when none is given", function()
    recipes.with({}, function(bench)
      local one = bench:call("generate_image", { deployment_id = "text-to-image", prompt = "a fox" })
      local other = bench:call("generate_image", { deployment_id = recipes.TEXT_TO_IMAGE, prompt = "a fox" })
      assert.is_true(one.ok and other.ok)
      assert.not_equal(one.data.seed, other.data.seed)
    end)
  end)

  it("sends nothing for a deployment that is not there, and says which there are", function()
    recipes.with({}, function(bench)
      local answer = bench:call("generate_image", { deployment_id = "flux", prompt = "a fox" })
      assert.is_false(answer.ok)
      assert.matches("no deployment 'flux'; there are: text%-to%-image", answer.text)
      assert.equal(0, bench:count("POST", "/inference"))
    end)
  end)

  it("is an error with the API's reason and the ids when the run fails", function()
    recipes.with({}, function(bench)
      bench.sim:fault { kind = "fail_run", message = "out of memory" }
      local answer = bench:call("generate_image", { deployment_id = "text-to-image", prompt = "a fox" })
      assert.is_false(answer.ok)
      assert.matches("out of memory", answer.text)
      assert.is_string(answer.data.request_id)
    end)
  end)

  it("says where to look, and not to pay once more, when ComfyUI answered from its cache", function()
    recipes.with({}, function(bench)
      bench:call("generate_image", { deployment_id = "text-to-image", prompt = "a fox", seed = 7 })
      local again = bench:call("generate_image", { deployment_id = "text-to-image", prompt = "a fox", seed = 7 })
      assert.is_false(again.ok)
      assert.matches("Look there before paying for another run", again.text, 1, true)
      assert.is_string(again.data.request_id)
    end)
  end)
end)
