--- compare_seeds: one prompt, several seeds, side by side on a contact sheet.
---
--- When:  the prompt is right and the best of its variations is wanted; or to see what a change of the workflow does, with
---        the same seeds before and after.
--- Costs: GPU seconds of one run for each seed.  They run on as many instances as the deployment may start.
--- Call:  rcmcp run --examples compare_seeds deployment_id=text-to-image prompt="a fox" count=6
---        rcmcp run --examples compare_seeds --args '{"deployment_id":"text-to-image","seeds":[7,8,9]}'
---
--- The seeds go where the noise of what is saved is made; `set` names those inputs.  Where the workflow has none that can be
--- traced, nothing is sent, and node=3.seed names one.  A seed that fails does not stop the others.  The sheet is Markdown,
--- with the pictures by URL; with inline=true the pictures themselves come, too, for clients that show them.

local outputs = require "outputs"
local rc = require "rc"
local running = require "running"
local workflow = require "workflow"

local function seeds_of(flow, input)
  if input.seeds then return input.seeds end
  local seeds, first = {}, workflow.new_seed(flow, input.count)
  for i = 1, input.count do seeds[i] = first + i - 1 end
  return seeds
end

local function contact_sheet(images)
  local lines = { "| seed | picture |", "|---|---|" }
  for _, image in ipairs(images) do
    lines[#lines + 1] = ("| %s | %s |"):format(image.seed, image.url and ("![seed %s](%s)"):format(image.seed, image.url) or image.error)
  end
  return table.concat(lines, "\n")
end

return rc.tool {
  name = "compare_seeds",
  title = "Compare seeds",
  description = "Runs a deployment once for each of several seeds, at the same time, and returns a contact sheet: a Markdown table with a "
    .. "picture a seed. Costs GPU seconds of as many runs as there are seeds: ask the user about more than 4.",
  input = {
    { "deployment_id", "string", "Id of the deployment, or its name" },
    { "prompt", "string", "What the pictures show; left out: the workflow's own prompt", optional = true },
    { "seeds", "array", "The seeds; left out: as many new ones as `count` says", items = "integer", min_items = 1, max_items = 32,
      optional = true },
    { "count", "integer", "How many new seeds", minimum = 1, maximum = 32, default = 4 },
    { "concurrency", "integer", "Runs at the same time", minimum = 1, maximum = 16, default = 4 },
    { "node", "string", workflow.NODE, optional = true, examples = { "3.seed" } },
    { "inline", "boolean", "Return the pictures themselves as well; they are large", default = false },
  },
  uses = { "get_deployment", "list_deployments", "submit_request" },
  run = function(input, ctx)
    local flow = workflow.open(input.deployment_id, input.node)
    workflow.overrides(flow, { prompt = input.prompt, seed = 1 }) -- refused here, before anything is paid for
    local seeds, jobs, done = seeds_of(flow, input), running.new(), 0
    local runs = rc.map(seeds, function(seed)
      local finished = jobs:run {
        deployment_id = flow.deployment_id, overrides = workflow.overrides(flow, { prompt = input.prompt, seed = seed }),
      }
      done = done + 1
      ctx:progress(done, #seeds, ("seed %s is done"):format(seed))
      return { seed = seed, url = outputs.urls(finished)[1], request_id = finished.request_id }
    end, { concurrency = input.concurrency, stop_on_error = false })

    local images, content, failed = {}, {}, 0 ---@type table[], table[], integer
    for i, run in ipairs(runs) do
      images[i] = run.ok and run.value or { seed = seeds[i], error = run.error.message }
      if not run.ok then failed = failed + 1 end
      if run.ok and input.inline then content[#content + 1] = rc.image(rc.http({ url = run.value.url }).body) end
    end
    if failed == #seeds then rc.fail("no seed gave a picture: " .. images[1].error, { images = images }) end
    local set = workflow.where(flow, { prompt = input.prompt, seed = true })
    return { images = images, failed = failed, set = set }, rc.text(contact_sheet(images)), table.unpack(content)
  end,
}
