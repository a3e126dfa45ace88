--- deployment_health: what every deployment costs at rest and at most, and what looks wrong.
---
--- When:  every morning, and before leaving for the weekend.
--- Costs: nothing; one request to the API.
--- Call:  rcmcp run --examples deployment_health
---
--- At rest: min_instances run all the time, used or not.  At most: all instances that may start.  Prices come from
--- lib/prices.lua; the answer carries their date.

local prices = require "prices"
local rc = require "rc"

local LONG_WARMTH = 600 -- seconds of keep-warm that are worth a word

-- Fields that the API left out are null.
local function number(value)
  return type(value) == "number" and value or 0
end

local function remarks_of(deployment, price, hardware)
  local remarks, on, kept = {}, number(deployment.min_instances), number(deployment.keep_warm_duration_in_seconds)
  local function remark(condition, text, ...)
    if condition then remarks[#remarks + 1] = text:format(...) end
  end
  remark(deployment.is_enabled == true and on > 0, "billed all the time: min_instances is %d", on)
  remark(deployment.is_enabled == false, "disabled: every request is refused")
  remark(deployment.is_enabled == false and on > 0, "enabling it starts %d instance(s) at once", on)
  remark(kept > LONG_WARMTH, "stays on for %d s after each run, which is billed", kept)
  remark(not price, "no price is known for %s", hardware)
  return rc.json.array(remarks)
end

local function examine(deployment)
  local price, hardware = prices.of(deployment)
  local at_rest = deployment.is_enabled == true and number(deployment.min_instances) or 0
  local at_most = deployment.is_enabled == true and number(deployment.max_instances) or 0
  return {
    deployment_id = deployment.id, name = deployment.name, hardware = hardware,
    billable = at_rest > 0, disabled = deployment.is_enabled == false, usd_per_instance_hour = price,
    usd_per_hour_at_rest = price and price * at_rest, usd_per_hour_at_most = price and price * at_most,
    remarks = remarks_of(deployment, price, hardware),
  }
end

local function line_of(row)
  return ("| %s | %s | %s | %s | %s |"):format(tostring(row.name), row.hardware,
    row.usd_per_hour_at_rest and ("%.2f"):format(row.usd_per_hour_at_rest) or "?",
    row.usd_per_hour_at_most and ("%.2f"):format(row.usd_per_hour_at_most) or "?", table.concat(row.remarks, "; "))
end

return rc.tool {
  name = "deployment_health",
  title = "Deployment health",
  description = "Reports for every deployment whether it is billed all the time, disabled, on which GPU, and its cost by the hour at rest "
    .. "and at most, with what looks wrong. Costs nothing.",
  uses = { "list_deployments" },
  run = function()
    local rows, at_rest, at_most = {}, 0, 0
    for i, deployment in ipairs(rc.tools.list_deployments().deployments) do
      rows[i] = examine(deployment)
      at_rest, at_most = at_rest + (rows[i].usd_per_hour_at_rest or 0), at_most + (rows[i].usd_per_hour_at_most or 0)
    end
    table.sort(rows, function(a, b) return (a.usd_per_hour_at_rest or 0) > (b.usd_per_hour_at_rest or 0) end)
    local lines = { "| deployment | GPU | $/h at rest | $/h at most | |", "|---|---|---|---|---|" }
    for _, row in ipairs(rows) do lines[#lines + 1] = line_of(row) end
    lines[#lines + 1] = ("\nAt rest $%.2f an hour, at most $%.2f. Prices as of %s."):format(at_rest, at_most, prices.as_of)
    return {
      deployments = rc.json.array(rows), usd_per_hour_at_rest = at_rest, usd_per_hour_at_most = at_most, prices_as_of = prices.as_of,
    }, rc.text(table.concat(lines, "\n"))
  end,
}
