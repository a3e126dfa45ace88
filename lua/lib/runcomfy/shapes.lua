--- Schemas of what the API answers, for the output schemas of the tools.
---
--- They describe it and type nothing: official clients check answers against the schema and throw away one that breaks it,
--- so a numeric request_id would cost a paid answer.  Only what a tool makes itself has a type.

local schema = require "lib.output_schema"

local M = {}

local any, forwarded, list, object, value = schema.any, schema.forwarded, schema.list, schema.object, schema.value

local DEPLOYMENT_FIELDS = {
  { "id", any("The deployment_id that the other tools take") },
  { "name", any("Name for people") },
  { "workflow_id", any("The workflow that it runs; null for LoRA deployments") },
  { "workflow_version", any("Version of the workflow, such as v1") },
  { "hardware", any("GPU type: a list of one name") },
  { "min_instances", any("Instances that are always on; billed all the time while above 0") },
  { "max_instances", any("Most instances at once") },
  { "queue_size", any("Waiting requests an instance before another one is started") },
  { "keep_warm_duration_in_seconds", any("Seconds that an idle instance stays on, and is billed") },
  { "status", any("State of the deployment, such as standby") },
  { "is_enabled", any("false: paused, requests are refused") },
  { "created_at", any("When it was created, ISO 8601") },
  { "updated_at", any("When it was last changed, ISO 8601") },
}

--- The 13 fields, all there.
M.COMPACT_DEPLOYMENT = object("The deployment's fields, null where the API gives none", DEPLOYMENT_FIELDS)

--- As the API gives it: any field may be missing.
M.DEPLOYMENT = (function()
  local fields = {}
  for i, field in ipairs(DEPLOYMENT_FIELDS) do fields[i] = field end
  fields[#fields + 1] = { "payload", any("With include_payload: workflow_api_json, overrides, object_info_url") }
  fields[#fields + 1] = { "readme", any("With include_readme: its README, Markdown") }
  return forwarded("The deployment as the API gives it", fields)
end)()

M.SUBMISSION = forwarded("What the API answered to the submit", {
  { "request_id", any("The id of the request, for get_request_status, get_request_result and cancel_request") },
  { "status_url", any("URL of the status") }, { "result_url", any("URL of the result") },
  { "cancel_url", any("URL to cancel it") },
})

M.STATUS = forwarded("What the API answered about the state of the request", {
  { "request_id", any("The id of the request") },
  { "status", any("in_queue, in_progress, completed or cancelled; completed does not say whether it succeeded") },
  { "queue_position", any("Place in the queue while in_queue") },
  { "instance_id", any("The instance that runs it, for call_instance_proxy") },
})

M.RESULT = forwarded("What the API answered about the end of the request", {
  { "request_id", any("The id of the request") },
  { "status", any("succeeded, failed or cancelled") },
  { "outputs", any("By node id and channel (images, gifs, videos, text, …): lists of outputs") },
  { "error", any("Why it failed") },
  { "created_at", any("When it was submitted, ISO 8601") },
  { "finished_at", any("When it ended, ISO 8601") },
})

M.OUTPUT_URLS = list("Every output file; the URLs work for 7 days", object(nil, {
  { "node_id", value("string", "The node that made it") },
  { "channel", value("string", "images, gifs, videos, audio, …") },
  { "url", any("Where to download it") },
  { "filename", any("Its name") },
  { "subfolder", any("Its folder") },
  { "type", any("output: saved by the workflow; temp: a preview") },
}))

M.NOTE = value("string", "Where the result was repaired or is not whole: what of it")

M.OK = value("boolean", "true")

return M
