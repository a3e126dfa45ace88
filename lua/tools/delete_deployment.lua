local answers = require "lib.runcomfy.answers"
local schema = require "lib.output_schema"
local shapes = require "lib.runcomfy.shapes"

return {
  name = "delete_deployment",
  title = "Delete deployment",
  description = "Deletes a deployment for good; its requests end with it. Ask the user first. To pause it instead, use "
    .. "update_deployment with is_enabled=false. The workflow itself stays in the RunComfy cloud.",
  input = {
    { "deployment_id", "string", "From list_deployments" },
  },
  output = schema.result({ { "ok", shapes.OK }, { "response", schema.any("What the API answered: JSON or text, often empty") } }),
  annotations = { readOnlyHint = false, destructiveHint = true, idempotentHint = true, openWorldHint = false },
  leaves = "deployment",
  repeatable = true,
  pretend = function(input, world)
    world:delete(input.deployment_id)
    return { ok = true, response = "" }
  end,
  run = function(input, ctx)
    local answer, err = ctx.runcomfy:delete_deployment(input.deployment_id)
    if not answer then return nil, err end
    return {
      text = answers.with_note(("Deleted deployment %s."):format(input.deployment_id), answer),
      data = { ok = true, response = answer },
    }
  end,
}
