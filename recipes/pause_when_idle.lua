--- pause_when_idle: lets a deployment finish its work, then pauses it.
---
--- When:  the session is over.  Pausing at once would fail every request that waits or runs, and they are paid for.
--- Costs: nothing of its own; the work that it waits for costs what it costs.  A paused deployment costs nothing.
--- Call:  rcmcp run --examples pause_when_idle deployment_id=text-to-image request_ids='["7c1e…"]'
---        rcmcp call update_deployment deployment_id=ID is_enabled=true        # and on again
---
--- RunComfy has no list of a deployment's requests, so name those that you know of; an empty list says that none is left.  Beside
--- them the ComfyUI of their instances is asked whether it still has work of somebody else.  Whatever goes wrong, the
--- deployment is paused only after all of it has ended.

local deployments = require "deployments"
local rc = require "rc"

local PAUSE = 10 -- seconds between two looks at a queue

-- Waits until a request has ended, however it ended.
local function drain(job, seconds)
  local ok, err = pcall(function() job:wait { timeout = seconds } end) ---@type boolean, any
  if ok or err.code == "job_failed" or err.code == "job_cancelled" then return end
  if err.code ~= "timeout" then error(err, 0) end
  rc.fail(("not paused: request %s has not ended yet; call again later"):format(job.request_id), { open_request = job.request_id })
end

-- Whether the instance of a job works for somebody; an instance that is gone, or cannot be asked, does not count.
local function is_busy(job)
  local ok, queue = pcall(function() return job:proxy("api/queue", nil, { method = "GET" }) end)
  return ok and type(queue) == "table" and #(queue.queue_running or {}) + #(queue.queue_pending or {}) > 0
end

return rc.tool {
  name = "pause_when_idle",
  title = "Pause when idle",
  description = "Waits until the named requests of a deployment have ended and its instances have no other work, then pauses it "
    .. "(is_enabled=false). Pausing directly would fail running requests. Nothing is paused if they have not ended in time.",
  input = {
    { "deployment_id", "string", "Id of the deployment, or its name" },
    { "request_ids", "array", "The requests to wait for; [] says that none is open", items = "string" },
    { "timeout_minutes", "number", "How long to wait for them", minimum = 0, maximum = 60, default = 50 },
  },
  uses = { "call_instance_proxy", "get_request_result", "get_request_status", "list_deployments", "update_deployment" },
  run = function(input, ctx)
    local id, deadline = deployments.id_of(input.deployment_id), rc.now() + input.timeout_minutes * 60
    for i, request_id in ipairs(input.request_ids) do
      ctx:progress(i - 1, #input.request_ids + 1, "waiting for " .. request_id)
      local job = rc.job(id, request_id)
      drain(job, math.max(0, deadline - rc.now()))
      while is_busy(job) do
        if rc.now() + PAUSE > deadline then rc.fail("not paused: an instance still works for somebody else; call again later") end
        rc.sleep(PAUSE)
      end
    end
    local deployment = rc.tools.update_deployment({ deployment_id = id, is_enabled = false }).deployment
    return { deployment_id = id, name = deployment.name, is_enabled = deployment.is_enabled, drained = #input.request_ids }
  end,
}
