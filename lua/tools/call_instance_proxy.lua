local answers = require "lib.runcomfy.answers"
local schema = require "lib.output_schema"
local shapes = require "lib.runcomfy.shapes"

return {
  name = "call_instance_proxy",
  title = "Call instance proxy",
  description = "POSTs to the ComfyUI of a live instance. api/free with {\"unload_models\":true,\"free_memory\":true} frees its VRAM "
    .. "(a little later); api/interrupt stops the running prompt; api/queue with {\"clear\":true} empties its queue. These answer "
    .. "with an empty body. Once the instance has gone, submit a request to get a new one. api/prompt goes past RunComfy's queue and "
    .. "its outputs are not stored: use submit_request for work.",
  input = {
    { "deployment_id", "string", "From list_deployments" },
    { "instance_id", "string", "From get_request_status of a request that is in_progress or just completed" },
    { "comfy_backend_path", "string", "ComfyUI's route, without a query", examples = { "api/free", "api/interrupt" } },
    { "request_body", "object", "JSON for ComfyUI; {} when left out", optional = true },
  },
  output = schema.result({ { "ok", shapes.OK }, { "response", schema.any("What ComfyUI answered: JSON or text, often empty") } }),
  annotations = { readOnlyHint = false, destructiveHint = true, idempotentHint = false, openWorldHint = true },
  leaves = "deployment",
  repeatable = function(input) return input.comfy_backend_path:find "^/*api/free$" ~= nil end,
  serves = { "job:proxy" },
  pretend = function() return { ok = true, response = "" } end,
  run = function(input, ctx)
    local answer, err = ctx.runcomfy:proxy(input.deployment_id, input.instance_id, input.comfy_backend_path, input.request_body)
    if not answer then return nil, err end
    return {
      text = answers.with_note(("Proxied %s on instance %s."):format(input.comfy_backend_path, input.instance_id), answer),
      data = { ok = true, response = answer },
    }
  end,
}
