local answers = require "lib.runcomfy.answers"
local learning = require "lib.runcomfy.learning"
local results = require "lib.runcomfy.results"
local schema = require "lib.output_schema"
local shapes = require "lib.runcomfy.shapes"

return {
  name = "get_request_status",
  title = "Get request status",
  description = "Tells where a request stands: in_queue (with queue_position) > in_progress (with instance_id, for "
    .. "call_instance_proxy) > completed, or cancelled. Costs nothing. A first request after a pause takes 3 to 5 minutes (cold "
    .. "start): ask every few seconds, not in a tight loop. completed says only that the run has ended; get_request_result tells "
    .. "whether it succeeded.",
  input = {
    { "deployment_id", "string", "The deployment that runs it" },
    { "request_id", "string", "From submit_request" },
  },
  output = schema.result({ { "ok", shapes.OK }, { "status", shapes.STATUS } }),
  annotations = { readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = false },
  serves = { "job:status", "job:wait" },
  learn = learning.status,
  pretend = function(input, world) return { ok = true, status = world:status(input.request_id) } end,
  run = function(input, ctx)
    local answer, err = ctx.runcomfy:status(input.deployment_id, input.request_id, ctx.poll)
    answer = answer or results.part_of_status(err)
    if not answer then return nil, err end
    local status, object_err = answers.object(answer, "a status")
    if not status then return nil, object_err end
    return {
      text = answers.with_note(("Request %s: %s."):format(input.request_id, answers.word(status, "status")), status),
      data = { ok = true, status = status },
    }
  end,
}
