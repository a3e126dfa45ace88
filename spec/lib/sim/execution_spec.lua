local execution = require "lib.sim.execution"
local graphs = require "lib.sim.graphs"
local json = require "core.json"

local GIB = 1 << 30

local function node(class, inputs)
  return { class_type = class, inputs = inputs or {} }
end

-- Text to image; `changes(graph)` makes another of it.
local function text_to_image(changes)
  local graph = {
    ["1"] = node("CheckpointLoaderSimple", { ckpt_name = "sd_xl_base_1.0.safetensors" }),
    ["2"] = node("CLIPTextEncode", { clip = { "1", 1 }, text = "a fox" }),
    ["3"] = node("CLIPTextEncode", { clip = { "1", 1 }, text = "blurry" }),
    ["4"] = node("EmptyLatentImage", { width = 1024, height = 512, batch_size = 1 }),
    ["5"] = node("KSampler", { model = { "1", 0 }, positive = { "2", 0 }, negative = { "3", 0 }, latent_image = { "4", 0 }, seed = 7,
      steps = 20, cfg = 7.0, sampler_name = "euler", scheduler = "normal", denoise = 1.0 }),
    ["6"] = node("VAEDecode", { samples = { "5", 0 }, vae = { "1", 2 } }),
    ["7"] = node("SaveImage", { images = { "6", 0 }, filename_prefix = "fox" }),
  }
  if changes then changes(graph) end
  return graph
end

local function size(graph)
  local picture = execution.files(graph)[1].picture
  return picture.width .. "x" .. picture.height
end

local function of(workflow_name)
  for _, workflow in ipairs(graphs.workflows) do
    if workflow.name == workflow_name then return json.decode(workflow.graph) end
  end
end

describe("lib.sim.execution", function()
  it("makes a file for each picture of a batch, numbered through", function()
    local files = execution.files(text_to_image(function(graph) graph["4"].inputs.batch_size = 3 end))
    local names = {}
    for i, file in ipairs(files) do names[i] = file.filename end
    assert.same({ "fox_00001_.png", "fox_00002_.png", "fox_00003_.png" }, names)
    assert.equal("output", files[1].type)
    assert.equal("7", files[1].node_id)
  end)

  it("numbers what several nodes save under one name together", function()
    local files = execution.files(text_to_image(function(graph) graph["8"] = graph["7"] end))
    assert.same({ "fox_00001_.png", "fox_00002_.png" }, { files[1].filename, files[2].filename })
  end)

  it("keeps a prefix inside the output folder", function()
    local function place(prefix)
      local file = execution.files(text_to_image(function(graph) graph["7"].inputs.filename_prefix = prefix end))[1]
      return file.subfolder .. "|" .. file.filename
    end
    assert.equal("portraits|anna_00001_.png", place "portraits/anna")
    assert.equal("|ComfyUI_00001_.png", place(nil))
    assert.is_nil(place("../../etc/passwd"):find("..", 1, true))
    assert.is_nil(place("/abs/x"):find("^/"))
    assert.equal("|a_b_00001_.png", place "a:b")
  end)

  it("tells shown pictures from saved ones", function()
    local files = execution.files(text_to_image(function(graph) graph["7"] = node("PreviewImage", { images = { "6", 0 } }) end))
    assert.equal("temp", files[1].type)
    assert.equal("ComfyUI_temp_00001_.png", files[1].filename)
  end)

  it("knows the size of a picture through the nodes that it passes", function()
    assert.equal("1024x512", size(text_to_image()))
    assert.equal("1016x504", size(text_to_image(function(graph)
      graph["4"].inputs.width, graph["4"].inputs.height = 1023, 511
    end)), "latents are of eights")
    assert.equal("4096x2048", size(text_to_image(function(graph)
      graph["8"] = node("UpscaleModelLoader", { model_name = "RealESRGAN_x4plus.pth" })
      graph["9"] = node("ImageUpscaleWithModel", { upscale_model = { "8", 0 }, image = { "6", 0 } })
      graph["7"].inputs.images = { "9", 0 }
    end)))
    assert.equal("300x200", size(text_to_image(function(graph)
      graph["8"] = node("ImageScale", { image = { "6", 0 }, width = 300, height = 200 })
      graph["7"].inputs.images = { "8", 0 }
    end)))
    assert.equal("512x512", size { ["1"] = node("SaveImage", { images = { "1", 0 } }) }, "it leads to itself")
  end)

  it("reads the size of a picture that is in the workflow", function()
    local png = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAYAAAC56t6BAAAAC0lEQVR4nGNgQAYAAA4AAamRc7EAAAAASUVORK5CYII="
    local graph = { ["1"] = node("LoadImage", { image = png }), ["2"] = node("SaveImage", { images = { "1", 0 } }) }
    assert.equal("2x3", size(graph))
    graph = { ["1"] = node("LoadImage", { image = "photo.png" }), ["2"] = node("SaveImage", { images = { "1", 0 } }) }
    assert.equal("512x512", size(graph))
  end)

  it("draws other pictures for other words and seeds, and the same for another file name", function()
    local function digests(changes)
      local picture = execution.files(text_to_image(changes))[1].picture
      return picture.prompt .. " " .. picture.inputs
    end
    local plain = digests()
    assert.not_equal(plain, digests(function(graph) graph["2"].inputs.text = "a dog" end))
    assert.not_equal(plain, digests(function(graph) graph["5"].inputs.seed = 8 end))
    assert.equal(plain, digests(function(graph) graph["7"].inputs.filename_prefix = "other" end))
    assert.equal(plain, digests(function(graph) graph["9"] = node("CLIPTextEncode", { clip = { "1", 1 }, text = "unused" }) end))
  end)

  it("has one digest for runs that are the same, and another for every change that is executed", function()
    local plain = execution.digest(text_to_image())
    assert.equal(plain, execution.digest(text_to_image()))
    assert.not_equal(plain, execution.digest(text_to_image(function(graph) graph["7"].inputs.filename_prefix = "other" end)))
    assert.equal(plain, execution.digest(text_to_image(function(graph) graph["9"] = node("Note", { text = "unused" }) end)))
  end)

  it("takes longer for more steps, more pixels, slower machines, and models that must be loaded", function()
    local function seconds(sku, loaded, changes) return execution.duration(text_to_image(changes), sku, loaded) end
    local plain = seconds("AMPERE_48", true)
    assert.is_true(seconds("AMPERE_48", false) > plain)
    assert.is_true(seconds("TURING_16", true) > plain)
    assert.is_true(seconds("HOPPER_141", true) < plain)
    assert.is_true(seconds("AMPERE_48", true, function(graph) graph["5"].inputs.steps = 40 end) > plain)
    assert.is_true(seconds("AMPERE_48", true, function(graph) graph["4"].inputs.width = 2048 end) > plain)
  end)

  it("fails where memory does not do, and where a picture cannot be fetched", function()
    assert.is_nil(execution.failure(text_to_image(), "TURING_16"))
    local failure = execution.failure(text_to_image(function(graph)
      graph["4"].inputs.width, graph["4"].inputs.height = 4096, 4096
    end), "TURING_16")
    assert.matches("torch.OutOfMemoryError", failure.error, 1, true)
    assert.equal(10011, failure.errorCode)
    failure = execution.failure({ ["1"] = node("LoadImage", { image = "https://cdn.invalid/a.png" }) }, "HOPPER_141")
    assert.matches("cannot download https://cdn.invalid/a.png", failure.error, 1, true)
  end)

  it("counts the memory of models by their names", function()
    assert.equal(math.floor(6.6 * GIB), execution.model_bytes(text_to_image()))
    assert.equal(4 * GIB, execution.model_bytes(text_to_image(function(graph) graph["1"].inputs.ckpt_name = "unknown" end)))
    assert.equal(0, execution.model_bytes {})
    assert.is_true(execution.model_bytes(of "upscale") > 0)
  end)

  it("shows texts: a value, or what is linked", function()
    assert.same({ { node_id = "1", text = "42" } }, execution.texts { ["1"] = node("PreviewAny", { source = 42 }) })
    local linked = execution.texts {
      ["1"] = node("PrimitiveStringMultiline", { value = "a fox" }), ["2"] = node("PreviewAny", { source = { "1", 0 } }),
    }
    assert.equal("2", linked[1].node_id)
    assert.equal("string", type(linked[1].text))
    assert.same({}, execution.texts(text_to_image()))
  end)
end)
