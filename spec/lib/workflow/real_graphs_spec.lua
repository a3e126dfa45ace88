-- Kinds of graphs that published workflows have, each reduced to what was read wrongly in it once.

local support = require "spec.support.graphs"

local base, node, sampler = support.base, support.node, support.sampler
local check, text = support.check, support.text

describe("workflow.roles: switches of real graphs", function()
  local function switched(source, more)
    local graph = base { ["6"] = text { "12", 0 }, ["12"] = node("ComfySwitchNode", { switch = { "31", 0 }, on_false = "a cat",
      on_true = { "13", 0 } }), ["13"] = node("OllamaGenerate", { prompt = "describe" }), ["31"] = source }
    for id, entry in pairs(more or {}) do graph[id] = entry end
    return graph
  end

  it("stand where the node behind their choice says", function()
    check(switched(node("PrimitiveBoolean", { value = false })), { prompt = "12.on_false", negative = "7.text", seed = "3.seed" })
    check(switched(node("PrimitiveBoolean", { value = true })), { prompt = false, negative = "7.text", seed = "3.seed" })
    check(switched(node("Reroute", { [""] = { "32", 0 } }), { ["32"] = node("BOOLConstant", { value = false }) }),
      { prompt = "12.on_false" })
    check(base { ["8"] = node("easy imageIndexSwitch", { index = { "31", 0 }, image0 = { "40", 0 }, image1 = { "41", 0 } }),
      ["31"] = node("INTConstant", { value = 1 }), ["40"] = node("LoadImage", { image = "a.png" }), ["41"] = node("VAEDecode",
        { samples = { "3", 0 } }) }, { image = false, prompt = "6.text", seed = "3.seed" })
  end)

  for name, source in pairs {
    ["a comparison"] = node("StringCompare", { string_a = { "33", 0 }, string_b = "x" }),
    ["a calculation"] = node("ComfyMathExpression", { expression = "1 > 0" }),
    ["a node with several values"] = node("Settings", { on = true, off = false }),
    ["a node that is not there"] = nil,
    ["a circle"] = node("Reroute", { [""] = { "31", 0 } }),
  } do
    it("are not guessed where their choice is " .. name, function()
      local found = check(switched(source, { ["33"] = node("PrimitiveString", { value = "x" }) }), { prompt = false,
        negative = "7.text" })
      assert.matches("does not tell which way", found.prompt.reason, 1, true)
    end)
  end

  it("do not matter where all their ways are one", function()
    check(base { ["8"] = node("ComfySwitchNode", { switch = { "31", 0 }, on_false = { "10", 0 }, on_true = { "10", 0 } }),
      ["10"] = node("VAEDecode", { samples = { "3", 0 } }), ["31"] = node("StringCompare", { string_a = "x", string_b = "y" }) },
      { prompt = "6.text", seed = "3.seed" })
  end)

  it("do not matter among models: words and seeds are the same whichever is taken", function()
    check(base { ["3"] = sampler { model = { "10", 0 } }, ["10"] = node("ComfySwitchNode", { switch = { "31", 0 },
      on_false = { "4", 0 }, on_true = { "11", 0 } }), ["11"] = node("LoraLoaderModelOnly", { model = { "4", 0 }, lora_name = "x" }),
      ["31"] = node("StringCompare", { string_a = "x", string_b = "y" }) }, { prompt = "6.text", negative = "7.text", seed = "3.seed" })
  end)

  it("take the first input that is there where they have no choice of their own", function()
    check(base { ["8"] = node("Any Switch (rgthree)", { any_10 = { "41", 0 }, any_02 = { "10", 0 } }), ["10"] = node("VAEDecode",
      { samples = { "3", 0 } }), ["41"] = node("LoadImage", { image = "a.png" }) }, { prompt = "6.text", seed = "3.seed", image = false })
  end)

  for class, inputs in pairs {
    ["ElevenLabsVoiceSelector"] = { voice = "Roger" }, ["ResolutionSelector"] = { aspect_ratio = "1:1", megapixels = 1.0 },
    ["Sampler Selector (Image Saver)"] = { sampler_name = "euler" },
  } do
    it("are not all that are called so: " .. class, function()
      check(base { ["3"] = sampler { extra = { "12", 0 } }, ["12"] = node(class, inputs) }, { prompt = "6.text", seed = "3.seed" })
    end)
  end
end)

describe("workflow.roles: words of real graphs", function()
  it("are the two sides by whatever name a sampler calls them", function()
    check(base { ["3"] = node("XlabsSampler", { noise_seed = 1, conditioning = { "6", 0 }, neg_conditioning = { "7", 0 },
      latent_image = { "5", 0 } }) }, { prompt = "6.text", negative = "7.text", seed = "3.noise_seed" })
    check(base { ["3"] = node("SamplerCustomAdvanced", { guider = { "10", 0 }, noise = { "11", 0 }, latent_image = { "5", 0 } }),
      ["10"] = node("DualModelGuider", { model = { "4", 0 }, model_negative = { "4", 0 }, positive = { "6", 0 }, negative = { "7", 0 } }),
      ["11"] = node("RandomNoise", { noise_seed = 3 }) }, { prompt = "6.text", negative = "7.text", seed = "11.noise_seed" })
  end)

  it("lie behind regions of a cut-off, and behind an order of execution", function()
    check(base { ["3"] = sampler { positive = { "10", 0 } },
      ["10"] = node("BNK_CutoffRegionsToConditioning", { clip_regions = { "11", 0 } }),
      ["11"] = node("BNK_CutoffSetRegions", { clip_regions = { "12", 0 }, region_text = "hair", target_text = "pink" }),
      ["12"] = node("BNK_CutoffBasePrompt", { text = "a cat", clip = { "4", 1 } }) }, { prompt = "12.text", negative = "7.text" })
    check(base { ["3"] = sampler { positive = { "10", 1 } }, ["10"] = node("ImpactExecutionOrderController", { signal = { "8", 0 },
      value = { "6", 0 } }) }, { prompt = "6.text", negative = "7.text" })
  end)

  for class, case in pairs {
    LTXVReferenceAudio = { model = { "4", 0 }, positive = { "6", 0 }, negative = { "7", 0 }, audio_vae = { "4", 2 } },
    WanInfiniteTalkToVideo = { model = { "4", 0 }, positive = { "6", 0 }, negative = { "7", 0 }, width = 640, height = 640 },
    IPAdapterRegionalConditioning = { positive = { "6", 0 }, negative = { "7", 0 }, prompt_weight = 1.0 },
  } do
    it("go through the second and the third output of " .. class, function()
      check(base { ["3"] = sampler { positive = { "10", 1 }, negative = { "10", 2 } }, ["10"] = node(class, case) },
        { prompt = "6.text", negative = "7.text" })
    end)
  end

  it("of a wrapper's embeddings are told apart, the loader of its encoder being none", function()
    local function embeds(positive, negative)
      return node("WanVideoTextEncode", { positive_prompt = positive, negative_prompt = negative, t5 = { "15", 0 } })
    end
    local graph = base { ["3"] = node("WanVideoSampler", { seed = 1, model = { "4", 0 }, text_embeds = { "10", 0 } }),
      ["10"] = embeds("a cat", "bad"), ["15"] = node("LoadWanVideoT5TextEncoder", { model_name = "t5.safetensors" }) }
    check(graph, { prompt = "10.positive_prompt", negative = "10.negative_prompt", seed = "3.seed" })
    graph["10"] = node("WanVideoApplyNAG", { original_text_embeds = { "11", 0 }, nag_text_embeds = { "12", 0 } })
    graph["11"] = embeds("a cat", "")
    graph["12"] = node("WanVideoTextEncodeSingle", { prompt = "blurry", t5 = { "15", 0 } })
    check(graph, { prompt = "11.positive_prompt", negative = "12.prompt" })
  end)

  it("are no encoder that is called as words are elsewhere", function()
    check(base { ["3"] = node("HyVideoSampler", { seed = 1, model = { "4", 0 }, hyvid_embeds = { "10", 0 } }),
      ["10"] = node("HyVideoTextEncode", { prompt = "a cat", text_encoders = { "15", 0 }, clip_l = { "16", 0 } }),
      ["15"] = node("DownloadAndLoadHyVideoTextEncoder", { llm_model = "x", clip_model = "y" }),
      ["16"] = node("CLIPLoader", { clip_name = "clip_l.safetensors", type = "stable_diffusion" }) }, { prompt = "10.prompt" })
    check(base { ["6"] = text { "12", 3 }, ["12"] = node("Lora Loader (LoraManager)", { model = { "4", 0 }, text = "<lora:x:1>" }) },
      { prompt = false })
  end)

  it("are no name of a file", function()
    local found = check(base { ["6"] = node("ConditioningLoader", { conditioning_name = "depth.safetensors" }) },
      { prompt = false, negative = "7.text" })
    assert.same({}, found.prompt.places)
    check(base { ["6"] = node("LoadEmbeds", { path = "/models/a.pt" }) }, { prompt = false })
  end)

  it("are not what a segmenter looks for", function()
    check(base { ["8"] = node("SAM3_VideoTrack", { conditioning = { "6", 0 }, images = { "40", 0 } }), ["40"] = node("LoadVideo",
      { file = "a.mp4" }) }, { prompt = false, video = "40.file" })
    check(base { ["8"] = node("SAM3_Detect", { conditioning = { "20", 0 }, image = { "10", 0 } }), ["20"] = text "a hat",
      ["10"] = node("VAEDecode", { samples = { "3", 0 } }) }, { prompt = "6.text" })
  end)

  for name, inserting in pairs {
    ["a replacement"] = node("StringReplace", { string = "You are a writer. {prompt}", find = "{prompt}", replace = { "13", 0 } }),
    ["a replacement by a pattern"] = node("RegexReplace", { string = { "14", 0 }, regex_pattern = "x", replace = { "13", 0 } }),
  } do
    it("are not guessed where one text is put into another: " .. name, function()
      local found = check(base { ["6"] = text { "12", 0 }, ["12"] = inserting, ["13"] = node("PrimitiveString", { value = "a cat" }),
        ["14"] = node("PrimitiveString", { value = "You are a writer. x" }) }, { prompt = false })
      local listed = {}
      for _, place in ipairs(found.prompt.places) do listed[place.id] = true end
      assert.is_true(listed["13"] and (listed["12"] or listed["14"]))
    end)
  end

  it("go through a replacement of fixed parts", function()
    check(base { ["6"] = text { "12", 0 }, ["12"] = node("StringReplace", { string = { "13", 0 }, find = "\n", replace = " " }),
      ["13"] = node("PrimitiveString", { value = "a cat" }) }, { prompt = "13.value" })
  end)

  it("of a song say how it sounds, beside its lyrics", function()
    local song = node("YuE2GenerateMusic", { style = "jazz", lyrics = "la la", mode = "full", clip = { "4", 1 } })
    check(base { ["6"] = song, ["7"] = node("ConditioningZeroOut", { conditioning = { "6", 0 } }) },
      { prompt = "6.style", lyrics = "6.lyrics", negative = false })
    check({ ["1"] = node("RunComfyACEStep15T2A", { duration = 20, lyrics = "[instrumental]", seed = 42, tags = "warm guitar",
      resume_request_id = "" }), ["2"] = node("SaveAudioAdvanced", { audio = { "1", 0 } }) },
      { prompt = "1.tags", lyrics = "1.lyrics", seed = "1.seed" })
  end)
end)

describe("workflow.roles: numbers and files of real graphs", function()
  it("what a saver writes into a file's metadata is neither seed nor words nor size", function()
    local meta = { images = { "8", 0 }, positive = "old words", negative = { "20", 0 }, seed_value = 7, width = 64, height = 64 }
    local expected = { prompt = "6.text", negative = "7.text", seed = "3.seed", width = "5.width" }
    check(base { ["9"] = node("Image Saver", meta), ["20"] = node("PrimitiveString", { value = "old" }) }, expected)
    meta.images = nil
    check(base { ["9"] = node("Image Saver Simple", { images = { "8", 0 }, metadata = { "21", 0 } }), ["21"] = node("Image Saver Metadata",
      meta), ["20"] = node("PrimitiveString", { value = "old" }) }, expected)
  end)

  it("a number of something else is no size", function()
    for _, class in ipairs { "ResolutionSelector", "Aspect Of Others" } do
      check(base { ["5"] = node("EmptyLatentImage", { width = { "12", 0 }, height = 512 }), ["12"] = node(class,
        { aspect_ratio = "1:1", megapixels = 1.0 }) }, { width = false, height = "5.height" })
    end
    check(base { ["5"] = node("EmptyLatentImage", { width = { "12", 0 }, height = { "13", 0 } }), ["12"] = node("JWInteger", { value = 8 }),
      ["13"] = node("easy int", { value = 9 }) }, { width = "12.value", height = "13.value" })
  end)

  it("a camera's embedding has the size", function()
    check(base { ["3"] = sampler { positive = { "10", 0 }, negative = { "10", 1 }, latent_image = { "10", 2 } },
      ["10"] = node("WanCameraImageToVideo", { positive = { "6", 0 }, negative = { "7", 0 }, camera_conditions = { "11", 0 },
        width = { "11", 1 }, height = { "11", 2 } }), ["11"] = node("WanCameraEmbedding", { width = 512, height = 320, length = 81 }) },
      { width = "11.width", height = "11.height" })
  end)

  it("a video made of a picture has the size that it says, a picture that only guides has none", function()
    check(base { ["3"] = sampler { positive = { "10", 0 }, negative = { "10", 1 }, latent_image = { "10", 2 } },
      ["10"] = node("SVD_img2vid_Conditioning", { init_image = { "40", 0 }, width = 1024, height = 576, video_frames = 14 }),
      ["40"] = node("LoadImage", { image = "a.png" }) }, { width = "10.width", height = "10.height", image = "40.image" })
    check(base { ["8"] = node("Image Gradient Map", { image = { "10", 0 }, gradient_image = { "11", 0 } }), ["10"] = node("VAEDecode",
      { samples = { "3", 0 } }), ["11"] = node("Image Generate Gradient", { width = 64, height = 64 }) }, { width = "5.width" })
  end)

  it("numbers that are linked lead to no picture", function()
    check(base { ["8"] = node("VAEDecode", { samples = { "3", 0 } }), ["3"] = sampler { latent_image = { "10", 0 } },
      ["10"] = node("VAEEncode", { pixels = { "11", 0 } }), ["11"] = node("MaskToImage", { mask = { "12", 0 } }),
      ["12"] = node("CreateShapeMask", { frame_width = { "39", 1 }, frame_height = { "39", 2 } }),
      ["39"] = node("ImageResize+", { image = { "30", 0 } }), ["30"] = node("LoadImage", { image = "a.png" }) },
      { mask = false, image = false })
    check(base { ["9"] = node("VHS_VideoCombine", { images = { "8", 0 }, frame_rate = { "30", 3 } }), ["30"] = node("VHS_LoadVideo",
      { video = "a.mp4" }) }, { video = false, prompt = "6.text" })
  end)

  it("a foreground is the picture", function()
    check(base { ["3"] = sampler { positive = { "10", 0 }, negative = { "10", 1 } }, ["10"] = node("ICLightConditioning",
      { positive = { "6", 0 }, negative = { "7", 0 }, foreground = { "11", 0 } }), ["11"] = node("VAEEncode", { pixels = { "30", 0 } }),
      ["30"] = node("LoadImage", { image = "a.png" }) }, { prompt = "6.text", image = "30.image" })
  end)

  it("a partner's seeds are all those that it calls so", function()
    check({ ["1"] = node("TripoTextToModelNode", { prompt = "a cat", model_seed = 1, texture_seed = 2, texture = true }),
      ["2"] = node("SaveGLB", { mesh = { "1", 0 } }) }, { prompt = "1.prompt", seed = "1.model_seed 1.texture_seed" })
  end)

  it("samplers that another one is given make the noise, too", function()
    local function provider(seed) return node("KSamplerProvider", { seed = seed, basic_pipe = { "20", 0 } }) end
    check(base { ["3"] = node("TwoSamplersForMask", { latent_image = { "5", 0 }, base_sampler = { "21", 0 }, mask_sampler = { "22", 0 },
      mask = { "30", 1 } }), ["20"] = node("ToBasicPipe", { model = { "4", 0 }, positive = { "6", 0 }, negative = { "7", 0 } }),
      ["21"] = provider(1), ["22"] = provider(2), ["30"] = node("LoadImage", { image = "a.png" }) },
      { prompt = "6.text", negative = "7.text", seed = "21.seed 22.seed" })
  end)
end)
