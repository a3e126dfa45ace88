--- What running a graph means: how long it takes, how it can fail, which files it makes.

local codec = require "core.codec"
local hardware = require "lib.sim.hardware"
local json = require "core.json"
local random = require "lib.sim.random"

local M = {}

local MODEL_GIB = { ["flux1-dev-fp8.safetensors"] = 16.5, ["sd_xl_base_1.0.safetensors"] = 6.6,
                    ["wan2.1_i2v_480p_14B_fp8_e4m3fn.safetensors"] = 16.4 }
local SAVES = { SaveImage = true, PreviewImage = true, SaveAnimatedPNG = true }
local MEGAPIXEL = 1024 * 1024
local PIXEL_GIB = 3.0 -- GPU memory for each megapixel in work

---@class sim.Picture  all that a picture depends on; drawn when it is fetched
---@field width integer
---@field height integer
---@field prompt integer   digest of the texts
---@field inputs integer   digest of the whole graph
---@field index integer    place in its batch
---@field graph table      goes into the file

---@class sim.File
---@field node_id string
---@field filename string
---@field subfolder string
---@field type "output"|"temp"
---@field picture sim.Picture

local function sorted_ids(graph)
  local ids = {}
  for id in pairs(graph) do ids[#ids + 1] = id end
  table.sort(ids, function(a, b)
    local x, y = math.tointeger(tonumber(a)), math.tointeger(tonumber(b))
    if x and y and x ~= y then return x < y end
    return a < b
  end)
  return ids
end

-- Width and height of a PNG in a data URI; other pictures are taken to be 512 by 512.
local function file_size(value)
  local head = value:match("^data:image/png;base64,(.*)$")
  local bytes = head and codec.base64_decode(head:sub(1, 32))
  if bytes and #bytes >= 24 and bytes:sub(13, 16) == "IHDR" then
    local width, height = string.unpack(">I4I4", bytes, 17)
    if width > 0 and height > 0 and width <= 16384 and height <= 16384 then return width, height end
  end
  return 512, 512
end

local function scale_of(graph, link)
  local node = type(link) == "table" and graph[link[1]]
  local name = node and node.inputs.model_name
  return type(name) == "string" and tonumber(name:match("x(%d)") or name:match("^(%d)x")) or 2
end

-- A number of a widget; where a link feeds it, what the link will bring is not known.
local function whole(value, default)
  return type(value) == "number" and math.floor(value) or default
end

-- Width, height and batch of the picture that a link carries.
local function size_of(graph, link)
  local node = type(link) == "table" and graph[link[1]]
  if not node then return 512, 512, 1 end
  local inputs = node.inputs
  if node.class_type == "LoadImage" then
    local width, height = file_size(tostring(inputs.image))
    return width, height, 1
  elseif node.class_type == "EmptyLatentImage" then
    return whole(inputs.width, 512) // 8 * 8, whole(inputs.height, 512) // 8 * 8, whole(inputs.batch_size, 1)
  elseif node.class_type == "WanImageToVideo" then -- a batch is frames, which one file holds
    return whole(inputs.width, 512) // 8 * 8, whole(inputs.height, 512) // 8 * 8, 1
  elseif node.class_type == "ImageScale" then
    local _, _, batch = size_of(graph, inputs.image)
    return whole(inputs.width, 512), whole(inputs.height, 512), batch
  end
  local width, height, batch = size_of(graph, inputs.samples or inputs.pixels or inputs.latent_image or inputs.image)
  if node.class_type ~= "ImageUpscaleWithModel" then return width, height, batch end
  local scale = scale_of(graph, inputs.upscale_model)
  return width * scale, height * scale, batch
end

local function output_nodes(graph)
  local list = {}
  for _, id in ipairs(sorted_ids(graph)) do
    if SAVES[graph[id].class_type] then list[#list + 1] = id end
  end
  return list
end

local function texts(graph)
  local list = {}
  for _, id in ipairs(sorted_ids(graph)) do
    local text = graph[id].inputs.text
    if type(text) == "string" then list[#list + 1] = text end
  end
  return table.concat(list, "\0")
end

-- "portraits/anna" saves anna_00001_.png into the folder portraits.
local function split_prefix(prefix)
  local folder, name = tostring(prefix or "ComfyUI"):gsub("%.%.", ""):match("^(.*)/([^/]*)$")
  folder, name = folder or "", name or tostring(prefix or "ComfyUI")
  return (folder:gsub("^/+", "")), (name:gsub("[^%w%-._ ]", "_"))
end

--- The files that a run of the graph makes.
---@param graph table
---@return sim.File[]
function M.files(graph)
  local files, counters = {}, {}
  local prompt, inputs = random.hash(texts(graph)), M.digest(graph)
  for _, node_id in ipairs(output_nodes(graph)) do
    local node = graph[node_id]
    local temporary = node.class_type == "PreviewImage"
    local subfolder, name = split_prefix(temporary and "ComfyUI_temp" or node.inputs.filename_prefix)
    local width, height, batch = size_of(graph, node.inputs.images)
    for index = 1, batch do
      local key = subfolder .. "/" .. name
      counters[key] = (counters[key] or 0) + 1
      files[#files + 1] = {
        node_id = node_id,
        filename = ("%s_%05d_.png"):format(name, counters[key]),
        subfolder = subfolder,
        type = temporary and "temp" or "output",
        picture = { width = width, height = height, prompt = prompt, inputs = inputs, index = index, graph = graph },
      }
    end
  end
  return files
end

---@class sim.Text
---@field node_id string
---@field text string

-- What a text preview shows: its own value, or a word about what it is linked to.
local function shown(graph, value)
  if type(value) ~= "table" then return tostring(value) end
  local source = graph[value[1]]
  local text = source and source.inputs.text
  return type(text) == "string" and text or ("output %s of node %s"):format(value[2], value[1])
end

--- The texts that a run of the graph shows.
---@param graph table
---@return sim.Text[]
function M.texts(graph)
  local list = {}
  for _, id in ipairs(sorted_ids(graph)) do
    if graph[id].class_type == "PreviewAny" then
      list[#list + 1] = { node_id = id, text = shown(graph, graph[id].inputs.source) }
    end
  end
  return list
end

--- A digest of everything the run depends on; equal graphs have equal digests.
---@param graph table
---@return integer
function M.digest(graph)
  return random.hash(json.encode(graph))
end

-- Pixels in all outputs, in units of 1024 by 1024.
local function megapixels(graph)
  local sum = 0
  for _, node_id in ipairs(output_nodes(graph)) do
    local width, height, batch = size_of(graph, graph[node_id].inputs.images)
    sum = sum + width * height * batch / MEGAPIXEL
  end
  return sum
end

--- Bytes of GPU memory that the graph's models take.
---@param graph table
---@return integer
function M.model_bytes(graph)
  local gib = 0
  for _, node in pairs(graph) do
    if node.class_type == "CheckpointLoaderSimple" then gib = gib + (MODEL_GIB[node.inputs.ckpt_name] or 4.0) end
    if node.class_type == "UNETLoader" then gib = gib + (MODEL_GIB[node.inputs.unet_name] or 4.0) end
    if node.class_type == "UpscaleModelLoader" then gib = gib + 0.5 end
  end
  return math.floor(gib * (1 << 30))
end

-- How much more work a video is than its first frame: a frame in four is sampled.
local function frames(graph)
  local most = 1
  for _, node in pairs(graph) do
    if node.class_type == "WanImageToVideo" then most = math.max(most, (whole(node.inputs.length, 81) - 1) // 4 + 1) end
  end
  return most
end

--- Seconds that a run takes: loading (unless the models are there), sampling, saving.
---@param graph table
---@param sku string
---@param loaded boolean  the models are in memory already
---@return number
function M.duration(graph, sku, loaded)
  local speed, size = hardware[sku].speed, megapixels(graph)
  local seconds = 0.6 + 0.3 * size
  if not loaded then seconds = seconds + M.model_bytes(graph) / (1 << 30) * 1.5 end
  for _, node in pairs(graph) do
    if node.class_type:find("^KSampler") then
      seconds = seconds + whole(node.inputs.steps, 20) * math.max(0.25, size) * frames(graph) * 0.5 / speed
    elseif node.class_type == "ImageUpscaleWithModel" then
      seconds = seconds + size * 1.2 / speed
    end
  end
  return seconds
end

--- Why a run fails on this hardware, if it does: in the shape that results carry.
---@param graph table
---@param sku string
---@return table? error  { errorCode, error, debugInfo }, and the node
function M.failure(graph, sku)
  for _, id in ipairs(sorted_ids(graph)) do
    local image = graph[id].inputs.image
    local host = graph[id].class_type == "LoadImage" and tostring(image):match("^https?://([^/:]+)")
    if host and host:find("%.invalid$") then
      return M.run_error("LoadImage: cannot download " .. image, ("node %s: getaddrinfo failed for %s"):format(id, host))
    end
  end
  local needed = M.model_bytes(graph) + megapixels(graph) * PIXEL_GIB * (1 << 30)
  if needed > hardware[sku].vram then
    return M.run_error("torch.OutOfMemoryError: Allocation on device 0 would exceed allowed memory",
      ("needs %.1f GiB, %s has %.1f GiB"):format(needed / (1 << 30), sku, hardware[sku].vram / (1 << 30)))
  end
end

--- An error of a run, as results show it.
---@param text string
---@param debug_info? string
---@param code? integer
---@return table
function M.run_error(text, debug_info, code)
  return json.ordered({ "errorCode", "error", "debugInfo" }, { errorCode = code or 10011, error = text, debugInfo = debug_info or "" })
end

return M
