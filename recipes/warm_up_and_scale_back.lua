--- warm_up_and_scale_back: keeps instances ready for a session, and takes them back when it is over.
---
--- When:  people will work with a deployment for a while and should not wait 3 to 5 minutes for its first answer.
--- Costs: every instance, all the time, used or not: its price by the hour times the hours.  The answer tells the estimate.
--- Call:  rcmcp run --examples warm_up_and_scale_back deployment_id=text-to-image minutes=45    # Ctrl-C ends it earlier
---
--- The call lasts as long as the session.  However it ends (time, cancel, error, shutdown of the server), the old settings
--- are put back; should that fail, the answer says so, since warm instances go on costing.

local deployments = require "deployments"
local prices = require "prices"
local rc = require "rc"

return rc.tool {
  name = "warm_up_and_scale_back",
  title = "Warm up, scale back after",
  description = "Keeps instances of a deployment running for some minutes, so that requests start at once, then puts the old settings "
    .. "back. Billed for every instance all that time: ask the user first. The call lasts as long; cancelling it ends the session.",
  input = {
    { "deployment_id", "string", "Id of the deployment, or its name" },
    { "instances", "integer", "How many to keep ready", minimum = 1, maximum = 30, default = 1 },
    { "minutes", "number", "How long", minimum = 1, maximum = 55, default = 30 },
  },
  output = {
    { "deployment_id", "string", "The deployment" },
    { "instances", "integer", "How many were ready" },
    { "minutes", "number", "How long" },
    { "back_to", "integer", "min_instances as it was, and is again" },
    { "estimated_usd", "number", "Instances times hours times price; left out where the price is not known", optional = true },
    { "prices_as_of", "string", "Date of the price table" },
  },
  uses = { "get_deployment", "list_deployments", "update_deployment" },
  run = function(input, ctx)
    local id = deployments.id_of(input.deployment_id)
    local before = rc.tools.get_deployment({ deployment_id = id }).deployment
    if before.min_instances >= input.instances then
      rc.fail(("%s keeps %d instance(s) ready already"):format(before.name, before.min_instances))
    end
    -- Before the change: an answer that is lost may have changed it.
    local _ <close> = rc.finally(function()
      rc.tools.update_deployment {
        deployment_id = id, name = before.name, min_instances = before.min_instances, max_instances = before.max_instances,
      }
    end)
    rc.tools.update_deployment {
      deployment_id = id, min_instances = input.instances, max_instances = math.max(before.max_instances, input.instances),
    }
    local started, seconds = rc.now(), input.minutes * 60
    while rc.now() - started < seconds do
      local left = seconds - (rc.now() - started)
      ctx:progress((seconds - left) / 60, input.minutes,
        ("%d instance(s) kept warm, %d min left"):format(input.instances, math.ceil(left / 60)))
      rc.sleep(math.min(30, left))
    end
    local price = prices.of(before)
    return {
      deployment_id = id, instances = input.instances, minutes = input.minutes, back_to = before.min_instances,
      estimated_usd = price and price * input.instances * input.minutes / 60, prices_as_of = prices.as_of,
    }
  end,
}
