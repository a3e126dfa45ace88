local answers = require "lib.runcomfy.answers"
local json = require "core.json"
local learning = require "lib.runcomfy.learning"
local parameters = require "lib.parameters"
local paths = require "lib.runcomfy.paths"
local schema = require "lib.output_schema"
local shapes = require "lib.runcomfy.shapes"
local submission = require "lib.runcomfy.submission"

local function is_empty(value)
  return type(value) == "table" and next(value) == nil
end

-- Some clients fill in every field: what is empty asks for nothing.  A graph that does nothing is none.
local function drop_empty(input)
  for _, name in ipairs { "overrides", "workflow_api_json", "extra_data" } do
    if is_empty(input[name]) then input[name] = nil end
  end
  if input.webhook_intermediate_status == false and not input.webhook_url then input.webhook_intermediate_status = nil end
end

local READERS = { { "overrides", "lib.runcomfy.overrides" }, { "workflow_api_json", "lib.runcomfy.workflows" } }

-- Puts the graphs into their documented shape.
local function read_graphs(input)
  for _, entry in ipairs(READERS) do
    local name, reader = entry[1], entry[2]
    if input[name] then
      local graph, problem = require(reader).read(input[name]) -- loaded when there is a graph: a start has none
      if not graph then return nil, parameters.invalid(name, problem) end
      input[name] = graph
    end
  end
  return true
end

local function check(input)
  local ok, err = read_graphs(input)
  if not ok then return nil, err end
  drop_empty(input)
  if input.overrides and input.workflow_api_json then
    return nil, parameters.invalid("workflow_api_json", "Fields 'overrides' and 'workflow_api_json' exclude each other: overrides "
      .. "change the deployment's own workflow, workflow_api_json replaces it. Give one of them. Nothing was sent.")
  end
  if input.webhook_intermediate_status ~= nil and not input.webhook_url then
    return nil, parameters.invalid("webhook_intermediate_status",
      "Field 'webhook_intermediate_status' needs 'webhook_url'. Nothing was sent.")
  end
  if input.webhook_url then return paths.check_webhook(input.webhook_url) end
  return true
end

local function answer(job, input, ctx)
  if input.wait_for_completion then return submission.follow(job, tonumber(tostring(input.timeout_seconds)) --[[@as number]], ctx) end
  return {
    text = answers.with_note(("Submitted request %s."):format(job.request_id), job.submission),
    data = { ok = true, submission = job.submission, deployment_id = job.deployment_id },
  }
end

return {
  name = "submit_request",
  title = "Submit request",
  description = "Runs a deployment's workflow on a cloud GPU. This costs money: GPU seconds from wake-up to shut-down. First call "
    .. "get_deployment (include_payload=true) for node ids and input names. Files go in as public URLs or data URIs "
    .. "(data:image/png;base64,…) where the node expects a file name. Answers at once with a request_id, to follow with "
    .. "get_request_status and get_request_result; with wait_for_completion=true it waits and answers with the outputs. A first run "
    .. "after a pause takes 3 to 5 minutes. A wait that ends early (pending=true) leaves the job running: go on with "
    .. "get_request_status, never submit the same again. A run in which nothing differs from the one before may end without outputs: "
    .. "that run's result has them.",
  input = {
    { "deployment_id", "string", "From list_deployments" },
    { "overrides", "object", "What to change in the deployment's workflow, by node id. Not together with workflow_api_json; "
      .. "without both the saved defaults run", optional = true,
      examples = { json.decode '{"6":{"inputs":{"text":"a city at dusk"}},"31":{"inputs":{"seed":42}}}' } },
    { "workflow_api_json", "object", "Advanced: a whole workflow in ComfyUI's API format to run instead; its nodes and models must exist "
      .. "in the deployment", optional = true },
    { "extra_data", "object", "For ComfyUI partner nodes: {\"api_key_comfy_org\":\"comfyui-…\"}", optional = true, secret = true },
    { "webhook_url", "string", "Public https URL that RunComfy calls at the end", optional = true, min_length = 1 },
    { "webhook_intermediate_status", "boolean", "Also at every change of status", optional = true },
    { "wait_for_completion", "boolean", "Wait for the end and answer with the result", default = false },
    { "timeout_seconds", "integer", "Longest wait; 0: look once. The job goes on after it", default = 300 },
  },
  check = check,
  output = schema.result({
    { "ok", shapes.OK },
    { "pending", schema.value("boolean", "true: the wait has ended before the job; it still runs"), optional = true },
    { "submission", shapes.SUBMISSION },
    { "deployment_id", schema.value("string", "The deployment that runs it") },
    { "output_urls", shapes.OUTPUT_URLS, optional = true },
    { "note", shapes.NOTE, optional = true },
    { "status", schema.any("After a wait: the last status (request_id, status, queue_position, instance_id); null if none was seen"),
      optional = true },
    { "result", schema.any("After a wait for the end: the result (status, outputs, error)"), optional = true },
  }),
  annotations = { readOnlyHint = false, destructiveHint = true, idempotentHint = false, openWorldHint = true },
  risk = "costs",
  leaves = "request",
  grants = { "get_request_status", "get_request_result", "cancel_request" },
  refuses = function(...) return require("lib.runcomfy.refusals").of_request(...) end,
  serves = { "rc.submit" },
  learn = learning.submitted,
  pretend = function(input, world)
    local id = world:submit()
    local data = { ok = true, deployment_id = input.deployment_id, submission = { request_id = id } }
    if input.wait_for_completion then
      data.pending, data.status, data.result, data.output_urls = false, world:status(id), world:result(id), world:output_urls(id)
    end
    return data
  end,
  run = function(input, ctx)
    local job, err = submission.submit(input, ctx)
    if not job then return nil, err end
    return submission.naming(job, answer, job, input, ctx)
  end,
}
