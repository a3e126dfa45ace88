--- discover_inputs: answers "what can I change here?"
---
--- When:  before the first run of a workflow, and whenever node numbers would have to be guessed.
--- Costs: nothing.
--- Call:  rcmcp run --examples discover_inputs deployment_id=text-to-image
---
--- Roles (prompt, seed, image, …) are what the other recipes here find by themselves; places ("6.text") are what
--- batch_from_csv takes as columns and submit_request as overrides.  `how` says how a role is known: traced from what the
--- workflow saves, pinned (by `node`), or only a candidate, which nothing is sent to; `unclear` says why, and lists those.

local rc = require "rc"
local workflow = require "workflow"

-- Overrides that submit_request takes, with the values of now.
local function example_of(flow)
  local overrides = {}
  local settable = {}
  for _, role in pairs(flow.roles) do
    for _, key in ipairs(role.how ~= "candidate" and role.inputs or {}) do settable[key] = true end
  end
  for _, entry in ipairs(flow.inputs) do
    if settable[entry.key] then
      local node = overrides[entry.node_id] or { inputs = {} }
      node.inputs[entry.input] = entry.value
      overrides[entry.node_id] = node
    end
  end
  return overrides
end

return rc.tool {
  name = "discover_inputs",
  title = "Discover inputs",
  description = "Lists what can be changed in a deployment's workflow: every input with its node, kind and present value; which of them "
    .. "are the prompt, the seed, the image, the size, and how that is known; and overrides ready for submit_request. Costs nothing.",
  input = {
    { "deployment_id", "string", "Id of the deployment, or its name" },
    { "node", "string", workflow.NODE, optional = true, examples = { "6.text" } },
    { "kinds", "array", "Only these kinds of inputs", items = "string", optional = true, examples = { { "text", "file", "seed" } } },
  },
  uses = { "get_deployment", "list_deployments" },
  run = function(input)
    local flow = workflow.open(input.deployment_id, input.node)
    local wanted, inputs, roles, places, how, unclear = {}, {}, {}, {}, {}, {}
    for _, kind in ipairs(input.kinds or {}) do wanted[kind] = true end
    for _, entry in ipairs(flow.inputs) do
      if not input.kinds or wanted[entry.kind] then inputs[#inputs + 1] = entry end
    end
    for name, role in pairs(flow.roles) do
      how[name] = role.how
      if role.how == "candidate" then
        unclear[name] = { reason = role.reason, candidates = rc.json.array(role.inputs) }
      else
        roles[name], places[name] = role.inputs[1], rc.json.array(role.inputs)
      end
    end
    return {
      deployment_id = flow.deployment_id, name = flow.name, roles = roles, places = places, how = how, unclear = unclear,
      inputs = rc.json.array(inputs),
      example = { deployment_id = flow.deployment_id, overrides = example_of(flow) },
    }
  end,
}
