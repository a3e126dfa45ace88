local flows = require "lib.workflow.flow"

-- The workflow that the recipes' helper sees, without a server behind it.
local function open(graph, node)
  local deployment = { id = "d", name = "test", payload = { workflow_api_json = graph } }
  local rc = {
    tools = { get_deployment = function() return { deployment = deployment } end },
    file = function(path) return "data:" .. path end,
    fail = function(message) error({ message = message }, 0) end,
    json = { decode = require("core.json").decode, array = function(list) return list end },
    null = require("core.json").null,
  }
  local function must(value, problem) return value or rc.fail(problem.message) end
  function rc.workflow(value, options)
    local flow = must(flows.open(value, options))
    local roles = {}
    for _, role in ipairs(flow:summary()) do roles[role.role] = role end
    return {
      inputs = flow.inputs, roles = roles,
      has = function(_, role) return flow:has(role) end,
      targets = function(_, key, values) return must(flow:targets(key, values)) end,
      overrides = function(_, values) return must(flow:overrides(values)) end,
      new_seed = function() return 42 end,
    }
  end
  local modules = { rc = rc, deployments = { id_of = function(id) return id end } }
  local env = setmetatable({ require = function(name) return assert(modules[name], name) end }, { __index = _G })
  local workflow = assert(loadfile("recipes/lib/workflow.lua", "t", env))()
  return workflow, workflow.open("d", node)
end

local FLUX = {
  ["25"] = { class_type = "RandomNoise", inputs = { noise_seed = 1 } },
  ["13"] = { class_type = "SamplerCustomAdvanced", inputs = { noise = { "25", 0 }, guider = { "22", 0 }, latent_image = { "5", 0 } } },
  ["22"] = { class_type = "BasicGuider", inputs = { model = { "12", 0 }, conditioning = { "26", 0 } } },
  ["26"] = { class_type = "FluxGuidance", inputs = { guidance = 3.5, conditioning = { "6", 0 } } },
  ["6"] = { class_type = "CLIPTextEncodeFlux", inputs = { clip = { "11", 0 }, clip_l = "short", t5xxl = "long", guidance = 3.5 } },
  ["5"] = { class_type = "EmptySD3LatentImage", inputs = { width = 1024, height = 1024, batch_size = 1 } },
  ["9"] = { class_type = "SaveImage", inputs = { images = { "13", 0 }, filename_prefix = "x" } },
  ["30"] = { class_type = "LoadImage", inputs = { image = "a.png" } },
}

describe("recipes/lib/workflow", function()
  it("sets the words of a Flux workflow in both encoders, and says where things go", function()
    local workflow, flow = open(FLUX)
    assert.same({ ["6"] = { inputs = { clip_l = "a fox", t5xxl = "a fox" } }, ["25"] = { inputs = { noise_seed = 7 } } },
      workflow.overrides(flow, { prompt = "a fox", seed = 7 }))
    assert.same({ { name = "9.filename_prefix", inputs = { "9.filename_prefix" }, how = "named" },
                  { name = "prompt", inputs = { "6.clip_l", "6.t5xxl" }, how = "traced" } },
      workflow.where(flow, { prompt = "a fox", ["9.filename_prefix"] = "y" }))
  end)

  it("makes files of what loads them, by any name", function()
    local workflow, flow = open(FLUX, "30")
    assert.same({ ["30"] = { inputs = { image = "data:b.png" } } }, workflow.overrides(flow, { image = "b.png" }))
    assert.same({ ["30"] = { inputs = { image = "data:b.png" } } }, workflow.overrides(flow, { ["30.image"] = "b.png" }))
  end)

  it("adds a seed where none is given and one can be set", function()
    local workflow, flow = open(FLUX)
    assert.equal(42, workflow.with_seed(flow, {}).seed)
    assert.equal(7, workflow.with_seed(flow, { seed = 7 }).seed)
    assert.is_nil(workflow.with_seed(flow, { ["25.noise_seed"] = 7 }).seed)
    workflow, flow = open { ["30"] = FLUX["30"], ["9"] = { class_type = "SaveImage", inputs = { images = { "30", 0 } } } }
    assert.is_nil(workflow.with_seed(flow, {}).seed)
  end)

  it("reads cells in the type of their input", function()
    local workflow, flow = open(FLUX)
    assert.equal(512, workflow.from_text(flow, "width", "512"))
    assert.equal("512", workflow.from_text(flow, "prompt", "512"))
    assert.equal("13735812341234567890", tostring(workflow.from_text(flow, "seed", "13735812341234567890")))
    assert.is_false((pcall(workflow.from_text, flow, "seed", "many")))
  end)

  it("names what there is when asked for what there is not", function()
    local workflow, flow = open(FLUX)
    local ok, err = pcall(workflow.overrides, flow, { colour = "red" })
    assert.is_false(ok)
    assert.matches("'test' has no input 'colour'; it has: prompt, seed, width, height, 5%.batch_size", err.message)
  end)
end)
