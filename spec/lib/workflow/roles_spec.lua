local json = require "core.json"
local support = require "spec.support.graphs"

local base, node, sampler = support.base, support.node, support.sampler
local check, text = support.check, support.text

describe("workflow.roles: words", function()
  it("are those of the sampler's two sides, whatever the numbers of their nodes", function()
    check(base(), { prompt = "6.text", negative = "7.text", seed = "3.seed", width = "5.width", height = "5.height", image = false })
    check(base { ["3"] = sampler { positive = { "7", 0 }, negative = { "6", 0 } } }, { prompt = "7.text", negative = "6.text" })
  end)

  for name, case in pairs {
    ["a string node"] = { node("PrimitiveStringMultiline", { value = "a cat" }), "12.value" },
    ["a string node of others"] = { node("Text Multiline", { text = "a cat" }), "12.text" },
    ["a string node with a name of its own"] = { node("My Words", { sentence_of_mine = "a cat" }), "12.sentence_of_mine" },
    ["a concatenation with one text"] = { node("StringConcatenate", { string_a = "a cat", string_b = "", delimiter = ", " }),
      "12.string_a" },
    ["a switch whose choice is written down"] = { node("CR Text Input Switch", { Input = 2, text1 = "no", text2 = "a cat" }), "12.text2" },
    ["a boolean switch"] = { node("ComfySwitchNode", { switch = true, on_false = "no", on_true = "a cat" }), "12.on_true" },
    ["wildcards that are filled in anew"] = { node("ImpactWildcardProcessor", { wildcard_text = "a {cat}", populated_text = "a cat",
      mode = "populate", seed = 4 }), "12.wildcard_text" },
    ["wildcards that stay"] = { node("ImpactWildcardProcessor", { wildcard_text = "a {cat}", populated_text = "a cat", mode = "fixed" }),
      "12.populated_text" },
  } do
    it("lie behind " .. name, function()
      check(base { ["6"] = text { "12", 0 }, ["12"] = case[1] }, { prompt = case[2], negative = "7.text" })
    end)
  end

  for name, class in pairs { ["a reroute"] = "Reroute", ["a display"] = "ShowText|pysssss", ["a node in between"] = "Text Trim" } do
    it("are followed through " .. name, function()
      check(base { ["6"] = text { "12", 0 }, ["12"] = node(class, { text = { "13", 0 },
        text_0 = class:find "Show" and "an old cat" or nil }),
                   ["13"] = node("PrimitiveString", { value = "a cat" }) }, { prompt = "13.value" })
    end)
  end

  for name, inputs in pairs {
    ["a combination"] = { "ConditioningCombine", { conditioning_1 = { "6", 0 }, conditioning_2 = { "20", 0 } } },
    ["a concatenation"] = { "ConditioningConcat", { conditioning_to = { "6", 0 }, conditioning_from = { "20", 0 } } },
    ["an average"] = { "ConditioningAverage", { conditioning_to = { "6", 0 }, conditioning_from = { "20", 0 },
      conditioning_to_strength = 0.5 } },
  } do
    it("of " .. name .. " are one where they are the same, and none where they are two", function()
      local graph = base { ["3"] = sampler { positive = { "11", 0 } }, ["11"] = node(inputs[1], inputs[2]), ["20"] = text "a cat" }
      check(graph, { prompt = "6.text 20.text", negative = "7.text" })
      graph["20"] = text "a dog"
      local found = check(graph, { prompt = false, negative = "7.text" })
      assert.equal("candidate", found.prompt.how)
      assert.equal(2, #found.prompt.places)
      graph["20"] = text ""
      check(graph, { prompt = "6.text" })
    end)
  end

  for _, class in ipairs { "ConditioningSetArea", "ConditioningSetMask", "ConditioningSetTimestepRange", "FluxGuidance",
    "unCLIPConditioning",
    "ReferenceLatent", "StyleModelApply", "ControlNetApply", "Some Modifier Of Others" } do
    it("are followed through " .. class, function()
      check(base { ["3"] = sampler { positive = { "11", 0 } }, ["11"] = node(class, { conditioning = { "6", 0 }, strength = 1.0,
        image = { "30", 0 } }), ["30"] = node("LoadImage", { image = "a.png" }) }, { prompt = "6.text", negative = "7.text",
          image = "30.image" })
    end)
  end

  for _, class in ipairs { "ControlNetApplyAdvanced", "InpaintModelConditioning", "InstructPixToPixConditioning", "WanImageToVideo" } do
    it(("go through %s by its outputs"):format(class), function()
      local apply = node(class, { positive = { "6", 0 }, negative = { "7", 0 }, vae = { "4", 2 } })
      check(base { ["3"] = sampler { positive = { "11", 0 }, negative = { "11", 1 } }, ["11"] = apply }, { prompt = "6.text",
        negative = "7.text" })
      check(base { ["3"] = sampler { positive = { "11", 1 }, negative = { "11", 0 } }, ["11"] = apply }, { prompt = "7.text",
        negative = "6.text" })
    end)
  end

  it("go through an unknown node with two sides only where its outputs stand as they usually do", function()
    local apply = node("Mixer Of Others", { positive = { "6", 0 }, negative = { "7", 0 }, model = { "4", 0 } })
    check(base { ["3"] = sampler { positive = { "11", 0 }, negative = { "11", 1 } }, ["11"] = apply }, { prompt = "6.text",
      negative = "7.text" })
    check(base { ["3"] = sampler { model = { "11", 0 }, positive = { "11", 1 }, negative = { "11", 2 } }, ["11"] = apply },
      { prompt = "6.text", negative = "7.text" })
    check(base { ["3"] = sampler { positive = { "11", 1 }, negative = { "11", 0 } }, ["11"] = apply }, { prompt = false, negative = false })
  end)

  it("end at a zeroed conditioning, and are no negative where they are the prompt's", function()
    local zero = node("ConditioningZeroOut", { conditioning = { "6", 0 } })
    local found = check(base { ["7"] = zero }, { prompt = "6.text", negative = false })
    assert.matches("emptied by node 7", found.negative.reason)
    found = check(base { ["3"] = sampler { negative = { "6", 0 } } }, { prompt = "6.text", negative = false })
    assert.matches("6.text holds the prompt", found.negative.reason, 1, true)
  end)

  it("stand in all inputs of one encoder", function()
    check(base { ["6"] = node("CLIPTextEncodeSDXL", { text_g = "a cat", text_l = "cat", width = 1024, height = 1024, clip = { "4", 1 } }) },
      { prompt = "6.text_g 6.text_l", width = "5.width" })
    check(base { ["6"] = node("CLIPTextEncodeFlux", { clip_l = { "12", 0 }, t5xxl = { "12", 0 }, guidance = 3.5, clip = { "4", 1 } }),
                 ["12"] = node("PrimitiveString", { value = "a cat" }) }, { prompt = "12.value" })
  end)

  for name, writer in pairs {
    ["a language model"] = node("OllamaGenerate", { prompt = "Describe a cat", model = "x" }),
    ["a captioner"] = node("Florence2Run", { text_input = "caption", image = { "30", 0 } }),
    ["an unknown node with a picture"] = node("Words From It", { question = "what?", image = { "30", 0 } }),
    ["a switch whose choice is computed"] = node("Text Switch", { select = { "31", 0 }, text1 = "a", text2 = "b" }),
    ["a concatenation of two texts"] = node("StringConcatenate", { string_a = "a cat", string_b = "at night", delimiter = "" }),
    ["a file"] = node("LoadTextFile", { text = "words.txt" }),
    ["nothing"] = nil,
  } do
    it("are not guessed behind " .. name, function()
      local found = check(base { ["6"] = text { "12", 0 }, ["12"] = writer, ["30"] = node("LoadImage", { image = "a.png" }),
                                 ["31"] = node("Random Int", { from = 1, to = 2 }) }, { prompt = false, negative = "7.text" })
      assert.equal("candidate", found.prompt.how)
    end)
  end

  it("are not those of a segmenter, a LoRA loader, an overlay, a display or an encoder that feeds nothing", function()
    check(base {
      ["1"] = node("CLIPTextEncode", { text = "unused", clip = { "4", 1 } }),
      ["2"] = node("GroundingDinoSAMSegment", { prompt = "face", image = { "8", 0 } }),
      ["8"] = node("VAEDecode", { samples = { "3", 0 }, vae = { "4", 2 } }),
      ["10"] = node("LoraLoader", { lora_name = "x", text = "trigger", model = { "4", 0 }, clip = { "4", 1 } }),
      ["3"] = sampler { model = { "10", 0 } },
      ["14"] = node("CR Overlay Text", { text = "SALE", image = { "2", 0 } }),
      ["9"] = node("SaveImage", { images = { "14", 0 }, filename_prefix = { "15", 0 } }),
      ["15"] = node("PrimitiveString", { value = "name" }),
    }, { prompt = "6.text", negative = "7.text" })
  end)

  it("are two prompts where two passes have texts of their own, and one where they share it", function()
    local graph = base { ["11"] = sampler({ latent_image = { "3", 0 }, positive = { "20", 0 }, seed = 5, denoise = 0.4 }),
                         ["20"] = text "sharp", ["8"] = node("VAEDecode", { samples = { "11", 0 } }) }
    check(graph, { prompt = false, negative = "7.text", seed = "3.seed 11.seed" })
    graph["20"] = text "a cat"
    check(graph, { prompt = "6.text 20.text" })
  end)
end)

describe("workflow.roles: guiders", function()
  local function advanced(guider, more)
    local graph = base {
      ["3"] = node("SamplerCustomAdvanced", { noise = { "25", 0 }, guider = { "22", 0 }, sampler = { "16", 0 }, sigmas = { "17", 0 },
                                              latent_image = { "5", 0 } }),
      ["25"] = node("RandomNoise", { noise_seed = 1 }), ["22"] = guider,
      ["16"] = node("KSamplerSelect", { sampler_name = "euler" }), ["17"] = node("BasicScheduler", { steps = 20, model = { "4", 0 } }),
    }
    for id, change in pairs(more or {}) do graph[id] = change end
    return graph
  end

  it("are followed to their words and their noise", function()
    check(advanced(node("BasicGuider", { model = { "4", 0 }, conditioning = { "6", 0 } })),
      { prompt = "6.text", negative = false, seed = "25.noise_seed", width = "5.width" })
    check(advanced(node("CFGGuider", { model = { "4", 0 }, positive = { "6", 0 }, negative = { "7", 0 }, cfg = 3 })),
      { prompt = "6.text", negative = "7.text", seed = "25.noise_seed" })
  end)

  it("with two conditionings have a prompt where the second is not another one", function()
    local dual = node("DualCFGGuider", { model = { "4", 0 }, cond1 = { "6", 0 }, cond2 = { "7", 0 }, negative = { "7", 0 } })
    check(advanced(dual), { prompt = "6.text", negative = "7.text" })
    dual.inputs.cond2 = { "20", 0 }
    check(advanced(dual, { ["20"] = text "a dog" }), { prompt = false })
  end)

  it("without noise have no seed", function()
    local guider = node("BasicGuider", { conditioning = { "6", 0 } })
    check(advanced(guider, { ["25"] = node("DisableNoise", {}) }), { seed = false, prompt = "6.text" })
  end)
end)

describe("workflow.roles: seeds", function()
  it("are not those of passes without noise, or without steps", function()
    for _, silent in ipairs { { add_noise = "disable" }, { add_noise = false }, { start_at_step = 4 }, { start_at_step = 3,
      end_at_step = 3 } } do
      local inputs = { seed = false, noise_seed = 5, latent_image = { "3", 0 } }
      for name, value in pairs(silent) do inputs[name] = value end
      local graph = base { ["11"] = sampler(inputs, "KSamplerAdvanced"), ["8"] = node("VAEDecode", { samples = { "11", 0 } }) }
      graph["11"].inputs.add_noise = silent.add_noise
      check(graph, { seed = "3.seed", prompt = "6.text" })
    end
  end)

  it("do not exist where no pass makes noise", function()
    local found = check(base { ["3"] = sampler({ add_noise = "disable", seed = false, noise_seed = 4 }, "KSamplerAdvanced") },
      { seed = false })
    assert.matches("node 3 adds no noise", found.seed.reason)
  end)

  it("are not those of samplers that nothing saved depends on", function()
    check(base { ["11"] = sampler { seed = 5 }, ["12"] = node("PreviewImage", { images = { "11", 0 } }) }, { seed = "3.seed" })
  end)

  it("are all that make noise", function()
    check(base { ["11"] = sampler { seed = 5 }, ["12"] = node("SaveImage", { images = { "11", 0 } }) }, { seed = "3.seed 11.seed" })
  end)

  for name, case in pairs {
    ["a primitive"] = { node("PrimitiveInt", { value = 7 }), "12.value" },
    ["a seed node"] = { node("Seed (rgthree)", { seed = 7 }), "12.seed" },
    ["a seed node with more numbers"] = { node("Seed Everywhere", { seed = 7, last = 6 }), "12.seed" },
    ["a reroute"] = { node("Reroute", { [""] = { "13", 0 } }), "13.value" },
    ["a computation"] = { node("Math Int", { a = 1, b = 2, operation = "+" }), false },
    ["a widget that reads links"] = { node("Sum", { a = { "13", 0 }, b = 2 }), false },
    ["nothing"] = { nil, false },
  } do
    it("lie behind " .. name, function()
      check(base { ["3"] = sampler { seed = { "12", 0 } }, ["12"] = case[1], ["13"] = node("PrimitiveInt", { value = 7 }) },
        { seed = case[2] })
    end)
  end

  it("keep their size above 2^63", function()
    check(base { ["3"] = sampler { seed = json.integer "13735812341234567890" } }, { seed = "3.seed" })
  end)
end)

describe("workflow.roles: kinds of workflows", function()
  it("partner nodes hold words and seed themselves", function()
    for class, word in pairs { IdeogramV3 = "prompt", FluxProUltraImageNode = "prompt", MinimaxTextToVideoNode = "prompt_text",
      GeminiImageNode = "prompt", OpenAIGPTImage1 = "prompt" } do
      check({ ["1"] = node(class, { [word] = "a cat", seed = 5 }), ["2"] = node("SaveImage", { images = { "1", 0 } }) },
        { prompt = "1." .. word, seed = "1.seed", negative = false })
    end
    check({ ["1"] = node("KlingImage2VideoNode", { prompt = "it moves", negative_prompt = "text", start_frame = { "3", 0 } }),
            ["3"] = node("LoadImage", { image = "a.png" }), ["2"] = node("SaveVideo", { video = { "1", 0 } }) },
      { prompt = "1.prompt", negative = "1.negative_prompt", seed = false, image = "3.image" })
  end)

  it("video samplers take both sides in one", function()
    check({ ["1"] = node("WanVideoTextEncode", { positive_prompt = "a cat", negative_prompt = "bad", t5 = { "8", 0 } }),
            ["2"] = node("WanVideoSampler", { seed = 1, steps = 30, model = { "8", 0 }, text_embeds = { "1", 0 },
              image_embeds = { "3", 0 } }),
            ["3"] = node("WanVideoEmptyEmbeds", { width = 832, height = 480, num_frames = 81 }),
            ["4"] = node("WanVideoDecode", { samples = { "2", 0 } }), ["5"] = node("VHS_VideoCombine", { images = { "4", 0 },
              save_output = true }) },
      { prompt = "1.positive_prompt", negative = "1.negative_prompt", seed = "2.seed", width = "3.width" })
    check({ ["1"] = node("HyVideoTextEncode", { prompt = "a cat", text_encoders = { "8", 0 } }),
            ["2"] = node("HyVideoSampler", { seed = 1, width = 512, height = 320, num_frames = 49, hyvid_embeds = { "1", 0 } }),
            ["5"] = node("SaveVideo", { video = { "2", 0 } }) }, { prompt = "1.prompt", negative = false, seed = "2.seed",
              width = "2.width" })
    check({ ["1"] = node("CogVideoTextEncode", { prompt = "a cat" }), ["6"] = node("CogVideoTextEncode", { prompt = "" }),
            ["2"] = node("CogVideoSampler", { seed = 1, positive = { "1", 0 }, negative = { "6", 0 } }),
            ["5"] = node("SaveAnimatedWEBP", { images = { "2", 0 } }) }, { prompt = "1.prompt", negative = "6.prompt", seed = "2.seed" })
  end)

  it("audio has tags, lyrics or words", function()
    check(base { ["6"] = node("TextEncodeAceStepAudio", { tags = "jazz", lyrics = "la la", clip = { "4", 1 } }),
                 ["7"] = node("ConditioningZeroOut", { conditioning = { "6", 0 } }) }, { prompt = "6.tags", lyrics = "6.lyrics",
                   negative = false })
    check(base { ["3"] = sampler { positive = { "11", 0 }, negative = { "11", 1 } }, ["5"] = node("EmptyLatentAudio", { seconds = 30 }),
                 ["11"] = node("ConditioningStableAudio", { positive = { "6", 0 }, negative = { "7", 0 }, seconds_total = 30 }),
                 ["9"] = node("SaveAudio", { audio = { "8", 0 } }) }, { prompt = "6.text", negative = "7.text", width = false })
    check({ ["1"] = node("KokoroSpeaker TTS", { text = "Hello.", speed = 1 }), ["2"] = node("SaveAudioMP3", { audio = { "1", 0 } }) },
      { prompt = "1.text" })
  end)

  it("an upscaler has a picture, and no words", function()
    check({ ["1"] = node("LoadImage", { image = "a.png" }), ["3"] = node("ImageUpscaleWithModel", { image = { "1", 0 },
      upscale_model = { "2", 0 } }),
            ["5"] = text "t", ["9"] = node("SaveImage", { images = { "3", 0 } }) }, { image = "1.image", prompt = false, seed = false })
  end)

  it("an inpainting has a picture and a mask of its own", function()
    local inpaint = node("InpaintModelConditioning", { positive = { "6", 0 }, negative = { "7", 0 }, pixels = { "30", 0 },
      mask = { "31", 0 } })
    local graph = base { ["3"] = sampler { positive = { "11", 0 }, negative = { "11", 1 }, latent_image = { "11", 2 } }, ["11"] = inpaint,
                         ["30"] = node("LoadImage", { image = "a.png" }), ["31"] = node("LoadImageMask", { image = "m.png" }) }
    check(graph, { image = "30.image", mask = "31.image", prompt = "6.text" })
    inpaint.inputs.mask = { "30", 1 }
    check(graph, { image = "30.image", mask = false })
  end)

  it("several pictures are one picture only where one is not aside", function()
    local graph = base { ["3"] = sampler { positive = { "11", 0 }, latent_image = { "32", 0 } },
      ["11"] = node("ControlNetApply", { conditioning = { "6", 0 }, image = { "31", 0 } }), ["31"] = node("LoadImage",
        { image = "pose.png" }),
      ["32"] = node("VAEEncode", { pixels = { "30", 0 } }), ["30"] = node("LoadImage", { image = "a.png" }) }
    check(graph, { image = "30.image" })
    graph["3"].inputs.latent_image = { "5", 0 }
    graph["11"].inputs.latent = { "32", 0 }
    check(graph, { image = false })
  end)

  it("a size is that of the latent, not that of a later change", function()
    check(base { ["8"] = node("ImageScale", { image = { "10", 0 }, width = 2048, height = 2048 }),
                 ["10"] = node("VAEDecode", { samples = { "11", 0 } }), ["11"] = node("LatentUpscale", { samples = { "3", 0 },
                   width = 1024, height = 1024 }) },
      { width = "5.width", height = "5.height" })
    local found = check(base { ["5"] = node("EmptyLatentImage", { width = { "12", 0 }, height = { "12", 0 } }),
      ["12"] = node("PrimitiveInt", { value = 9 }) },
      { width = false })
    assert.matches("width and height at once", found.width.reason)
  end)

  it("pipes carry what went into them", function()
    local graph = base { ["10"] = node("ToBasicPipe", { model = { "4", 0 }, clip = { "4", 1 }, vae = { "4", 2 }, positive = { "6",
      0 }, negative = { "7", 0 } }),
      ["11"] = node("FromBasicPipe", { basic_pipe = { "10", 0 } }), ["3"] = sampler { positive = { "11", 3 }, negative = { "11", 4 } } }
    check(graph, { prompt = "6.text", negative = "7.text" })
    graph["3"] = node("ImpactKSamplerBasicPipe", { basic_pipe = { "12", 0 }, seed = 4, latent_image = { "5", 0 } })
    graph["12"] = node("EditBasicPipe", { basic_pipe = { "10", 0 }, positive = { "20", 0 } })
    graph["20"] = text "a dog"
    check(graph, { prompt = "20.text", negative = "7.text", seed = "3.seed", width = "5.width" })
  end)

  it("contexts, loaders with words and samplers with a pipe are followed", function()
    check(base { ["10"] = node("Context (rgthree)", { positive = { "6", 0 }, negative = { "7", 0 }, latent = { "5", 0 },
      seed = { "13", 0 } }),
                 ["11"] = node("Context (rgthree)", { base_ctx = { "10", 0 }, positive = { "20", 0 } }), ["20"] = text "a dog",
                 ["13"] = node("PrimitiveInt", { value = 3 }),
                 ["3"] = sampler { positive = { "11", 4 }, negative = { "11", 5 }, latent_image = { "11", 6 }, seed = { "11", 8 } } },
      { prompt = "20.text", negative = "7.text", seed = "13.value", width = "5.width" })
    check({ ["1"] = node("Efficient Loader", { positive = "a cat", negative = "bad", empty_latent_width = 512, empty_latent_height = 640 }),
            ["2"] = node("KSampler (Efficient)", { seed = 3, model = { "1", 0 }, positive = { "1", 1 }, negative = { "1", 2 },
              latent_image = { "1", 3 } }),
            ["3"] = node("SaveImage", { images = { "2", 5 } }) },
      { prompt = "1.positive", negative = "1.negative", seed = "2.seed", width = "1.empty_latent_width", height = "1.empty_latent_height" })
    check({ ["1"] = node("easy fullLoader", { positive = "a cat", negative = "bad" }), ["2"] = node("easy preSampling",
      { pipe = { "1", 0 }, seed = 5 }),
            ["3"] = node("easy kSampler", { pipe = { "2", 0 }, image_output = "Save" }) }, { prompt = "1.positive",
              negative = "1.negative", seed = "2.seed" })
  end)

  it("Get and Set belong together by their name", function()
    local graph = base { ["3"] = sampler { positive = { "11", 0 } }, ["11"] = node("GetNode", { Constant = "pos" }),
                         ["12"] = node("SetNode", { Constant = "pos", CONDITIONING = { "6", 0 } }) }
    check(graph, { prompt = "6.text" })
    graph["13"] = node("SetNode", { Constant = "pos", CONDITIONING = { "7", 0 } })
    check(graph, { prompt = false })
  end)

  it("nodes of subgraphs are nodes", function()
    check(base { ["3"] = sampler { positive = { "12:3", 0 }, seed = { "12:4:1", 0 } }, ["12:3"] = text "a cat",
                 ["12:4:1"] = node("PrimitiveInt", { value = 1 }) }, { prompt = "12:3.text", seed = "12:4:1.value" })
  end)
end)

describe("workflow.roles: the shared graphs", function()
  local file = io.open "../shared/workflows/graphs.json"
  if not file then
    pending "../shared/workflows/graphs.json is not there"
    return
  end
  local all = json.decode(file:read "a")
  file:close()
  for name, case in pairs(all) do
    it(name .. ": " .. case.note, function()
      check(case.graph, { prompt = case.words[1] and table.concat(case.words, " ") or false,
        seed = case.seeds[1] and table.concat(case.seeds, " ") or false })
    end)
  end
end)
