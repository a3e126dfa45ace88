--- Schemas of what the API answers, for the output schemas of the tools.

local schema = require "lib.output_schema"

local M = {}

local any, list, nullable, object, value = schema.any, schema.list, schema.nullable, schema.object, schema.value

local function optional(name, field)
  return { name, field, optional = true }
end

local DEPLOYMENT_FIELDS = {
  { "id", nullable("string", "The deployment_id that the other tools take") },
  { "name", nullable("string", "Name for people") },
  { "workflow_id", nullable("string", "The workflow that it runs; null for LoRA deployments") },
  { "workflow_version", nullable("string", "Version of the workflow, such as v1") },
  { "hardware", any("GPU type: a list of one name") },
  { "min_instances", nullable("integer", "Instances that are always on; billed all the time while above 0") },
  { "max_instances", nullable("integer", "Most instances at once") },
  { "queue_size", nullable("integer", "Waiting requests an instance before another one is started") },
  { "keep_warm_duration_in_seconds", nullable("integer", "Seconds that an idle instance stays on, and is billed") },
  { "status", nullable("string", "State of the deployment, such as standby") },
  { "is_enabled", nullable("boolean", "false: paused, requests are refused") },
  { "created_at", nullable("string", "When it was created, ISO 8601") },
  { "updated_at", nullable("string", "When it was last changed, ISO 8601") },
}

--- The 13 fields, all there.
M.COMPACT_DEPLOYMENT = object("The deployment's fields, null where the API gives none", DEPLOYMENT_FIELDS)

--- As the API gives it: any field may be missing.
M.DEPLOYMENT = (function()
  local fields = {}
  for i, field in ipairs(DEPLOYMENT_FIELDS) do fields[i] = optional(field[1], field[2]) end
  fields[#fields + 1] = optional("payload", any("With include_payload: workflow_api_json, overrides, object_info_url"))
  fields[#fields + 1] = optional("readme", any("With include_readme: its README, Markdown"))
  return object("The deployment as the API gives it", fields)
end)()

M.SUBMISSION = object("What the API answered to the submit", {
  optional("request_id", nullable("string", "The id of the request, for get_request_status, get_request_result and cancel_request")),
  optional("status_url", any("URL of the status")), optional("result_url", any("URL of the result")),
  optional("cancel_url", any("URL to cancel it")),
})

M.STATUS = object("What the API answered about the state of the request", {
  optional("request_id", nullable("string", "The id of the request")),
  optional("status", nullable("string", "in_queue, in_progress, completed or cancelled; completed does not say whether it succeeded")),
  optional("queue_position", any("Place in the queue while in_queue")),
  optional("instance_id", any("The instance that runs it, for call_instance_proxy")),
})

M.RESULT = object("What the API answered about the end of the request", {
  optional("request_id", nullable("string", "The id of the request")),
  optional("status", nullable("string", "succeeded, failed or cancelled")),
  optional("outputs", any("By node id and channel (images, gifs, videos, text, …): lists of outputs")),
  optional("error", any("Why it failed")),
  optional("created_at", any("When it was submitted, ISO 8601")),
  optional("finished_at", any("When it ended, ISO 8601")),
})

M.OUTPUT_URLS = list("Every output file; the URLs work for 7 days", object(nil, {
  { "node_id", value("string", "The node that made it") },
  { "channel", value("string", "images, gifs, videos, audio, …") },
  { "url", any("Where to download it") },
  { "filename", any("Its name") },
  { "subfolder", any("Its folder") },
  { "type", any("output: saved by the workflow; temp: a preview") },
}))

M.OK = value("boolean", "true")

return M
