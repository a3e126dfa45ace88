--- chain_stages: runs deployments one after the other, each on the picture that the one before it made.
---
--- When:  face, then full body, then scene; or picture, then larger, then a video.
--- Costs: GPU seconds of one run for each stage, each on its own deployment.
--- Call:  rcmcp run --examples chain_stages --args '{"stages":[
---          {"deployment_id":"text-to-image","inputs":{"prompt":"a fox"}},
---          {"deployment_id":"upscale"}]}'
---
--- A stage sets inputs by role (prompt, negative, seed, …) or by place ("9.filename_prefix").  All stages are checked before
--- the first is paid for.  When a stage fails, the error carries what the stages before it made: put the last URL into
--- `image` and leave the finished stages out, and the chain goes on where it broke.

local outputs = require "outputs"
local rc = require "rc"
local workflow = require "workflow"

-- What a stage sets, with a new seed where none is given.
local function values_of(flow, stage)
  local values = {}
  for key, value in pairs(stage.inputs or {}) do values[key] = value end
  return workflow.with_seed(flow, values)
end

local function prepare(input)
  local plan = {}
  for i, stage in ipairs(input.stages) do
    local flow = workflow.open(stage.deployment_id, stage.node)
    local values = values_of(flow, stage)
    local takes_image = i > 1 or input.image ~= nil
    if takes_image then
      if values[stage.image_input] ~= nil then rc.fail(("stage %d: its %s comes from the stage before"):format(i, stage.image_input)) end
      values[stage.image_input] = "https://example.com/of-the-stage-before.png"
    end
    workflow.overrides(flow, values) -- refused here, before anything is paid for
    plan[i] = { flow = flow, values = values, image_input = takes_image and stage.image_input }
  end
  return plan
end

local function run_stage(stage, image)
  if stage.image_input then stage.values[stage.image_input] = image end
  local job = rc.submit { deployment_id = stage.flow.deployment_id, overrides = workflow.overrides(stage.flow, stage.values) }
  return { deployment_id = stage.flow.deployment_id, request_id = job.request_id, urls = outputs.urls(job:wait()) }
end

return rc.tool {
  name = "chain_stages",
  title = "Chain stages",
  description = "Runs several deployments one after the other, feeding the first output of each into the next as its image. Checks all "
    .. "stages first. Costs GPU seconds of every stage. A failure returns what the stages before it made, so that nothing is paid twice.",
  input = {
    { "stages", "array", "What to run, in this order", min_items = 1, max_items = 16, items = {
      { "deployment_id", "string", "Id of the deployment, or its name" },
      { "inputs", "object", "What to set: prompt, negative, seed, width, height, or node.input", optional = true },
      { "node", "string", workflow.NODE, optional = true },
      { "image_input", "string", "Where the picture of the stage before goes", default = "image" },
    } },
    { "image", "string", "Picture for the first stage: URL, data URI, or path of a local file", optional = true },
  },
  uses = { "get_deployment", "list_deployments", "submit_request" },
  run = function(input, ctx)
    local plan, finished, image = prepare(input), {}, input.image
    for i, stage in ipairs(plan) do
      ctx:progress(i - 1, #plan, ("stage %d of %d: %s"):format(i, #plan, stage.flow.name))
      local ok, result = pcall(run_stage, stage, image) ---@type boolean, any
      if not ok then
        rc.fail(("stage %d (%s) failed: %s"):format(i, stage.flow.name, tostring(result)), {
          failed_stage = i, finished = rc.json.array(finished), image = image, cause = type(result) == "table" and result.data or nil,
        })
      end
      finished[i], image = result, result.urls[1]
    end
    return { stages = finished, images = finished[#finished].urls }
  end,
}
