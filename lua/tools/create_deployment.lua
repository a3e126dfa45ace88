local answers = require "lib.runcomfy.answers"
local deployment = require "lib.runcomfy.deployment"
local json = require "core.json"
local scaling = require "lib.runcomfy.scaling"
local schema = require "lib.output_schema"
local shapes = require "lib.runcomfy.shapes"

local BODY_KEYS = {
  "name", "workflow_id", "workflow_version", "hardware", "min_instances", "max_instances", "queue_size",
  "keep_warm_duration_in_seconds",
}

local function body_of(input)
  local body = json.ordered(BODY_KEYS, {})
  for _, key in ipairs(BODY_KEYS) do body[key] = input[key] end
  body.hardware = json.as_array { input.hardware }
  return body
end

return {
  name = "create_deployment",
  title = "Create deployment",
  description = "Creates a deployment from a ComfyUI workflow that is saved in the RunComfy cloud. It costs nothing while no instance "
    .. "runs; an instance is billed by the second from its wake-up through execution and keep-warm to its shut-down, and "
    .. "min_instances above 0 all the time: ask the user before setting that. Start with the defaults. LoRA deployments are made "
    .. "only in RunComfy's web UI. Next: get_deployment (include_payload=true), then submit_request.",
  input = {
    { "name", "string", "Name for people", min_length = 1 },
    { "workflow_id", "string", "UUID of the cloud-saved workflow, from RunComfy's web UI or another deployment of it",
      min_length = 1 },
    { "workflow_version", "string", "Version of the workflow", min_length = 1, examples = { "v1" } },
    { "hardware", "string", "GPU type, " .. deployment.HARDWARE_HINT .. ". More VRAM costs more by the second",
      enum = deployment.HARDWARE, default = "AMPERE_48" },
    table.unpack(scaling.parameters { min_instances = 0, max_instances = 1, queue_size = 1, keep_warm_duration_in_seconds = 60 }),
  },
  check = scaling.check,
  output = schema.result({ { "ok", shapes.OK }, { "deployment", shapes.COMPACT_DEPLOYMENT } }),
  annotations = { readOnlyHint = false, destructiveHint = true, idempotentHint = false, openWorldHint = false },
  leaves = "deployment",
  pretend = function(input, world) return { ok = true, deployment = world:create(input) } end,
  run = function(input, ctx)
    local answer, err = ctx.runcomfy:create_deployment(body_of(input))
    if not answer then return nil, err end
    ---@cast answer core.json.Raw
    return {
      text = answers.with_note(("Created deployment %s."):format(answers.word(answer, "id")), answer),
      data = { ok = true, deployment = deployment.compact(answer) },
    }
  end,
}
