local answers = require "lib.runcomfy.answers"
local deployment = require "lib.runcomfy.deployment"
local json = require "core.json"
local parameters = require "lib.parameters"
local scaling = require "lib.runcomfy.scaling"
local schema = require "lib.output_schema"
local shapes = require "lib.runcomfy.shapes"

local BODY_KEYS = {
  "name", "workflow_version", "hardware", "min_instances", "max_instances", "queue_size", "keep_warm_duration_in_seconds",
  "is_enabled",
}

local function input_list()
  local list = {
    { "deployment_id", "string", "From list_deployments" },
    { "name", "string", "New name", optional = true, min_length = 1 },
    { "workflow_version", "string", "New version of the workflow", optional = true, min_length = 1, examples = { "v2" } },
    { "hardware", "string", "New GPU type, " .. deployment.HARDWARE_HINT, enum = deployment.HARDWARE, optional = true },
  }
  table.move(scaling.parameters(), 1, 4, #list + 1, list)
  list[#list + 1] = { "is_enabled", "boolean", "true: resume; false: pause, which fails all requests at once", optional = true }
  return list
end

local function check(input)
  for _, key in ipairs(BODY_KEYS) do
    if input[key] ~= nil then return scaling.check(input) end
  end
  return nil, parameters.invalid("deployment_id", "No fields supplied to update.")
end

local function integer_of(object, key)
  return math.tointeger(object:value(key))
end

-- The API refuses a PATCH without a name, so the present one is sent along.  Loading it also tells the
-- other end of the range when only one is changed.
local function complete(runcomfy, input, body)
  local answer, err = runcomfy:get_deployment(input.deployment_id)
  if not answer then return nil, err end
  local object, object_err = answers.object(answer, "a deployment")
  if not object then return nil, object_err end
  body.name = object:get "name"
  if not body.name then return nil, answers.unexpected(answer, "a deployment with a name") end
  if not (input.min_instances or input.max_instances) then return true end
  return scaling.check {
    min_instances = input.min_instances or integer_of(object, "min_instances"),
    max_instances = input.max_instances or integer_of(object, "max_instances"),
  }
end

local function body_of(input)
  local body = json.ordered(BODY_KEYS, {})
  for _, key in ipairs(BODY_KEYS) do body[key] = input[key] end
  body.hardware = input.hardware and json.as_array { input.hardware }
  return body
end

-- Whether a deployment has what it was to be given.
local function has(object, body)
  for _, key in ipairs(BODY_KEYS) do
    local part = body[key] ~= nil and object:get(key)
    if part == nil or part and json.encode(part:value()) ~= json.encode(body[key]) then return false end
  end
  return true
end

-- An answer that does not show the deployment leaves open whether it was changed: what it is now tells.
local function look(runcomfy, id, body, err)
  local object = answers.object(runcomfy:get_deployment(id) or "", "a deployment")
  if object and has(object, body) then return object end
  return nil, err
end

local function update(runcomfy, id, body)
  local answer, err = runcomfy:update_deployment(id, body)
  if answer then return answer end
  if err.code == "unexpected_answer" then return look(runcomfy, id, body, err) end
  return nil, err
end

return {
  name = "update_deployment",
  title = "Update deployment",
  description = "Changes a deployment: give only what shall change. is_enabled=false pauses it and fails all its requests at once, "
    .. "running ones included: let them finish first (get_request_status). is_enabled=true resumes it. A new hardware or "
    .. "workflow_version is rolled out: running instances finish on the old one. min_instances above 0 is billed all the time: ask "
    .. "the user first, and set it back to 0 afterwards.",
  input = input_list(),
  check = check,
  output = schema.result({ { "ok", shapes.OK }, { "deployment", shapes.COMPACT_DEPLOYMENT } }),
  annotations = { readOnlyHint = false, destructiveHint = true, idempotentHint = false, openWorldHint = false },
  leaves = "deployment",
  repeatable = true,
  refuses = function(...) return require("lib.runcomfy.refusals").of_update(...) end,
  pretend = function(input, world) return { ok = true, deployment = world:change(input.deployment_id, input) } end,
  run = function(input, ctx)
    local body = body_of(input)
    if input.name == nil then
      local ok, err = complete(ctx.runcomfy, input, body)
      if not ok then return nil, err end
    end
    local object, err = update(ctx.runcomfy, input.deployment_id, body)
    if not object then return nil, err end
    return {
      text = answers.with_note(("Updated deployment %s."):format(input.deployment_id), object),
      data = { ok = true, deployment = deployment.compact(object) },
    }
  end,
}
