--- Small workflows for specs: a sampler with its surroundings, changed where a spec says.

local M = {}

--- A node.
---@param class string
---@param inputs table
---@return table
function M.node(class, inputs)
  return { class_type = class, inputs = inputs }
end

local node = M.node

--- Text to image: 3 samples, 4 loads, 5 is the empty latent, 6 and 7 are the words, 9 saves.
---@param changes? table<string, table|false>  nodes instead of or beside these; false: without it
---@return table graph
function M.base(changes)
  local graph = {
    ["4"] = node("CheckpointLoaderSimple", { ckpt_name = "m.safetensors" }),
    ["5"] = node("EmptyLatentImage", { width = 512, height = 512, batch_size = 1 }),
    ["6"] = node("CLIPTextEncode", { text = "a cat", clip = { "4", 1 } }),
    ["7"] = node("CLIPTextEncode", { text = "blurry", clip = { "4", 1 } }),
    ["3"] = node("KSampler", { seed = 1, steps = 4, cfg = 1.0, denoise = 1.0, model = { "4", 0 }, positive = { "6", 0 },
      negative = { "7", 0 },
                               latent_image = { "5", 0 } }),
    ["8"] = node("VAEDecode", { samples = { "3", 0 }, vae = { "4", 2 } }),
    ["9"] = node("SaveImage", { images = { "8", 0 }, filename_prefix = "x" }),
  }
  for id, change in pairs(changes or {}) do graph[id] = change or nil end
  return graph
end

--- The sampler of `base` with other inputs.
---@param inputs table
---@param class? string
---@return table
function M.sampler(inputs, class)
  local all = { seed = 1, steps = 4, cfg = 1.0, denoise = 1.0, model = { "4", 0 }, positive = { "6", 0 }, negative = { "7", 0 },
                latent_image = { "5", 0 } }
  for name, value in pairs(inputs) do all[name] = value or nil end
  return node(class or "KSampler", all)
end

return M
