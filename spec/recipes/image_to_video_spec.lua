local recipes = require "spec.support.recipes"

local PICTURE = "https://example.com/fox.png"

local function deploy(bench)
  return bench:call("create_deployment", {
    name = "wan", workflow_id = recipes.VIDEO_WORKFLOW, workflow_version = "v1",
  }).data.deployment.id
end

describe("recipes.image_to_video", function()
  it("sets the first frame, the prompt and the seed, and gives the video", function()
    recipes.with({}, function(bench)
      deploy(bench)
      local answer = bench:call("image_to_video", { deployment_id = "wan", image = PICTURE, prompt = "it turns around", seed = 5 })
      assert.is_true(answer.ok, answer.text)
      assert.equal("video_00001_.png", answer.data.videos[1].filename)
      assert.equal("images", answer.data.videos[1].channel)
      assert.same({ ["3"] = { inputs = { seed = 5 } }, ["6"] = { inputs = { text = "it turns around" } },
                    ["52"] = { inputs = { image = PICTURE } } }, bench:bodies("POST", "/inference")[1].overrides)
      assert.equal(1, bench:count("POST", "/inference"))
    end)
  end)

  it("saves the video when asked to", function()
    recipes.with({}, function(bench)
      deploy(bench)
      local answer = bench:call("image_to_video", { deployment_id = "wan", image = PICTURE, save = true })
      assert.is_true(answer.ok, answer.text)
      local file = assert(io.open(answer.data.videos[1].path, "rb"))
      assert.equal("\x89PNG", file:read(4))
      file:close()
    end)
  end)

  it("is an error where the workflow takes no picture, and sends nothing", function()
    recipes.with({}, function(bench)
      local answer = bench:call("image_to_video", { deployment_id = "text-to-image", image = PICTURE })
      assert.is_false(answer.ok)
      assert.matches("has no input 'image'", answer.text)
      assert.equal(0, bench:count("POST", ""))
    end)
  end)
end)
