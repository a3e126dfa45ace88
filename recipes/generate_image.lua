--- generate_image: a picture from a sentence, on any deployment.
---
--- When:  somebody says what they want to see.  The prompt, the seed and the size are found in the workflow by
---        themselves; discover_inputs shows what else can be changed.
--- Costs: GPU seconds of one run; a first run after a pause takes 3 to 5 minutes longer, which is billed too.
--- Call:  rcmcp run --examples generate_image deployment_id=text-to-image prompt="a fox in the snow" seed=7
---        An assistant: "Make me a fox in the snow with text-to-image."
---
--- `set` in the answer names the inputs that were changed.  Where the workflow does not tell which one holds the prompt,
--- nothing is sent: the error lists those that it could be, and node=6.text names one.

local outputs = require "outputs"
local rc = require "rc"
local workflow = require "workflow"

return rc.tool {
  name = "generate_image",
  title = "Generate an image",
  description = "Makes pictures from a prompt on a deployment, waits for them and returns their URLs, which work for 7 days. Costs GPU "
    .. "seconds; a first run after a pause takes 3 to 5 minutes. The same prompt and seed make the same picture.",
  input = {
    { "deployment_id", "string", "Id of the deployment, or its name", examples = { "text-to-image" } },
    { "prompt", "string", "What the picture shows", min_length = 1 },
    { "negative", "string", "What it must not show", optional = true },
    { "seed", "integer", "Number that the picture grows from; left out: one that was never used", minimum = 0, optional = true },
    { "width", "integer", "In pixels; left out: as the workflow has it", minimum = 64, maximum = 4096, optional = true },
    { "height", "integer", "In pixels; left out: as the workflow has it", minimum = 64, maximum = 4096, optional = true },
    { "node", "string", workflow.NODE, optional = true, examples = { "6.text" } },
  },
  output = {
    { "images", "array", "URLs of the pictures", items = "string" },
    { "seed", "integer", "Give it again for the same picture; left out where the workflow has none that can be set", optional = true },
    { "set", "array", "The inputs that were changed, and how they are known", items = { { "name", "string", "What was given" },
      { "inputs", "array", "Where it went", items = "string" }, { "how", "string", "traced, pinned or named" } } },
    { "deployment_id", "string", "Where it ran" },
    { "request_id", "string", "For save_outputs" },
  },
  uses = { "get_deployment", "list_deployments", "submit_request" },
  run = function(input)
    local flow = workflow.open(input.deployment_id, input.node)
    local values = workflow.with_seed(flow, {
      prompt = input.prompt, negative = input.negative, seed = input.seed, width = input.width, height = input.height,
    })
    local finished = rc.submit { deployment_id = flow.deployment_id, overrides = workflow.overrides(flow, values) }:wait()
    local images = outputs.urls(finished)
    return {
      images = images, seed = values.seed, set = workflow.where(flow, values), deployment_id = flow.deployment_id,
      request_id = finished.request_id,
    }, rc.link(images[1], { title = input.prompt })
  end,
}
