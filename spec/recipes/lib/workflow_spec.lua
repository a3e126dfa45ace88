-- The workflow that the recipes' helper sees, without a server behind it.
local function open(graph)
  local deployment = { id = "d", name = "test", payload = { workflow_api_json = graph } }
  local rc = {
    tools = { get_deployment = function() return { deployment = deployment } end },
    file = function(path) return "data:" .. path end,
    fail = function(message) error({ message = message }, 0) end,
  }
  local modules = { rc = rc, deployments = { id_of = function(id) return id end } }
  local env = setmetatable({ require = function(name) return assert(modules[name], name) end }, { __index = _G })
  local workflow = assert(loadfile("recipes/lib/workflow.lua", "t", env))()
  return workflow, workflow.open("d")
end

local FLUX = {
  ["25"] = { class_type = "RandomNoise", inputs = { noise_seed = 1 } },
  ["13"] = { class_type = "SamplerCustomAdvanced", inputs = { noise = { "25", 0 }, guider = { "22", 0 }, latent_image = { "5", 0 } } },
  ["22"] = { class_type = "BasicGuider", inputs = { model = { "12", 0 }, conditioning = { "26", 0 } } },
  ["26"] = { class_type = "FluxGuidance", inputs = { guidance = 3.5, conditioning = { "6", 0 } } },
  ["6"] = { class_type = "CLIPTextEncodeFlux", inputs = { clip = { "11", 0 }, clip_l = "short", t5xxl = "long", guidance = 3.5 } },
  ["5"] = { class_type = "EmptySD3LatentImage", inputs = { width = 1024, height = 1024, batch_size = 1 } },
}

describe("recipes/lib/workflow", function()
  it("finds the roles of a Flux workflow, and sets its words in both encoders", function()
    local workflow, flow = open(FLUX)
    assert.equal("25.noise_seed", flow.roles.seed.key)
    assert.equal("5.width", flow.roles.width.key)
    assert.is_nil(flow.roles.negative)
    assert.same({ ["6"] = { inputs = { clip_l = "a fox", t5xxl = "a fox" } }, ["25"] = { inputs = { noise_seed = 7 } } },
      workflow.overrides(flow, { prompt = "a fox", seed = 7 }))
  end)

  it("tells the positive prompt from the negative one, whatever their numbers", function()
    local _, flow = open {
      ["1"] = { class_type = "CLIPTextEncode", inputs = { text = "ugly", clip = { "9", 0 } } },
      ["2"] = { class_type = "CLIPTextEncode", inputs = { text = "a fox", clip = { "9", 0 } } },
      ["3"] = { class_type = "ControlNetApplyAdvanced", inputs = { positive = { "2", 0 }, negative = { "1", 0 } } },
      ["4"] = { class_type = "KSampler", inputs = { seed = 1, positive = { "3", 0 }, negative = { "3", 1 } } },
    }
    assert.equal("2.text", flow.roles.prompt.key)
    assert.equal("1.text", flow.roles.negative.key)
  end)

  it("takes the first text where nothing samples, and ends on a graph that goes in circles", function()
    local _, flow = open { ["7"] = { class_type = "Captioner", inputs = { prompt = "describe" } } }
    assert.equal("7.prompt", flow.roles.prompt.key)
    _, flow = open {
      ["1"] = { class_type = "KSampler", inputs = { seed = 1, positive = { "2", 0 } } },
      ["2"] = { class_type = "Mixer", inputs = { conditioning = { "2", 0 } } },
    }
    assert.is_nil(flow.roles.prompt)
  end)

  it("sorts nodes by number, makes files of what loads them, and sets any place", function()
    local workflow, flow = open {
      ["10"] = { class_type = "LoadImage", inputs = { image = "a.png" } },
      ["9"] = { class_type = "SaveImage", inputs = { filename_prefix = "x", images = { "10", 0 } } },
    }
    assert.equal("9.filename_prefix", flow.inputs[1].key)
    assert.same({ ["10"] = { inputs = { image = "data:b.png" } }, ["9"] = { inputs = { filename_prefix = "y" } } },
      workflow.overrides(flow, { image = "b.png", ["9.filename_prefix"] = "y" }))
  end)

  it("names what there is when asked for what there is not", function()
    local workflow, flow = open(FLUX)
    local ok, err = pcall(workflow.overrides, flow, { colour = "red" })
    assert.is_false(ok)
    assert.matches("'test' has no input 'colour'; it has: prompt, seed, width, height, 5%.batch_size", err.message)
  end)
end)
