local answers = require "lib.runcomfy.answers"
local brief = require "lib.runcomfy.brief"
local ending = require "lib.runcomfy.ending"
local learning = require "lib.runcomfy.learning"
local lifecycle = require "lib.runcomfy.lifecycle"
local outline = require "lib.runcomfy.outline"
local outputs = require "lib.runcomfy.outputs"
local results = require "lib.runcomfy.results"
local schema = require "lib.output_schema"
local shapes = require "lib.runcomfy.shapes"

-- A poll of a wait is one try: the wait makes the next.
local function read(input, ctx)
  if ctx.poll then return results.once(ctx.runcomfy, input.deployment_id, input.request_id, ctx.poll) end
  return results.read(ctx.runcomfy, input.deployment_id, input.request_id, ctx.answer_by)
end

return {
  name = "get_request_result",
  title = "Get request result",
  description = "Fetches what a request made, once get_request_status says completed: output_urls, one entry a file. The URLs work "
    .. "for 7 days: tell the user, or download them. Text and other outputs without a URL stand in result.outputs. A failed or "
    .. "cancelled request is an error that carries RunComfy's explanation. Costs nothing.",
  input = {
    { "deployment_id", "string", "The deployment that runs it" },
    { "request_id", "string", "From submit_request" },
  },
  output = schema.result({ { "ok", shapes.OK }, { "output_urls", shapes.OUTPUT_URLS },
    { "note", shapes.NOTE, optional = true }, { "result", shapes.RESULT } }),
  annotations = { readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = false },
  serves = { "job:result", "job:wait" },
  learn = learning.result,
  pretend = function(input, world)
    return { ok = true, result = world:result(input.request_id), output_urls = world:output_urls(input.request_id) }
  end,
  run = function(input, ctx)
    local result, err = read(input, ctx)
    if not result then return nil, err end
    local status = answers.word(result, "status")
    local outcome = lifecycle.outcome(status)
    local text = ("Result for %s: %s."):format(input.request_id, status)
    local data = { result = result, output_urls = outputs.urls(result), note = answers.note(result) }
    if lifecycle.is_unsuccessful(outcome) then
      data.deployment_id, data.request_id = input.deployment_id, input.request_id
      return nil, ending.error(text, outcome --[[@as "failed"|"cancelled"]], data)
    end
    data.ok = true
    return {
      brief = brief.of,
      outline = function() return outline.files(data.output_urls) end,
      text = answers.with_note(text .. ending.remark(outcome, result, data.output_urls), result),
      data = data,
    }
  end,
}
