local flows = require "lib.workflow.flow"
local json = require "core.json"
local support = require "spec.support.graphs"

local base, node, sampler = support.base, support.node, support.sampler

local function open(graph, pins, more)
  local options = { name = "test", node = pins }
  for name, value in pairs(more or {}) do options[name] = value end
  return flows.open(graph, options)
end

-- The prompt is written by a language model.
local function written()
  return base { ["6"] = node("CLIPTextEncode", { text = { "12", 0 }, clip = { "4", 1 } }), ["12"] = node("OllamaGenerate",
    { prompt = "Describe a cat" }) }
end

describe("workflow.flow", function()
  it("sets roles and inputs by their names", function()
    local flow = assert(open(base()))
    assert.same({ ["3"] = { inputs = { seed = 7, steps = 8 } }, ["6"] = { inputs = { text = "a fox" } },
      ["7"] = { inputs = { text = "snow" } } },
      flow:overrides { prompt = "a fox", negative = "snow", seed = 7, ["3.steps"] = 8 })
  end)

  it("lists all that can be set, objects, too, and nothing that is linked", function()
    local lora = { on = true, lora = "a.safetensors", strength = 0.8 }
    local flow = assert(open(base { ["50"] = node("Power Lora Loader (rgthree)", { lora_1 = lora, model = { "4", 0 },
      list = json.as_array { 1, 2, 3 }, none = json.null }), ["1"] = node("VHS_LoadVideo", { video = "a.mp4", force_rate = 0 }) }))
    local kinds = {}
    for _, entry in ipairs(flow.inputs) do kinds[entry.key] = entry.kind end
    assert.equal("object", kinds["50.lora_1"])
    assert.equal("list", kinds["50.list"])
    assert.equal("null", kinds["50.none"])
    assert.equal("file", kinds["1.video"])
    assert.equal("text", kinds["6.text"])
    assert.equal("seed", kinds["3.seed"])
    assert.is_nil(kinds["50.model"] or kinds["3.positive"])
    assert.same({ ["50"] = { inputs = { lora_1 = { on = false } } } }, flow:overrides { ["50.lora_1"] = { on = false } })
  end)

  it("refuses a role that it cannot trace, names the candidates and how to name one", function()
    local flow = assert(open(written()))
    local overrides, problem = flow:overrides { prompt = "a fox", seed = 7 }
    assert.is_nil(overrides)
    assert.equal("no_input", problem.code)
    assert.same({ "12.prompt" }, problem.candidates)
    assert.matches('has no input \'prompt\' that can be traced: node 12 (OllamaGenerate) writes the text. It could be 12.prompt '
      .. '(OllamaGenerate: "Describe a cat"); name one with node=12.prompt.', problem.message, 1, true)
  end)

  it("names the role in what it proposes where the kind does not tell it", function()
    local flow = assert(open(base { ["7"] = node("CLIPTextEncode", { text = { "12", 0 } }), ["12"] = node("OllamaGenerate",
      { prompt = "x" }) }))
    local _, problem = flow:overrides { negative = "snow" }
    assert.matches("node=negative:12.prompt.", problem.message, 1, true)
    assert.equal("pinned", assert(open(base(), "negative:6.text")).roles.negative.how)
  end)

  it("proposes no input that is another role already", function()
    local flow = assert(open(base { ["7"] = node("ConditioningZeroOut", { conditioning = { "6", 0 } }) }))
    local _, problem = flow:overrides { prompt = "a fox", negative = "snow" }
    assert.same({}, problem.candidates)
    assert.matches("emptied by node 7.", problem.message, 1, true)
  end)

  it("cuts long and odd texts in what it proposes, never within a character", function()
    local graph = written()
    graph["12"].inputs.prompt = ("é"):rep(4000) .. "\n\xFF"
    local _, problem = open(graph):overrides { prompt = "x" }
    assert.is_truthy(utf8.len(problem.message))
    assert.is_true(#problem.message < 1000)
    graph["12"].inputs.prompt = "a\xFF\27[31m"
    _, problem = open(graph):overrides { prompt = "x" }
    assert.is_truthy(utf8.len(problem.message))
    assert.is_nil(problem.message:find("%c"))
  end)

  for name, case in pairs {
    ["an input"] = { "12.prompt", "prompt", "12.prompt" },
    ["a node with one text"] = { "12", "prompt", "12.prompt" },
    ["a role and an input"] = { " negative:12.prompt ", "negative", "12.prompt" },
    ["a seed"] = { "3.seed", "seed", "3.seed" },
    ["several"] = { "12.prompt, 3.seed", "seed", "3.seed" },
    ["an input of a subgraph"] = { "40:2.text", "prompt", "40:2.text" },
    ["a file"] = { "30", "image", "30.image" },
  } do
    it("takes " .. name .. " by hand", function()
      local graph = written()
      graph["40:2"] = node("CLIPTextEncode", { text = "x" })
      graph["30"] = node("LoadImage", { image = "a.png" })
      local flow = assert(open(graph, case[1]))
      assert.equal("pinned", flow.roles[case[2]].how)
      assert.equal(case[3], flow:targets(case[2])[1].key)
    end)
  end

  for pin, message in pairs {
    ["99.text"] = "has no such input", ["6.text"] = "comes from node 12: name an input there", ["5"] = "has no such input",
    ["3.cfg"] = "node=seed:3.cfg", ["blue:6.text"] = "has no such input",
  } do
    it("refuses node=" .. pin, function()
      local flow, problem = open(written(), pin)
      assert.is_nil(flow)
      assert.equal("bad_pin", problem.code)
      assert.matches(message, problem.message, 1, true)
    end)
  end

  it("refuses two names for one input", function()
    local _, problem = open(base()):overrides { prompt = "a", ["6.text"] = "b" }
    assert.equal("two_for_one", problem.code)
    assert.matches("6.text and prompt are the same input, 6.text", problem.message, 1, true)
    _, problem = open(base(), "negative:6.text"):overrides { prompt = "a", negative = "b" }
    assert.equal("two_for_one", problem.code)
  end)

  it("finds roles where they are once the call has turned a switch or a pass", function()
    local flow = assert(open(base { ["6"] = node("CLIPTextEncode", { text = { "12", 0 }, clip = { "4", 1 } }),
      ["12"] = node("ComfySwitchNode", { switch = { "13", 0 }, on_false = "a cat", on_true = "a dog" }),
      ["13"] = node("PrimitiveBoolean", { value = false }) }))
    assert.equal("12.on_false", flow:targets("prompt")[1].key)
    assert.same({ ["12"] = { inputs = { on_true = "a fox" } }, ["13"] = { inputs = { value = true } } },
      flow:overrides { prompt = "a fox", ["13.value"] = true })
    local passes = assert(open(base { ["11"] = node("KSamplerAdvanced", { add_noise = "disable", noise_seed = 5, steps = 20,
      positive = { "6", 0 }, latent_image = { "3", 0 } }), ["8"] = node("VAEDecode", { samples = { "11", 0 } }) }))
    assert.same({ ["3"] = { inputs = { seed = 9 } }, ["11"] = { inputs = { add_noise = "enable", noise_seed = 9 } } },
      passes:overrides { seed = 9, ["11.add_noise"] = "enable" })
    assert.same({ ["3"] = { inputs = { seed = 9 } } }, passes:overrides { seed = 9 })
  end)

  it("names what there is when asked for what there is not", function()
    local _, problem = open(base()):overrides { colour = "red" }
    assert.matches("'test' has no input 'colour'; it has: prompt, negative, seed, width, height, 3.cfg", problem.message, 1, true)
  end)

  it("names what is no workflow", function()
    local _, problem = open { nodes = {}, links = {} }
    assert.equal("no_workflow", problem.code)
    assert.matches("UI format", problem.message)
  end)

  it("keeps new seeds below 2^31 where it does not know better", function()
    local function info(class, max) return { object_info = { [class] = { input = { required = { seed = { "INT", { min = 0,
      max = max } } } } } } } end
    assert.same({ 0, 2147483647 }, { open(base()):seed_range() })
    assert.same({ 0, 65535 }, { open(base(), nil, info("KSampler", 65535)):seed_range() })
    assert.same({ 0, math.maxinteger }, { open(base(), nil, info("KSampler", json.integer "18446744073709551615")):seed_range() })
    assert.same({ 0, 2147483647 }, { open(base(), nil, info("Other", 5)):seed_range() })
    local rodin = { ["1"] = node("Rodin3D_Gen2", { Seed = 5, Images = { "2", 0 } }), ["2"] = node("LoadImage", { image = "a.png" }),
      ["3"] = node("SaveGLB", { mesh = { "1", 0 } }) }
    assert.same({ 0, 65535 }, { open(rodin):seed_range() })
    local two = base { ["11"] = sampler({ seed = 5, latent_image = { "3", 0 } }, "Other"), ["8"] = node("VAEDecode",
      { samples = { "11", 0 } }) }
    assert.same({ 0, 5 }, { open(two, nil, info("Other", 5)):seed_range() })
  end)
end)
