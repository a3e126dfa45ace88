--- The examples on workflows of the kinds in which words and seeds lie where nobody would look, through the simulator.

local json = require "core.json"
local recipes = require "spec.support.recipes"
local sim_graphs = require "lib.sim.graphs"
local support = require "spec.support.graphs"

local base, node, sampler = support.base, support.node, support.sampler

local ID = "00000000-0000-0000-0000-00000000%04d"

-- Runs `fn(bench)` with a deployment "it" of a workflow.
local function with(graph, fn)
  local text = type(graph) == "string" and graph or json.encode(graph)
  local workflow = { id = ID:format(7777), name = "it", hardware = "AMPERE_48", readme = "", graph = text, overrides = "{}" }
  table.insert(sim_graphs.undeployed, workflow)
  local _ <close> = setmetatable({}, { __close = function() table.remove(sim_graphs.undeployed) end })
  recipes.with({}, function(bench)
    local made = bench:call("create_deployment", { name = "it", workflow_id = workflow.id, workflow_version = "v1" })
    assert.is_true(made.ok, made.text)
    fn(bench)
  end)
end

local function sent(bench)
  local bodies = bench:bodies("POST", "/inference")
  assert.equal(1, #bodies)
  return bodies[1].overrides
end

local function refused(bench, answer, pattern)
  assert.is_false(answer.ok)
  assert.matches(pattern, answer.text)
  assert.equal(0, bench:count("POST", "/inference"), "nothing is paid for")
end

local STRING = base { ["6"] = node("CLIPTextEncode", { text = { "12", 0 }, clip = { "4", 1 } }),
                      ["12"] = node("PrimitiveStringMultiline", { value = "a cat" }) }
local ZERO = base { ["7"] = node("ConditioningZeroOut", { conditioning = { "6", 0 } }) }
local WRITTEN = base { ["6"] = node("CLIPTextEncode", { text = { "12", 0 }, clip = { "4", 1 } }),
                       ["12"] = node("OllamaGenerate", { prompt = "Describe a cat" }) }
local PASSES = base {
  ["3"] = sampler({ seed = false, noise_seed = 77, add_noise = "enable" }, "KSamplerAdvanced"),
  ["2"] = sampler({ seed = false, noise_seed = 5, add_noise = "disable", latent_image = { "3", 0 } }, "KSamplerAdvanced"),
  ["8"] = node("VAEDecode", { samples = { "2", 0 }, vae = { "4", 2 } }),
  ["1"] = sampler { seed = 9 },
}

describe("the examples on all kinds of workflows", function()
  it("generate_image writes the words behind the encoder, and names where", function()
    with(STRING, function(bench)
      local answer = bench:call("generate_image", { deployment_id = "it", prompt = "a fox", negative = "snow", seed = 7, width = 256 })
      assert.is_true(answer.ok, answer.text)
      assert.same({ ["12"] = { inputs = { value = "a fox" } }, ["7"] = { inputs = { text = "snow" } }, ["3"] = { inputs = { seed = 7 } },
                    ["5"] = { inputs = { width = 256 } } }, sent(bench))
      assert.same({ name = "prompt", inputs = { "12.value" }, how = "traced" }, answer.data.set[2])
    end)
  end)

  it("generate_image refuses a negative where the workflow has none", function()
    with(ZERO, function(bench)
      refused(bench, bench:call("generate_image", { deployment_id = "it", prompt = "a fox", negative = "snow" }), "emptied by node 7")
      local answer = bench:call("generate_image", { deployment_id = "it", prompt = "a fox", seed = 7 })
      assert.is_true(answer.ok, answer.text)
      assert.same({ ["6"] = { inputs = { text = "a fox" } }, ["3"] = { inputs = { seed = 7 } } }, sent(bench))
    end)
  end)

  it("generate_image asks for a place where the words are written elsewhere, and takes one", function()
    with(WRITTEN, function(bench)
      local answer = bench:call("generate_image", { deployment_id = "it", prompt = "a fox" })
      refused(bench, answer, "node=12%.prompt")
      assert.same({ "12.prompt" }, answer.data.candidates)
      answer = bench:call("generate_image", { deployment_id = "it", prompt = "a fox", seed = 7, node = "12.prompt" })
      assert.is_true(answer.ok, answer.text)
      assert.same({ ["12"] = { inputs = { prompt = "a fox" } }, ["3"] = { inputs = { seed = 7 } } }, sent(bench))
      assert.equal("pinned", answer.data.set[1].how)
    end)
  end)

  it("new seeds stay below 2^31, also of partner nodes", function()
    local partner = { ["1"] = node("IdeogramV3", { prompt = "a cat", seed = 663434087 }), ["2"] = node("SaveImage",
      { images = { "1", 0 } }) }
    with(partner, function(bench)
      for _ = 1, 8 do
        local answer = bench:call("generate_image", { deployment_id = "it", prompt = "a fox" })
        assert.is_true(answer.ok, answer.text)
        assert.is_true(answer.data.seed >= 0 and answer.data.seed < 1 << 31)
      end
    end)
  end)

  it("compare_seeds varies the noise of what is saved, so that each picture is another", function()
    with(PASSES, function(bench)
      local answer = bench:call("compare_seeds", { deployment_id = "it", seeds = { 1, 2 }, inline = true })
      assert.is_true(answer.ok, answer.text)
      for _, body in ipairs(bench:bodies("POST", "/inference")) do
        assert.same({ "3" }, (function() local ids = {} for id in pairs(body.overrides) do ids[#ids + 1] = id end return ids end)())
        assert.equal("integer", math.type(body.overrides["3"].inputs.noise_seed))
      end
      assert.same({ "3.noise_seed" }, answer.data.set[1].inputs)
      local pictures = {}
      for _, block in ipairs(answer.content) do
        if block.type == "image" then pictures[#pictures + 1] = block.data end
      end
      assert.equal(2, #pictures)
      assert.not_equal(pictures[1], pictures[2])
    end)
  end)

  it("compare_seeds refuses a workflow without a seed, before anything is paid for", function()
    local graph = { ["1"] = node("LoadImage", { image = "example.png" }), ["2"] = node("ImageUpscaleWithModel", { image = { "1", 0 } }),
                    ["9"] = node("SaveImage", { images = { "2", 0 } }) }
    with(graph, function(bench)
      refused(bench, bench:call("compare_seeds", { deployment_id = "it", seeds = { 1, 2 } }), "no input 'seed'")
      refused(bench, bench:call("compare_seeds", { deployment_id = "it", prompt = "a fox" }), "no input 'prompt'")
    end)
  end)

  it("compare_seeds shows seeds above 2^63", function()
    with(base(), function(bench)
      local answer = bench:call("compare_seeds", { deployment_id = "it", seeds = { json.integer "13735812341234567890" } })
      assert.is_true(answer.ok, answer.text)
      assert.matches("| 13735812341234567890 |", answer.text, 1, true)
    end)
  end)

  it("image_to_video takes the first frame, not what only guides", function()
    local graph = base {
      ["3"] = sampler { positive = { "50", 0 }, negative = { "50", 1 }, latent_image = { "50", 2 } },
      ["50"] = node("WanVaceToVideo", { positive = { "6", 0 }, negative = { "7", 0 }, start_image = { "30", 0 },
        control_video = { "31", 0 },
                                        width = 480, height = 480 }),
      ["30"] = node("LoadImage", { image = "a.png" }), ["31"] = node("VHS_LoadVideo", { video = "pose.mp4" }),
    }
    with(graph, function(bench)
      local answer = bench:call("image_to_video", { deployment_id = "it", image = "https://example.com/fox.png", prompt = "it runs",
        seed = 5 })
      assert.is_true(answer.ok, answer.text)
      assert.same({ ["30"] = { inputs = { image = "https://example.com/fox.png" } }, ["6"] = { inputs = { text = "it runs" } },
                    ["3"] = { inputs = { seed = 5 } } }, sent(bench))
    end)
  end)

  it("image_to_video asks which of two pictures is meant", function()
    local graph = { ["1"] = node("KlingStartEndFrameNode", { prompt = "x", first = { "3", 0 }, last = { "4", 0 } }),
      ["3"] = node("LoadImage", { image = "a.png" }), ["4"] = node("LoadImage", { image = "b.png" }), ["2"] = node("SaveVideo",
        { video = { "1", 0 } }) }
    with(graph, function(bench)
      local call = { deployment_id = "it", image = "https://example.com/fox.png" }
      refused(bench, bench:call("image_to_video", call), "It could be 3%.image .* 4%.image .*node=3%.image")
      call.node = "4"
      local answer = bench:call("image_to_video", call)
      assert.is_true(answer.ok, answer.text)
      assert.same({ ["4"] = { inputs = { image = "https://example.com/fox.png" } } }, sent(bench))
    end)
  end)

  it("chain_stages and batch_from_csv check roles and pins first", function()
    with(WRITTEN, function(bench)
      local stage = { deployment_id = "it", inputs = { prompt = "a fox" } }
      refused(bench, bench:call("chain_stages", { stages = { { deployment_id = "text-to-image" }, stage } }), "no input 'image'")
      refused(bench, bench:call("chain_stages", { stages = { stage } }), "node=12%.prompt")
      refused(bench, bench:call("batch_from_csv", { deployment_id = "it", csv = "prompt\na fox\n" }), "row 2: .*node=12%.prompt")
      refused(bench, bench:call("batch_from_csv", { deployment_id = "it", csv = "prompt,12.prompt\na,b\n", node = "12.prompt" }),
        "are the same input")
      local answer = bench:call("batch_from_csv", { deployment_id = "it", csv = "12.prompt,seed\na fox,7\n" })
      assert.equal(0, answer.data.failed, answer.text)
      stage.node = "12.prompt"
      answer = bench:call("chain_stages", { stages = { stage } })
      assert.is_true(answer.ok, answer.text)
      assert.same("a fox", bench:bodies("POST", "/inference")[2].overrides["12"].inputs.prompt)
    end)
  end)

  it("discover_inputs says how it knows, and passes over what is no node", function()
    with([[{"_comment": "demo", "_workflow_metadata": {"v": 1}, "none": null, ]] .. json.encode(ZERO):sub(2), function(bench)
      local answer = bench:call("discover_inputs", { deployment_id = "it" })
      assert.is_true(answer.ok, answer.text)
      assert.equal("6.text", answer.data.roles.prompt)
      assert.equal("traced", answer.data.how.prompt)
      assert.equal("candidate", answer.data.how.negative)
      assert.matches("emptied by node 7", answer.data.unclear.negative.reason)
      assert.is_nil(answer.data.roles.negative)
      answer = bench:call("discover_inputs", { deployment_id = "it", node = "seed:3.steps" })
      assert.equal("pinned", answer.data.how.seed)
    end)
  end)

  it("a workflow in UI format is named as such", function()
    with('{"nodes": [{"id": 1}], "links": [], "version": 0.4}', function(bench)
      refused(bench, bench:call("generate_image", { deployment_id = "it", prompt = "a fox" }), "UI format")
    end)
  end)

  it("sets inputs that are objects", function()
    local graph = base { ["50"] = node("Power Lora Loader (rgthree)", { lora_1 = { on = true, lora = "a", strength = 0.8 },
      model = { "4", 0 } }),
                         ["3"] = sampler { model = { "50", 0 } } }
    with(graph, function(bench)
      local answer = bench:call("batch_from_csv", { deployment_id = "it", csv = '50.lora_1\n"{""on"":false,""lora"":""b""}"\n' })
      assert.equal(0, answer.data.failed, answer.text)
      assert.same({ on = false, lora = "b" }, sent(bench)["50"].inputs.lora_1)
    end)
  end)
end)

describe("the simulator's pictures", function()
  it("depend on the words and the seed that are traced, and not on a seed without noise", function()
    local execution = require "lib.sim.execution"
    local function drawn(changes)
      local graph = json.decode(json.encode(PASSES))
      for key, value in pairs(changes) do
        local id, name = key:match "^(%d+)%.(.+)$"
        graph[id].inputs[name] = value
      end
      local file = execution.files(graph)[1].picture
      return file.prompt, file.inputs
    end
    local prompt, inputs = drawn {}
    local function same(changes)
      local other_prompt, other_inputs = drawn(changes)
      return prompt == other_prompt, inputs == other_inputs
    end
    assert.same({ false, false }, { same { ["6.text"] = "a dog" } })
    assert.same({ true, false }, { same { ["3.noise_seed"] = 78 } })
    assert.same({ true, true }, { same { ["2.noise_seed"] = 6 } })
    assert.same({ true, true }, { same { ["1.seed"] = 10 } })
    assert.same({ true, true }, { same { ["9.filename_prefix"] = "y" } })
  end)
end)
