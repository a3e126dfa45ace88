--- The machines of a deployment: cold start, scaling, keep-warm, GPU memory.

local execution = require "lib.sim.execution"
local hardware = require "lib.sim.hardware"

local M = {}

---@class sim.Instance
---@field id string
---@field state "starting"|"idle"|"busy"|"stopped"
---@field sku string
---@field version string        workflow version it was started with
---@field retiring boolean      takes no further request
---@field model_bytes integer   GPU memory of loaded models
---@field cache_bytes integer   of the execution cache
---@field loaded table<string, boolean>  names of the models in memory
---@field request? sim.Request  what it runs
---@field history table[]       finished prompts, oldest first
---@field started_at number     simulated time
---@field event? sim.Event      end of the cold start, or of keep-warm
---@field free_later? { models: boolean?, cache: boolean? }  what is freed once it is idle

local BASE_BYTES = 600 << 20 -- what CUDA and ComfyUI take of an idle GPU
local FREE_DELAY = 2.0       -- ComfyUI frees memory a little after it has answered

---@param deployment sim.Deployment
---@param id string
---@return sim.Instance?  only one that has started and not yet stopped
function M.find(deployment, id)
  for _, instance in ipairs(deployment.instances) do
    if instance.id == id and instance.state ~= "starting" then return instance end
  end
end

local function remove(deployment, instance)
  for at, item in ipairs(deployment.instances) do
    if item == instance then return table.remove(deployment.instances, at) end
  end
end

local function stop(deployment, instance)
  if instance.event then instance.event:cancel() end
  instance.state = "stopped"
  remove(deployment, instance)
end

-- Starts a machine; `on_ready` runs when it can take work.
local function start(model, deployment, on_ready)
  local instance = {
    id = model.random:uuid(),
    state = "starting",
    sku = deployment.hardware,
    version = deployment.workflow_version,
    retiring = false,
    model_bytes = 0,
    cache_bytes = 0,
    loaded = {},
    history = {},
    started_at = model.time:now(),
  }
  table.insert(deployment.instances, instance)
  instance.event = model.time:after(model.options.cold_start, function()
    instance.state, instance.event = "idle", nil
    M.keep_warm(model, deployment, instance)
    on_ready()
  end)
end

local function count(deployment, state)
  local n = 0
  for _, instance in ipairs(deployment.instances) do
    if not instance.retiring and (state == nil or instance.state == state) then n = n + 1 end
  end
  return n
end

--- Starts what the settings and the queue ask for: at least min_instances; one more whenever the requests that no
--- starting machine will take exceed queue_size for each machine there is; never more than max_instances.
---@param model sim.Model
---@param deployment sim.Deployment
---@param on_ready fun()
function M.scale(model, deployment, on_ready)
  if not deployment.is_enabled then return end
  local function wanted()
    local have = count(deployment)
    if have < deployment.min_instances then return true end
    local pending = #deployment.queue - count(deployment, "starting")
    return have < deployment.max_instances and pending > deployment.queue_size * have
  end
  while wanted() do start(model, deployment, on_ready) end
end

--- An instance that could take a request now; the longest running first.
---@param deployment sim.Deployment
---@return sim.Instance?
function M.idle(deployment)
  for _, instance in ipairs(deployment.instances) do
    if instance.state == "idle" and not instance.retiring then return instance end
  end
end

--- Lets an idle instance stop once its keep-warm time is over, unless min_instances needs it.
---@param model sim.Model
---@param deployment sim.Deployment
---@param instance sim.Instance
function M.keep_warm(model, deployment, instance)
  if instance.event then instance.event:cancel() end
  instance.event = model.time:after(deployment.keep_warm_duration_in_seconds, function()
    instance.event = nil
    if instance.state == "idle" and #deployment.queue == 0 and count(deployment) > deployment.min_instances then
      stop(deployment, instance)
    end
  end)
end

local function load_models(instance, graph)
  instance.loaded = {}
  for _, node in pairs(graph) do
    local name = node.inputs.ckpt_name or node.inputs.model_name
    if type(name) == "string" then instance.loaded[name] = true end
  end
  instance.model_bytes = execution.model_bytes(graph)
  instance.cache_bytes = 256 << 20
end

--- Whether all models of a graph are in the instance's memory.
---@param instance sim.Instance
---@param graph table
---@return boolean
function M.has_models(instance, graph)
  for _, node in pairs(graph) do
    local name = node.inputs.ckpt_name or node.inputs.model_name
    if type(name) == "string" and not instance.loaded[name] then return false end
  end
  return true
end

--- Gives an idle instance a request to run.
---@param instance sim.Instance
---@param request sim.Request
function M.occupy(instance, request)
  if instance.event then instance.event:cancel() end
  instance.event = nil
  instance.state, instance.request = "busy", request
  load_models(instance, request.graph)
end

local function apply_free(instance, models, cache)
  if models then instance.model_bytes, instance.loaded = 0, {} end
  if cache then instance.cache_bytes = 0 end
end

--- Takes a finished request off its instance.
---@param model sim.Model
---@param deployment sim.Deployment
---@param instance sim.Instance
function M.release(model, deployment, instance)
  if instance.state ~= "busy" then return end
  instance.state, instance.request = "idle", nil
  if instance.free_later then
    apply_free(instance, instance.free_later.models, instance.free_later.cache)
    instance.free_later = nil
  end
  if instance.retiring then return stop(deployment, instance) end
  M.keep_warm(model, deployment, instance)
end

--- Asks for GPU memory back, as ComfyUI's /free does: a little later, a busy worker after its run.
---@param model sim.Model
---@param deployment sim.Deployment
---@param instance sim.Instance
---@param models boolean
---@param cache boolean
function M.free(model, deployment, instance, models, cache)
  model.time:after(FREE_DELAY, function()
    if cache and instance.state ~= "stopped" then deployment.last_digest = nil end
    if instance.state == "busy" then
      local later = instance.free_later or {}
      instance.free_later = { models = models or later.models, cache = cache or later.cache }
    else
      apply_free(instance, models, cache)
    end
  end)
end

--- Stops every instance at once.
---@param deployment sim.Deployment
function M.stop_all(deployment)
  for at = #deployment.instances, 1, -1 do
    stop(deployment, deployment.instances[at])
  end
end

--- A rolling update: instances of the old setup finish their work and stop.
---@param deployment sim.Deployment
function M.retire_all(deployment)
  for at = #deployment.instances, 1, -1 do
    local instance = deployment.instances[at]
    instance.retiring = true
    if instance.state ~= "busy" then stop(deployment, instance) end
  end
end

--- New scaling settings: what is idle may now stop earlier, or later.
---@param model sim.Model
---@param deployment sim.Deployment
function M.rescale(model, deployment)
  for _, instance in ipairs(deployment.instances) do
    if instance.state == "idle" then M.keep_warm(model, deployment, instance) end
  end
end

--- GPU memory of an instance, in bytes.
---@param instance sim.Instance
---@return integer total, integer free
function M.vram(instance)
  local total = (hardware[instance.sku] --[[@as sim.Hardware]]).vram
  return total, math.max(0, total - BASE_BYTES - instance.model_bytes - instance.cache_bytes)
end

return M
