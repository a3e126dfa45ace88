--- What running a graph means: how long it takes, how it can fail, which files it makes.

local codec = require "core.codec"
local hardware = require "lib.sim.hardware"
local json = require "core.json"
local names = require "lib.workflow.names"
local nodes = require "lib.sim.nodes"
local random = require "lib.sim.random"
local roles = require "lib.workflow.roles"
local words = require "lib.workflow.words"
local workflow_graph = require "lib.workflow.graph"

local M = {}

local MODEL_GIB = { ["flux1-dev-fp8.safetensors"] = 16.5, ["sd_xl_base_1.0.safetensors"] = 6.6,
                    ["wan2.1_i2v_480p_14B_fp8_e4m3fn.safetensors"] = 16.4 }
local MEGAPIXEL = 1024 * 1024
local PIXEL_GIB = 3.0 -- GPU memory for each megapixel in work

---@class sim.Picture  all that a picture depends on; drawn when it is fetched
---@field width integer
---@field height integer
---@field prompt integer   digest of the words
---@field inputs integer   digest of what else it is made of
---@field index integer    place in its batch
---@field graph table      goes into the file

---@class sim.File
---@field node_id string
---@field filename string
---@field subfolder string
---@field type "output"|"temp"
---@field picture sim.Picture

local parsed_graphs = setmetatable({}, { __mode = "k" })

-- The nodes of a graph that runs, which does not change any more.
local function parsed(graph)
  local result = parsed_graphs[graph]
  if not result then
    result = workflow_graph.read(graph) or { nodes = {}, ids = {}, consumers = {} }
    parsed_graphs[graph] = result
  end
  return result
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
  local node = link and graph.nodes[link.id]
  local name = node and node.inputs.model_name
  return type(name) == "string" and tonumber(name:match("x(%d)") or name:match("^(%d)x")) or 2
end

-- A number of a widget, or of the node that feeds it; what is computed on the way is not known.
local function whole(graph, node, name, default)
  local link = node.links[name]
  local place = link and words.number(graph, link, name)
  local value = node.inputs[name]
  if place then value = graph.nodes[place.id].inputs[place.name] end
  return type(value) == "number" and math.floor(value) or default
end

local function sides(graph, node)
  return whole(graph, node, "width", 512), whole(graph, node, "height", 512)
end

local FROM = { "samples", "pixels", "latent_image", "image", "images", "latent" } -- where a size comes from

local function is_empty_latent(node)
  return node.inputs.width ~= nil and node.class:sub(1, 64):find("Empty", 1, true) ~= nil
end

-- Width, height and batch of the picture that a link carries.
local function size_of(graph, link, seen)
  local node = link and not seen[link.id] and graph.nodes[link.id]
  if not node then return 512, 512, 1 end
  seen[node.id] = true
  if node.class == "LoadImage" then
    local width, height = file_size(tostring(node.inputs.image))
    return width, height, 1
  elseif is_empty_latent(node) then
    local width, height = sides(graph, node)
    return width // 8 * 8, height // 8 * 8, whole(graph, node, "batch_size", 1)
  elseif node.class == "WanImageToVideo" then -- a batch is frames, which one file holds
    local width, height = sides(graph, node)
    return width // 8 * 8, height // 8 * 8, 1
  end
  local from
  for _, name in ipairs(FROM) do from = from or node.links[name] end
  local width, height, batch = size_of(graph, from, seen)
  if node.class == "ImageScale" then width, height = sides(graph, node) end
  if node.class ~= "ImageUpscaleWithModel" then return width, height, batch end
  local scale = scale_of(graph, node.links.upscale_model)
  ---@cast height number
  return width * scale, height * scale, batch
end

local function picture_link(node)
  for _, name in ipairs { "images", "image", "video", "samples" } do
    if node.links[name] then return node.links[name] end
  end
  return (select(2, next(node.links)))
end

local TEXT_NODES = { PreviewAny = true }

local function is_output(node)
  local class = nodes.find(node.class)
  if class then return class.output_node end
  return next(node.links) ~= nil and (names.saves(node.class) or names.shows(node.class))
end

-- The nodes that show or save, by a test.
local function output_nodes(graph, test)
  local list = {}
  for _, id in ipairs(graph.ids) do
    if is_output(graph.nodes[id]) and test(graph.nodes[id]) then list[#list + 1] = id end
  end
  return list
end

local function makes_pictures(node)
  return not TEXT_NODES[node.class]
end

-- The nodes that a run executes: those that something shown or saved depends on.
local function executed(graph)
  local queue, reached, list = output_nodes(graph, function() return true end), {}, {}
  for _, id in ipairs(queue) do reached[id] = true end
  local at = 1
  while queue[at] do
    for _, link in pairs(graph.nodes[queue[at]].links) do
      if graph.nodes[link.id] and not reached[link.id] then
        reached[link.id] = true
        queue[#queue + 1] = link.id
      end
    end
    at = at + 1
  end
  for _, id in ipairs(graph.ids) do
    if reached[id] then list[#list + 1] = id end
  end
  return list
end

-- A digest of what the executed nodes are given, but for some inputs.
local function digest_of(graph, left_out)
  local parts = {}
  for _, id in ipairs(executed(graph)) do
    local node = graph.nodes[id]
    parts[#parts + 1] = json.encode(id) .. json.encode(node.class)
    for _, name in ipairs(node.names) do
      if not left_out(node, name) then parts[#parts + 1] = json.encode(name) .. json.encode(node.inputs[name]) end
    end
  end
  return random.hash(table.concat(parts, "\0"))
end

-- What pictures are made of: the words, and all that is executed but seeds of passes without noise and names of files.
local function picture_digests(graph)
  local found, trace = roles.find(graph)
  local texts, silent = {}, {}
  for _, role in ipairs { "prompt", "negative" } do
    for _, place in ipairs(found[role] and found[role].places or {}) do
      texts[#texts + 1] = tostring(graph.nodes[place.id].inputs[place.name])
    end
  end
  for _, place in ipairs(trace.silent) do silent[place.id .. "." .. place.name] = true end
  local inputs = digest_of(graph, function(node, name)
    return silent[node.id .. "." .. name] or is_output(node) and not node.links[name]
  end)
  return random.hash(table.concat(texts, "\0")), inputs
end

-- "portraits/anna" saves anna_00001_.png into the folder portraits.
local function split_prefix(prefix)
  local folder, name = tostring(prefix or "ComfyUI"):gsub("%.%.", ""):match("^(.*)/([^/]*)$")
  folder, name = folder or "", name or tostring(prefix or "ComfyUI")
  return (folder:gsub("^/+", "")), (name:gsub("[^%w%-._ ]", "_"))
end

--- The files that a run of the graph makes.
---@param workflow table
---@return sim.File[]
function M.files(workflow)
  local files, counters, graph = {}, {}, parsed(workflow)
  local prompt, inputs = picture_digests(graph)
  for _, node_id in ipairs(output_nodes(graph, makes_pictures)) do
    local node = graph.nodes[node_id]
    local temporary = not names.saves(node.class)
    local subfolder, name = split_prefix(temporary and "ComfyUI_temp" or node.inputs.filename_prefix)
    local width, height, batch = size_of(graph, picture_link(node), {})
    for index = 1, batch do
      local key = subfolder .. "/" .. name
      counters[key] = (counters[key] or 0) + 1
      files[#files + 1] = {
        node_id = node_id,
        filename = ("%s_%05d_.png"):format(name, counters[key]),
        subfolder = subfolder,
        type = temporary and "temp" or "output",
        picture = { width = width, height = height, prompt = prompt, inputs = inputs, index = index, graph = workflow },
      }
    end
  end
  return files
end

---@class sim.Text
---@field node_id string
---@field text string

-- What a text preview shows: its own value, or a word about what it is linked to.
local function shown(graph, node)
  local link = node.links.source
  if not link then return tostring(node.inputs.source) end
  local source = words.behind(graph, link, "prompt")
  local place = not source.unclear and #source.places == 1 and source.places[1]
  return place and graph.nodes[place.id].inputs[place.name] or ("output %d of node %s"):format(link.slot, link.id)
end

--- The texts that a run of the graph shows.
---@param workflow table
---@return sim.Text[]
function M.texts(workflow)
  local list, graph = {}, parsed(workflow)
  for _, id in ipairs(output_nodes(graph, function(node) return TEXT_NODES[node.class] end)) do
    list[#list + 1] = { node_id = id, text = shown(graph, graph.nodes[id]) }
  end
  return list
end

--- A digest of all that the executed nodes are given; ComfyUI runs nothing where it is that of the run before.
---@param workflow table
---@return integer
function M.digest(workflow)
  return digest_of(parsed(workflow), function() return false end)
end

---@param sku string
---@return sim.Hardware
local function hardware_of(sku)
  return hardware[sku] --[[@as sim.Hardware]]
end

-- Pixels in all outputs, in units of 1024 by 1024.
local function megapixels(graph)
  local sum = 0 ---@type number
  for _, node_id in ipairs(output_nodes(graph, makes_pictures)) do
    local width, height, batch = size_of(graph, picture_link(graph.nodes[node_id]), {})
    sum = sum + width * height * batch / MEGAPIXEL
  end
  return sum
end

--- Bytes of GPU memory that the graph's models take.
---@param workflow table
---@return integer
function M.model_bytes(workflow)
  local gib, graph = 0, parsed(workflow) ---@type number, table
  for _, id in ipairs(graph.ids) do
    local node = graph.nodes[id]
    if node.class == "CheckpointLoaderSimple" then gib = gib + (MODEL_GIB[node.inputs.ckpt_name] or 4.0) end
    if node.class == "UNETLoader" then gib = gib + (MODEL_GIB[node.inputs.unet_name] or 4.0) end
    if node.class == "UpscaleModelLoader" then gib = gib + 0.5 end
  end
  return math.floor(gib * (1 << 30))
end

-- How much more work a video is than its first frame: a frame in four is sampled.
local function frames(graph)
  local most = 1
  for _, id in ipairs(graph.ids) do
    local node = graph.nodes[id]
    if node.class == "WanImageToVideo" then most = math.max(most, (whole(graph, node, "length", 81) - 1) // 4 + 1) end
  end
  return most
end

--- Seconds that a run takes: loading (unless the models are there), sampling, saving.
---@param workflow table
---@param sku string
---@param loaded boolean  the models are in memory already
---@return number
function M.duration(workflow, sku, loaded)
  local graph = parsed(workflow)
  local speed, size = hardware_of(sku).speed, megapixels(graph)
  local seconds = 0.6 + 0.3 * size
  if not loaded then seconds = seconds + M.model_bytes(workflow) / (1 << 30) * 1.5 end
  for _, id in ipairs(graph.ids) do
    local node = graph.nodes[id]
    if node.class:find("^KSampler") then
      seconds = seconds + whole(graph, node, "steps", 20) * math.max(0.25, size) * frames(graph) * 0.5 / speed
    elseif node.class == "ImageUpscaleWithModel" then
      seconds = seconds + size * 1.2 / speed
    end
  end
  return seconds
end

--- Why a run fails on this hardware, if it does: in the shape that results carry.
---@param workflow table
---@param sku string
---@return table? error  { errorCode, error, debugInfo }, and the node
function M.failure(workflow, sku)
  local graph = parsed(workflow)
  for _, id in ipairs(graph.ids) do
    local node = graph.nodes[id]
    local image = node.inputs.image
    local host = node.class == "LoadImage" and tostring(image):match("^https?://([^/:]+)")
    if host and host:find("%.invalid$") then
      return M.run_error("LoadImage: cannot download " .. image, ("node %s: getaddrinfo failed for %s"):format(id, host))
    end
  end
  local needed = M.model_bytes(workflow) + megapixels(graph) * PIXEL_GIB * (1 << 30)
  local vram = hardware_of(sku).vram
  if needed > vram then
    return M.run_error("torch.OutOfMemoryError: Allocation on device 0 would exceed allowed memory",
      ("needs %.1f GiB, %s has %.1f GiB"):format(needed / (1 << 30), sku, vram / (1 << 30)))
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
