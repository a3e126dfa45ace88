--- The workflows that the simulated account has saved: real graphs in ComfyUI's API format.
---
--- They are kept as text, since the order of nodes and inputs is part of what a client sees.

local M = {}

---@class sim.Workflow
---@field id string           workflow_id
---@field deployment_id? string  of the deployment that the account has of it
---@field name string
---@field hardware string
---@field readme string
---@field graph string        workflow_api_json
---@field overrides string    the inputs that the workflow's author means to be changed

local text_to_image = [[{
  "3": { "inputs": { "seed": 156680208700286, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "scheduler": "normal",
                     "denoise": 1.0, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0] },
         "class_type": "KSampler", "_meta": { "title": "KSampler" } },
  "4": { "inputs": { "ckpt_name": "v1-5-pruned-emaonly-fp16.safetensors" },
         "class_type": "CheckpointLoaderSimple", "_meta": { "title": "Load Checkpoint" } },
  "5": { "inputs": { "width": 512, "height": 512, "batch_size": 1 },
         "class_type": "EmptyLatentImage", "_meta": { "title": "Empty Latent Image" } },
  "6": { "inputs": { "text": "beautiful scenery nature glass bottle landscape, purple galaxy bottle,", "clip": ["4", 1] },
         "class_type": "CLIPTextEncode", "_meta": { "title": "CLIP Text Encode (Positive Prompt)" } },
  "7": { "inputs": { "text": "text, watermark", "clip": ["4", 1] },
         "class_type": "CLIPTextEncode", "_meta": { "title": "CLIP Text Encode (Negative Prompt)" } },
  "8": { "inputs": { "samples": ["3", 0], "vae": ["4", 2] },
         "class_type": "VAEDecode", "_meta": { "title": "VAE Decode" } },
  "9": { "inputs": { "filename_prefix": "ComfyUI", "images": ["8", 0] },
         "class_type": "SaveImage", "_meta": { "title": "Save Image" } }
}]]

local image_to_image = [[{
  "189": { "inputs": { "image": "example.png" },
           "class_type": "LoadImage", "_meta": { "title": "Load Image" } },
  "190": { "inputs": { "pixels": ["189", 0], "vae": ["4", 2] },
           "class_type": "VAEEncode", "_meta": { "title": "VAE Encode" } },
  "4": { "inputs": { "ckpt_name": "v1-5-pruned-emaonly-fp16.safetensors" },
         "class_type": "CheckpointLoaderSimple", "_meta": { "title": "Load Checkpoint" } },
  "6": { "inputs": { "text": "photograph of victorian woman with wings, sky clouds, meadow grass", "clip": ["4", 1] },
         "class_type": "CLIPTextEncode", "_meta": { "title": "CLIP Text Encode (Positive Prompt)" } },
  "7": { "inputs": { "text": "watermark, text", "clip": ["4", 1] },
         "class_type": "CLIPTextEncode", "_meta": { "title": "CLIP Text Encode (Negative Prompt)" } },
  "3": { "inputs": { "seed": 280823642470253, "steps": 20, "cfg": 8.0, "sampler_name": "dpmpp_2m", "scheduler": "normal",
                     "denoise": 0.87, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["190", 0] },
         "class_type": "KSampler", "_meta": { "title": "KSampler" } },
  "8": { "inputs": { "samples": ["3", 0], "vae": ["4", 2] },
         "class_type": "VAEDecode", "_meta": { "title": "VAE Decode" } },
  "9": { "inputs": { "filename_prefix": "ComfyUI", "images": ["8", 0] },
         "class_type": "SaveImage", "_meta": { "title": "Save Image" } }
}]]

local upscale = [[{
  "189": { "inputs": { "image": "example.png" },
           "class_type": "LoadImage", "_meta": { "title": "Load Image" } },
  "13": { "inputs": { "model_name": "RealESRGAN_x2plus.pth" },
          "class_type": "UpscaleModelLoader", "_meta": { "title": "Load Upscale Model" } },
  "14": { "inputs": { "upscale_model": ["13", 0], "image": ["189", 0] },
          "class_type": "ImageUpscaleWithModel", "_meta": { "title": "Upscale Image (using Model)" } },
  "9": { "inputs": { "filename_prefix": "upscaled", "images": ["14", 0] },
         "class_type": "SaveImage", "_meta": { "title": "Save Image" } }
}]]

local image_to_video = [[{
  "37": { "inputs": { "unet_name": "wan2.1_i2v_480p_14B_fp8_e4m3fn.safetensors", "weight_dtype": "default" },
          "class_type": "UNETLoader", "_meta": { "title": "Load Diffusion Model" } },
  "38": { "inputs": { "clip_name": "umt5_xxl_fp8_e4m3fn_scaled.safetensors", "type": "wan" },
          "class_type": "CLIPLoader", "_meta": { "title": "Load CLIP" } },
  "39": { "inputs": { "vae_name": "wan_2.1_vae.safetensors" },
          "class_type": "VAELoader", "_meta": { "title": "Load VAE" } },
  "6": { "inputs": { "text": "a cute anime girl with massive fennec ears turns around", "clip": ["38", 0] },
         "class_type": "CLIPTextEncode", "_meta": { "title": "CLIP Text Encode (Positive Prompt)" } },
  "7": { "inputs": { "text": "static, blurred details, subtitles", "clip": ["38", 0] },
         "class_type": "CLIPTextEncode", "_meta": { "title": "CLIP Text Encode (Negative Prompt)" } },
  "52": { "inputs": { "image": "example.png" },
          "class_type": "LoadImage", "_meta": { "title": "Load Image" } },
  "50": { "inputs": { "positive": ["6", 0], "negative": ["7", 0], "vae": ["39", 0], "width": 512, "height": 512, "length": 33,
                      "batch_size": 1, "start_image": ["52", 0] },
          "class_type": "WanImageToVideo", "_meta": { "title": "WanImageToVideo" } },
  "3": { "inputs": { "seed": 987948718394761, "steps": 20, "cfg": 6.0, "sampler_name": "uni_pc", "scheduler": "simple",
                     "denoise": 1.0, "model": ["37", 0], "positive": ["50", 0], "negative": ["50", 1], "latent_image": ["50", 2] },
         "class_type": "KSampler", "_meta": { "title": "KSampler" } },
  "8": { "inputs": { "samples": ["3", 0], "vae": ["39", 0] },
         "class_type": "VAEDecode", "_meta": { "title": "VAE Decode" } },
  "28": { "inputs": { "images": ["8", 0], "filename_prefix": "video", "fps": 16.0, "compress_level": 4 },
          "class_type": "SaveAnimatedPNG", "_meta": { "title": "SaveAnimatedPNG" } }
}]]

---@type sim.Workflow[]
M.workflows = {
  {
    id = "00000000-0000-0000-0000-000000001111",
    deployment_id = "a1b2c3d4-0000-4000-8000-000000000001",
    name = "text-to-image",
    hardware = "AMPERE_48",
    readme = "# Text to image\n\nNode 6 takes the prompt, node 7 what to avoid, node 3 the seed, node 5 the size.\n",
    graph = text_to_image,
    overrides = [[{"6":{"inputs":{"text":"beautiful scenery nature glass bottle landscape, purple galaxy bottle,"}},]]
      .. [["3":{"inputs":{"seed":156680208700286}}}]],
  },
  {
    id = "00000000-0000-0000-0000-000000002222",
    deployment_id = "a1b2c3d4-0000-4000-8000-000000000002",
    name = "image-to-image",
    hardware = "AMPERE_24",
    readme = "# Image to image\n\nNode 189 takes the picture (URL or data URI), node 6 the prompt, node 3 seed and denoise.\n",
    graph = image_to_image,
    overrides = [[{"189":{"inputs":{"image":"example.png"}}}]],
  },
  {
    id = "00000000-0000-0000-0000-000000003333",
    deployment_id = "a1b2c3d4-0000-4000-8000-000000000003",
    name = "upscale",
    hardware = "TURING_16",
    readme = "# Upscale\n\nNode 189 takes the picture (URL or data URI), node 13 the model: twice or four times the size.\n",
    graph = upscale,
    overrides = [[{"189":{"inputs":{"image":"example.png"}}}]],
  },
}

--- Saved in the account as well, but not deployed: for whoever creates a deployment.
---@type sim.Workflow[]
M.undeployed = {
  {
    id = "00000000-0000-0000-0000-000000004444",
    name = "image-to-video",
    hardware = "AMPERE_48",
    readme = "# Image to video\n\nNode 52 takes the picture (URL or data URI), node 6 what happens, node 3 the seed.\n",
    graph = image_to_video,
    overrides = [[{"52":{"inputs":{"image":"example.png"}}}]],
  },
}

--- The saved workflow behind an id.  Any other UUID stands for one that the user saved
--- elsewhere, and is taken to be like the first.
---@param workflow_id string
---@return sim.Workflow
function M.find(workflow_id)
  for _, list in ipairs { M.workflows, M.undeployed } do
    for _, workflow in ipairs(list) do
      if workflow.id == workflow_id then return workflow end
    end
  end
  return M.workflows[1]
end

return M
