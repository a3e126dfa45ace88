--- switch_hardware_with_rollback: moves a deployment to another GPU, tries it, and goes back if that fails.
---
--- When:  a deployment is too slow, too dear, or runs out of memory, and another GPU may do better.
--- Costs: GPU seconds of one test run on the new GPU, cold start included, at its price.
--- Call:  rcmcp run --examples switch_hardware_with_rollback deployment_id=text-to-image hardware=ADA_48_PLUS
---
--- The change is a rolling update: running work ends on the old GPU.  The test runs the workflow as it is, with a new seed.
--- Only its success keeps the new GPU; failure, time-out, cancel or shutdown put the old one back.

local outputs = require "outputs"
local prices = require "prices"
local rc = require "rc"
local workflow = require "workflow"

return rc.tool {
  name = "switch_hardware_with_rollback",
  title = "Switch hardware, with rollback",
  description = "Changes the GPU type of a deployment, proves it with one test run, and restores the old type unless that succeeds. Costs "
    .. "GPU seconds of the test run, cold start included.",
  input = {
    { "deployment_id", "string", "Id of the deployment, or its name" },
    { "hardware", "string", "The GPU type to change to",
      enum = { "TURING_16", "AMPERE_24", "AMPERE_48", "ADA_48_PLUS", "AMPERE_80", "ADA_80_PLUS", "HOPPER_141" } },
    { "inputs", "object", "What the test run sets: prompt, image, …, or node.input", optional = true },
    { "timeout_minutes", "number", "How long the test may take", minimum = 1, maximum = 55, default = 20 },
  },
  uses = { "get_deployment", "list_deployments", "submit_request", "update_deployment" },
  run = function(input, ctx)
    local flow = workflow.open(input.deployment_id)
    if flow.hardware == input.hardware then rc.fail(("%s runs on %s already"):format(flow.name, input.hardware)) end
    local values = {}
    for key, value in pairs(input.inputs or {}) do values[key] = value end
    local overrides = workflow.overrides(flow, workflow.with_seed(flow, values)) -- what is wrong with them is found before anything changes

    local proven = false
    local _ <close> = rc.finally(function()
      if proven then return end
      rc.tools.update_deployment { deployment_id = flow.deployment_id, name = flow.name, hardware = flow.hardware }
    end)
    rc.tools.update_deployment { deployment_id = flow.deployment_id, name = flow.name, hardware = input.hardware }
    ctx:log("info", ("%s: %s to %s, on trial"):format(flow.name, flow.hardware, input.hardware))
    local started = rc.now()
    local ok, finished ---@type boolean, any
    ok, finished = pcall(function()
      return rc.submit { deployment_id = flow.deployment_id, overrides = overrides }:wait { timeout = input.timeout_minutes * 60 }
    end)
    if not ok then
      rc.fail(("the test run on %s did not succeed, so %s goes back to %s: %s"):format(input.hardware, flow.name, flow.hardware,
        tostring(finished)), { rolled_back_to = flow.hardware, cause = type(finished) == "table" and finished.data or nil })
    end
    proven = true
    return {
      deployment_id = flow.deployment_id, from = flow.hardware, to = input.hardware, test_seconds = math.floor(rc.now() - started),
      usd_per_hour_before = prices.usd_per_hour[flow.hardware], usd_per_hour_now = prices.usd_per_hour[input.hardware],
      prices_as_of = prices.as_of, images = outputs.urls(finished),
    }
  end,
}
