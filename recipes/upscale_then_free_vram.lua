--- upscale_then_free_vram: makes a picture larger, then unloads the models of the instance that did it.
---
--- When:  the instance goes on with other work, or stays warm, and its GPU memory is wanted back.
--- Costs: GPU seconds of one run, and of a cold start if there is one.  Freeing costs nothing.
--- Call:  rcmcp run --examples upscale_then_free_vram deployment_id=upscale image=photo.png
---
--- The memory is freed however the run ends: success, failure, time-out, cancel.  It is measured before and after with
--- ComfyUI's api/system_stats; where that cannot be reached, `vram` is left out. Where no instance was ever known, `note` says that
--- nothing was freed.

local outputs = require "outputs"
local rc = require "rc"
local workflow = require "workflow"

local SETTLE = 15 -- seconds: ComfyUI frees a little after it has answered

local function device(job)
  local ok, stats = pcall(function() return job:proxy("api/system_stats", nil, { method = "GET" }) end)
  return ok and type(stats) == "table" and stats.devices and stats.devices[1] or nil
end

-- Free memory once it has risen above `before`, or when that was given time enough; nil: the instance has stopped.
local function settled(job, before)
  local deadline = rc.now() + SETTLE
  local now
  repeat
    rc.sleep(1)
    now = device(job)
  until not now or now.vram_free > before or rc.now() >= deadline
  return now and now.vram_free
end

return rc.tool {
  name = "upscale_then_free_vram",
  title = "Upscale, then free VRAM",
  description = "Upscales an image on a deployment, then unloads the models of the instance that ran it, and tells how much GPU memory "
    .. "that gave back. Costs GPU seconds; a first run after a pause takes 3 to 5 minutes.",
  input = {
    { "deployment_id", "string", "Id of the deployment that upscales, or its name" },
    { "image", "string", "Public URL, data URI, or path of a local file" },
    { "node", "string", workflow.NODE .. "; 189 alone is the node that loads the image", optional = true },
  },
  output = {
    { "images", "array", "URLs of the larger pictures", items = "string" },
    { "vram", "object", "Bytes of GPU memory; left out where it could not be measured", optional = true, properties = {
      { "total", "integer", "Of the GPU" }, { "free_before", "integer", "After the run" },
      { "free_after", "integer", "After the models were unloaded; left out where the instance has stopped by then", optional = true },
      { "freed", "integer", "What that gave back; left out likewise", optional = true },
    } },
    { "note", "string", "Why nothing was freed", optional = true },
    { "request_id", "string", "For save_outputs" },
  },
  uses = { "call_instance_proxy", "get_deployment", "list_deployments", "submit_request" },
  run = function(input, ctx)
    local flow = workflow.open(input.deployment_id, input.node)
    local job = rc.submit { deployment_id = flow.deployment_id, overrides = workflow.overrides(flow, { image = input.image }) }
    local freed, note = false, nil
    local function free()
      if freed then return end
      local answer = job:proxy("api/free", { unload_models = true, free_memory = true })
      freed, note = true, type(answer) == "string" and answer ~= "" and answer or nil
    end
    local _ <close> = rc.finally(free)
    local finished = job:wait()
    ctx:progress(1, 2, "upscaled; freeing the memory")
    local before = device(job)
    free()
    local after = before and settled(job, before.vram_free)
    return {
      images = outputs.urls(finished), request_id = job.request_id, note = note,
      vram = before and {
        total = before.vram_total, free_before = before.vram_free, free_after = after, freed = after and after - before.vram_free,
      },
    }
  end,
}
