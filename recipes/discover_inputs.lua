--- discover_inputs: answers "what can I change here?"
---
--- When:  before the first run of a workflow, and whenever node numbers would have to be guessed.
--- Costs: nothing.
--- Call:  rcmcp run --examples discover_inputs deployment_id=text-to-image
---
--- Roles (prompt, seed, image, …) are what the other recipes here find by themselves; places ("6.text") are what
--- batch_from_csv takes as columns and submit_request as overrides.

local rc = require "rc"
local workflow = require "workflow"

-- Overrides that submit_request takes, with the values of now.
local function example_of(flow)
  local overrides = {}
  for _, entry in pairs(flow.roles) do
    local node = overrides[entry.node_id] or { inputs = {} }
    node.inputs[entry.input] = entry.value
    overrides[entry.node_id] = node
  end
  return overrides
end

return rc.tool {
  name = "discover_inputs",
  title = "Discover inputs",
  description = "Lists what can be changed in a deployment's workflow: every input with its node, kind and present value; which of them "
    .. "are the prompt, the seed, the image, the size; and overrides ready for submit_request. Costs nothing.",
  input = {
    { "deployment_id", "string", "Id of the deployment, or its name" },
    { "kinds", "array", "Only these kinds of inputs", items = "string", optional = true, examples = { { "text", "file", "seed" } } },
  },
  uses = { "get_deployment", "list_deployments" },
  run = function(input)
    local flow = workflow.open(input.deployment_id)
    local wanted, inputs, roles = {}, {}, {}
    for _, kind in ipairs(input.kinds or {}) do wanted[kind] = true end
    for _, entry in ipairs(flow.inputs) do
      if not input.kinds or wanted[entry.kind] then inputs[#inputs + 1] = entry end
    end
    for role, entry in pairs(flow.roles) do roles[role] = entry.key end
    return {
      deployment_id = flow.deployment_id, name = flow.name, roles = roles, inputs = rc.json.array(inputs),
      example = { deployment_id = flow.deployment_id, overrides = example_of(flow) },
    }
  end,
}
