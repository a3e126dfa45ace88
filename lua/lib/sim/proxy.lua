--- The ComfyUI server of an instance, as far as the instance proxy reaches it.

local answers = require "lib.sim.answers"
local execution = require "lib.sim.execution"
local hardware = require "lib.sim.hardware"
local images = require "lib.sim.images"
local instances = require "lib.sim.instances"
local jobs = require "lib.sim.jobs"
local json = require "core.json"
local nodes = require "lib.sim.nodes"
local overrides = require "lib.sim.overrides"

local M = {}

---@class sim.ProxyCall
---@field sim sim.Server
---@field deployment sim.Deployment
---@field instance sim.Instance
---@field body table                 decoded; {} if there was none
---@field query table<string, string[]>
---@field rest string?               what follows the route's name

-- Control routes answer before they have worked, with an empty body.
local function done()
  return answers.text(200, "", "application/octet-stream")
end

local function queue_entry(request)
  return json.as_array { 0, request.id, request.graph, {}, json.as_array {} }
end

local function show_queue(call)
  local running = json.as_array {}
  if call.instance.request then running[1] = queue_entry(call.instance.request) end
  return answers.json(200, json.ordered({ "queue_running", "queue_pending" },
    { queue_running = running, queue_pending = json.as_array {} }))
end

local function is_ours(body, request)
  return body.prompt_id == nil or body.prompt_id == json.null or (request and body.prompt_id == request.id)
end

local function interrupt(call)
  if is_ours(call.body, call.instance.request) then jobs.interrupt(call.sim.model, call.instance) end
  return done()
end

local function free(call)
  instances.free(call.sim.model, call.deployment, call.instance, call.body.unload_models == true, call.body.free_memory == true)
  return done()
end

local function history_entry(request)
  local outputs = {}
  for _, file in ipairs(request.files or {}) do
    local node = outputs[file.node_id] or { images = json.as_array {} }
    table.insert(node.images, { filename = file.filename, subfolder = file.subfolder, type = file.type })
    outputs[file.node_id] = node
  end
  local succeeded = request.outcome == "succeeded"
  return { prompt = queue_entry(request), outputs = outputs, meta = {},
           status = { status_str = succeeded and "success" or "error", completed = succeeded, messages = json.as_array {} } }
end

local function show_history(call)
  local shown, order = {}, {}
  for _, request in ipairs(call.instance.history) do
    if call.rest == nil or call.rest == request.id then
      shown[request.id] = history_entry(request)
      order[#order + 1] = request.id
    end
  end
  return answers.json(200, json.ordered(order, shown))
end

local function forget_history(call)
  local doomed = {}
  for _, id in ipairs(type(call.body.delete) == "table" and call.body.delete or {}) do doomed[id] = true end
  local kept = {}
  for _, request in ipairs(call.instance.history) do
    if call.body.clear ~= true and not doomed[request.id] then kept[#kept + 1] = request end
  end
  call.instance.history = kept
  return done()
end

local function system_stats(call)
  local tier = hardware[call.instance.sku]
  local total, vram_free = instances.vram(call.instance)
  local torch = call.instance.model_bytes + call.instance.cache_bytes
  return answers.json(200, json.ordered({ "system", "devices" }, {
    system = { os = "posix", ram_total = tier.ram, ram_free = tier.ram - (6 << 30), comfyui_version = "0.3.75",
               python_version = "3.12.3 (main)", pytorch_version = "2.8.0+cu128", embedded_python = false,
               argv = json.as_array { "main.py", "--listen" } },
    devices = json.as_array { { name = "cuda:0 " .. tier.device .. " : cudaMallocAsync", type = "cuda", index = 0,
                                vram_total = total, vram_free = vram_free, torch_vram_total = torch, torch_vram_free = 0 } },
  }))
end

local function show_prompt(call)
  local remaining = call.instance.request and 1 or 0
  return answers.json(200, { exec_info = { queue_remaining = remaining } })
end

-- Beside RunComfy's queue: runs, and nothing of it is uploaded.
local function take_prompt(call)
  local ok, problem = overrides.check_graph(call.body.prompt)
  if not ok then
    ---@cast problem table
    return answers.json(400, { error = { type = "invalid_prompt", message = problem.detail[1].msg, details = "", extra_info = {} },
                               node_errors = {} })
  end
  local model = call.sim.model
  local request = { id = model.random:uuid(), graph = call.body.prompt, outcome = "succeeded", files = execution.files(call.body.prompt) }
  table.insert(call.instance.history, request)
  return answers.json(200, json.ordered({ "prompt_id", "number", "node_errors" },
    { prompt_id = request.id, number = #call.instance.history, node_errors = {} }))
end

local function view(call)
  local name, kind = (call.query.filename or {})[1], (call.query.type or { "output" })[1]
  local subfolder = (call.query.subfolder or { "" })[1]
  for at = #call.instance.history, 1, -1 do
    for _, file in ipairs(call.instance.history[at].files or {}) do
      if file.filename == name and file.type == kind and file.subfolder == subfolder then
        return answers.text(200, assert(images.render(file.picture)), "image/png")
      end
    end
  end
  return answers.text(404, "404: Not Found")
end

local function object_info(call)
  return answers.json(200, nodes.object_info(call.rest))
end

local function models(call)
  local class = nodes.find(({ checkpoints = "CheckpointLoaderSimple", upscale_models = "UpscaleModelLoader" })[call.rest or ""])
  if call.rest == nil then return answers.json(200, json.as_array { "checkpoints", "upscale_models", "loras", "vae" }) end
  return answers.json(200, json.as_array(class and class.inputs[1].choices or {}))
end

local ROUTES = {
  free = { POST = free },
  interrupt = { POST = interrupt },
  queue = { GET = show_queue, POST = done },
  history = { GET = show_history, POST = forget_history },
  prompt = { GET = show_prompt, POST = take_prompt },
  system_stats = { GET = system_stats },
  object_info = { GET = object_info },
  view = { GET = view },
  models = { GET = models },
  embeddings = { GET = function() return answers.json(200, json.as_array {}) end },
}

--- Forwards a call to the instance's ComfyUI.
---@param call sim.ProxyCall  `rest` is the whole path here
---@param method string
---@return sim.Answer
function M.answer(call, method)
  local path = call.rest --[[@as string]]:gsub("^/+", ""):gsub("^api/", "")
  local name, rest = path:match("^([^/]+)/?(.*)$")
  local route = ROUTES[name or ""]
  if not route then return answers.text(404, "404: Not Found") end
  if not route[method] then return answers.text(405, "405: Method Not Allowed") end
  call.rest = rest ~= "" and rest or nil
  return route[method](call)
end

return M
