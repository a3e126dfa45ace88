--- smoke_test: runs every enabled deployment once, as it is, and tells which ones work.
---
--- When:  after a change of workflows or hardware, and in CI before a release.
--- Costs: GPU seconds of one run for each enabled deployment, cold start included.
--- Call:  rcmcp run recipes/scripts/smoke_test.lua --examples                    # all that are enabled
---        rcmcp run recipes/scripts/smoke_test.lua --examples text-to-image      # only these, by name or id
---
--- Needs the example recipe discover_inputs.  Prints PASS or FAIL for each on stderr, the table as JSON on stdout; the exit
--- status is 1 if one failed.

local rc = require "rc"

local function wanted()
  if #arg > 0 then return { table.unpack(arg) } end
  local names = {}
  for _, deployment in ipairs(rc.tools.list_deployments().deployments) do
    if deployment.is_enabled then names[#names + 1] = deployment.id end
  end
  return names
end

-- The workflow's own values with a new seed: ComfyUI would answer an unchanged run from its cache.
local function try(name)
  local found, started = rc.tools.discover_inputs { deployment_id = name, kinds = { "seed" } }, rc.now()
  local overrides, seeds = {}, {}
  for _, key in ipairs(found.places.seed or {}) do seeds[key] = true end
  for _, seed in ipairs(found.inputs) do
    local node = overrides[seed.node_id] or { inputs = {} }
    if seeds[seed.key] then node.inputs[seed.input], overrides[seed.node_id] = rc.random(0, (1 << 31) - 1), node end
  end
  local job = rc.submit { deployment_id = found.deployment_id, overrides = overrides }
  local finished = job:wait { timeout = 1800 }
  return { name = found.name, seconds = math.floor(rc.now() - started), outputs = #finished.output_urls, request_id = job.request_id }
end

local names, results, failed = wanted(), {}, 0
for i, run in ipairs(rc.map(names, try, { stop_on_error = false })) do
  results[i] = run.ok and run.value or { name = names[i], error = run.error.message }
  if not run.ok then failed = failed + 1 end
  print(("%s %s: %s"):format(run.ok and "PASS" or "FAIL", results[i].name, run.ok and results[i].seconds .. " s" or results[i].error))
end
if failed > 0 then rc.fail(("%d of %d deployments failed"):format(failed, #names), { deployments = results }) end
return { deployments = rc.json.array(results) }
