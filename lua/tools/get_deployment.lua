local answers = require "lib.runcomfy.answers"
local deployment = require "lib.runcomfy.deployment"
local includes = require "lib.runcomfy.includes"
local outline = require "lib.runcomfy.outline"
local schema = require "lib.output_schema"
local shapes = require "lib.runcomfy.shapes"

local NODE = schema.object(nil, {
  { "node_id", schema.value("string", "The key for overrides") },
  { "title", schema.any("Name for people") },
  { "class_type", schema.any("What kind of node it is") },
  { "input_names", schema.list("The inputs that overrides can set", schema.value("string", "Name of an input")) },
})

local SUMMARY = schema.object("With include_payload: what is needed to write overrides", {
  { "roles", schema.list("What people call prompt, negative, seed, image …, and the inputs (node.input) that overrides set for it: "
    .. "traced from what the workflow saves; what is not traced must be chosen by its candidates",
    schema.value("string", "'prompt: 6.text (traced)'")), optional = true },
  { "payload_keys", schema.list("Parts of the payload", schema.value("string", "Name of a part")) },
  { "has_object_info_url", schema.value("boolean", "Whether object_info_url tells types and ranges of inputs"), optional = true },
  { "default_override_node_ids", schema.list("Nodes that the saved overrides change, at most 100",
    schema.value("string", "Node id")), optional = true },
  { "workflow_node_summary", schema.list("The first 200 nodes, in the order of the workflow", NODE), optional = true },
})

return {
  name = "get_deployment",
  title = "Get deployment",
  description = "Loads one deployment. Call it with include_payload=true before submit_request: payload_summary.roles tells which "
    .. "inputs are the prompt, the seed, the picture; the summary lists each node's id, title, class and input names, and "
    .. "deployment.payload.workflow_api_json the present values. Never guess node ids. Costs nothing.",
  input = {
    { "deployment_id", "string", "From list_deployments" },
    { "include_payload", "boolean", "Also the workflow graph, the saved overrides, object_info_url and a summary of the nodes",
      default = false },
    { "include_readme", "boolean", "Also its README (Markdown)", default = false },
  },
  output = schema.result({
    { "ok", shapes.OK },
    { "payload_summary", SUMMARY, optional = true },
    { "deployment", shapes.DEPLOYMENT },
  }),
  annotations = { readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = false },
  pretend = function(input, world) return { ok = true, deployment = world:deployment(input.deployment_id) } end,
  amend = function(data, world) world:changed(data.deployment) end,
  run = function(input, ctx)
    local answer, err = ctx.runcomfy:get_deployment(input.deployment_id, { includes = includes.of(input) })
    if not answer then return nil, err end
    local object, object_err = answers.object(answer, "a deployment")
    if not object then return nil, object_err end
    local summary = input.include_payload and deployment.payload_summary(object) or nil
    return {
      outline = summary and function() return outline.nodes(summary) end,
      text = answers.with_note(("Loaded deployment %s."):format(input.deployment_id), answer),
      data = { ok = true, payload_summary = summary, deployment = object },
    }
  end,
}
