local answers = require "lib.runcomfy.answers"
local learning = require "lib.runcomfy.learning"
local lifecycle = require "lib.runcomfy.lifecycle"
local schema = require "lib.output_schema"
local shapes = require "lib.runcomfy.shapes"

local REMARKS = {
  cancelled = "\nCancelling takes a moment: get_request_status says when it is done.",
  not_cancellable = "\nIt had already ended: get_request_result has what it made.",
  unknown = "\nRunComfy took the cancel without saying what became of it: get_request_status tells.",
}

return {
  name = "cancel_request",
  title = "Cancel request",
  description = "Cancels a request that waits or runs, so that it costs no more; the work done so far is lost. outcome: cancelled when "
    .. "RunComfy accepted it, not_cancellable when it had already ended. Cancelling twice does no harm.",
  input = {
    { "deployment_id", "string", "The deployment that runs it" },
    { "request_id", "string", "From submit_request" },
  },
  output = schema.result({
    { "ok", shapes.OK },
    { "cancel", schema.any("What the API answered") },
    { "outcome", schema.value("string", "cancelled, not_cancellable, or unknown") },
  }),
  annotations = { readOnlyHint = false, destructiveHint = true, idempotentHint = true, openWorldHint = true },
  repeatable = true,
  serves = { "job:cancel" },
  learn = learning.cancelled,
  pretend = function(input, world)
    local is_over = lifecycle.outcome(world:real_status(input.deployment_id, input.request_id)) ~= nil
    local outcome = is_over and "not_cancellable" or "cancelled"
    return { ok = true, cancel = { request_id = input.request_id, outcome = outcome }, outcome = outcome }
  end,
  run = function(input, ctx)
    local answer, err = ctx.runcomfy:cancel(input.deployment_id, input.request_id)
    if not answer then return nil, err end
    local outcome = lifecycle.cancel_outcome(answer)
    return {
      text = answers.with_note(("Cancel %s: %s.%s"):format(input.request_id, outcome, REMARKS[outcome] or ""), answer),
      data = { ok = true, cancel = answer, outcome = outcome },
    }
  end,
}
