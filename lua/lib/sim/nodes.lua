--- The ComfyUI node classes that the simulated image has installed, and their object_info.

local json = require "core.json"

local M = {}

---@class sim.NodeInput
---@field name string
---@field type string         "INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", or the type of a link
---@field choices? string[]   of a COMBO
---@field upload? boolean     takes a file: a URL or a data URI will do as well
---@field optional? boolean
---@field options table       what ComfyUI shows beside the type: default, min, max, …

---@class sim.NodeClass
---@field name string
---@field title string
---@field category string
---@field inputs sim.NodeInput[]
---@field outputs string[]    types
---@field output_node? boolean
---@field by_name table<string, sim.NodeInput>

local MAX_SEED = json.integer("18446744073709551615")
local SAMPLERS = { "euler", "euler_ancestral", "heun", "dpm_2", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_sde", "ddim", "uni_pc", "lcm" }
local SCHEDULERS = { "normal", "karras", "exponential", "sgm_uniform", "simple", "ddim_uniform", "beta" }
local CHECKPOINTS = { "v1-5-pruned-emaonly-fp16.safetensors", "sd_xl_base_1.0.safetensors", "flux1-dev-fp8.safetensors" }
local UPSCALERS = { "RealESRGAN_x2plus.pth", "RealESRGAN_x4plus.pth", "4x-UltraSharp.pth" }

local DIFFUSION_MODELS = { "wan2.1_i2v_480p_14B_fp8_e4m3fn.safetensors" }
local TEXT_ENCODERS = { "umt5_xxl_fp8_e4m3fn_scaled.safetensors" }
local VAES = { "wan_2.1_vae.safetensors" }

local function input(name, kind, options)
  return { name = name, type = kind, options = options or {} }
end

local function combo(name, choices, options)
  return { name = name, type = "COMBO", choices = choices, options = options or {} }
end

local function size(name)
  return input(name, "INT", { default = 512, min = 16, max = 16384, step = 8 })
end

local function sampling(rest)
  local inputs = {
    input("model", "MODEL"),
    input("steps", "INT", { default = 20, min = 1, max = 10000 }),
    input("cfg", "FLOAT", { default = 8.0, min = 0.0, max = 100.0, step = 0.1, round = 0.01 }),
    combo("sampler_name", SAMPLERS),
    combo("scheduler", SCHEDULERS),
    input("positive", "CONDITIONING"),
    input("negative", "CONDITIONING"),
    input("latent_image", "LATENT"),
  }
  return table.move(rest, 1, #rest, #inputs + 1, inputs)
end

local function class(name, title, category, outputs, inputs, output_node)
  return { name = name, title = title, category = category, outputs = outputs, inputs = inputs, output_node = output_node or false,
    by_name = {} }
end

local image_file = combo("image", { "example.png" }, { image_upload = true })
image_file.upload = true

local start_image = input("start_image", "IMAGE")
start_image.optional = true

local list = {
  class("CheckpointLoaderSimple", "Load Checkpoint", "loaders", { "MODEL", "CLIP", "VAE" }, { combo("ckpt_name", CHECKPOINTS) }),
  class("CLIPTextEncode", "CLIP Text Encode (Prompt)", "conditioning", { "CONDITIONING" },
    { input("text", "STRING", { multiline = true, dynamicPrompts = true }), input("clip", "CLIP") }),
  class("EmptyLatentImage", "Empty Latent Image", "latent", { "LATENT" },
    { size("width"), size("height"), input("batch_size", "INT", { default = 1, min = 1, max = 4096 }) }),
  class("KSampler", "KSampler", "sampling", { "LATENT" }, sampling {
    input("seed", "INT", { default = 0, min = 0, max = MAX_SEED, control_after_generate = true }),
    input("denoise", "FLOAT", { default = 1.0, min = 0.0, max = 1.0, step = 0.01 }),
  }),
  class("KSamplerAdvanced", "KSampler (Advanced)", "sampling", { "LATENT" }, sampling {
    combo("add_noise", { "enable", "disable" }),
    input("noise_seed", "INT", { default = 0, min = 0, max = MAX_SEED, control_after_generate = true }),
    input("start_at_step", "INT", { default = 0, min = 0, max = 10000 }),
    input("end_at_step", "INT", { default = 10000, min = 0, max = 10000 }),
    combo("return_with_leftover_noise", { "disable", "enable" }),
  }),
  class("VAEDecode", "VAE Decode", "latent", { "IMAGE" }, { input("samples", "LATENT"), input("vae", "VAE") }),
  class("VAEEncode", "VAE Encode", "latent", { "LATENT" }, { input("pixels", "IMAGE"), input("vae", "VAE") }),
  class("LoadImage", "Load Image", "image", { "IMAGE", "MASK" }, { image_file }),
  class("ImageScale", "Upscale Image", "image/upscaling", { "IMAGE" }, {
    input("image", "IMAGE"),
    combo("upscale_method", { "nearest-exact", "bilinear", "area", "bicubic", "lanczos" }),
    size("width"), size("height"),
    combo("crop", { "disabled", "center" }),
  }),
  class("UpscaleModelLoader", "Load Upscale Model", "loaders", { "UPSCALE_MODEL" }, { combo("model_name", UPSCALERS) }),
  class("ImageUpscaleWithModel", "Upscale Image (using Model)", "image/upscaling", { "IMAGE" },
    { input("upscale_model", "UPSCALE_MODEL"), input("image", "IMAGE") }),
  class("UNETLoader", "Load Diffusion Model", "advanced/loaders", { "MODEL" },
    { combo("unet_name", DIFFUSION_MODELS), combo("weight_dtype", { "default", "fp8_e4m3fn", "fp8_e5m2" }) }),
  class("CLIPLoader", "Load CLIP", "advanced/loaders", { "CLIP" },
    { combo("clip_name", TEXT_ENCODERS), combo("type", { "stable_diffusion", "sd3", "wan" }) }),
  class("VAELoader", "Load VAE", "loaders", { "VAE" }, { combo("vae_name", VAES) }),
  class("WanImageToVideo", "WanImageToVideo", "conditioning/video_models", { "CONDITIONING", "CONDITIONING", "LATENT" }, {
    input("positive", "CONDITIONING"), input("negative", "CONDITIONING"), input("vae", "VAE"),
    size("width"), size("height"), input("length", "INT", { default = 81, min = 1, max = 16384, step = 4 }),
    input("batch_size", "INT", { default = 1, min = 1, max = 4096 }), start_image,
  }),
  class("SaveAnimatedPNG", "SaveAnimatedPNG", "image/animation", {}, {
    input("images", "IMAGE"), input("filename_prefix", "STRING", { default = "ComfyUI" }),
    input("fps", "FLOAT", { default = 6.0, min = 0.01, max = 1000.0, step = 0.01 }),
    input("compress_level", "INT", { default = 4, min = 0, max = 9 }),
  }, true),
  class("SaveImage", "Save Image", "image", {},
    { input("images", "IMAGE"), input("filename_prefix", "STRING", { default = "ComfyUI" }) }, true),
  class("PreviewAny", "Preview as Text", "utils", {}, { input("source", "*") }, true),
  class("PreviewImage", "Preview Image", "image", {}, { input("images", "IMAGE") }, true),
}

local by_name = {}
for _, item in ipairs(list) do
  for _, field in ipairs(item.inputs) do item.by_name[field.name] = field end
  by_name[item.name] = item
end

---@param name any  class_type
---@return sim.NodeClass?
function M.find(name)
  return by_name[name]
end

--- A class that the simulated image does not describe, as a node of it shows it: the inputs that it has take anything.
---@param node table
---@return sim.NodeClass
function M.of_node(node)
  local item = { name = node.class_type, title = node.class_type, category = "", inputs = {}, outputs = {}, by_name = {} }
  for name in pairs(node.inputs) do item.by_name[name] = { name = name, type = "*", options = {} } end
  return item
end

---@param item sim.NodeClass
---@param name any
---@return sim.NodeInput?
function M.input(item, name)
  return item.by_name[name]
end

local function input_info(field)
  if field.type == "COMBO" then return json.as_array { json.as_array(field.choices), field.options } end
  if next(field.options) == nil then return json.as_array { field.type } end
  return json.as_array { field.type, field.options }
end

local function class_info(item)
  local required, order, is_list = {}, json.as_array {}, json.as_array {}
  for _, field in ipairs(item.inputs) do
    required[field.name] = input_info(field)
    order[#order + 1] = field.name
  end
  for index in ipairs(item.outputs) do is_list[index] = false end
  return json.ordered({ "input", "input_order", "output", "output_is_list", "output_name", "name", "display_name" }, {
    input = { required = json.ordered(order, required) },
    input_order = { required = order },
    output = json.as_array(item.outputs),
    output_is_list = is_list,
    output_name = json.as_array(item.outputs),
    name = item.name,
    display_name = item.title,
    description = "",
    python_module = "nodes",
    category = item.category,
    output_node = item.output_node,
  })
end

--- ComfyUI's object_info: of one class, or of all.
---@param name? string
---@return table  empty where the class is unknown, as ComfyUI answers
function M.object_info(name)
  local info, names = {}, {}
  for _, item in ipairs(list) do
    if name == nil or name == item.name then
      info[item.name] = class_info(item)
      names[#names + 1] = item.name
    end
  end
  return json.ordered(names, info)
end

return M
