local deployment = require "lib.runcomfy.deployment"
local answers = require "lib.runcomfy.answers"
local includes = require "lib.runcomfy.includes"
local json = require "core.json"
local outline = require "lib.runcomfy.outline"
local schema = require "lib.output_schema"
local shapes = require "lib.runcomfy.shapes"

-- A bare list, or one wrapped in an object.
local function list_of(answer)
  if type(answer) ~= "string" then
    if answer:kind() == "array" then return answer end
    local wrapped = answer:kind() == "object" and answer:get "deployments"
    if wrapped and wrapped:kind() == "array" then return wrapped end
  end
  return nil, answers.unexpected(answer, "a list of deployments")
end

local function compacted(list)
  local items = json.as_array {}
  for _, item in list:pairs() do items[#items + 1] = deployment.compact(item) end
  return items, #items
end

local function counted(list)
  local count = 0
  for _ in list:pairs() do count = count + 1 end
  return list, count
end

return {
  name = "list_deployments",
  title = "List deployments",
  description = "Lists the account's RunComfy Serverless deployments: ComfyUI workflows that run on cloud GPUs. Start here: the other "
    .. "tools take an id of these as deployment_id. Costs nothing. is_enabled=false means paused; min_instances above 0 means billed "
    .. "all the time. Next: get_deployment (include_payload=true) tells what can be changed.",
  input = {
    { "ids", "array", "Only these", items = "string", optional = true },
    { "include_payload", "boolean", "Also the workflow graphs and saved overrides: large, prefer get_deployment", default = false },
    { "include_readme", "boolean", "Also the READMEs (Markdown)", default = false },
  },
  output = schema.result({
    { "ok", shapes.OK },
    { "deployments", schema.list("The deployments: 13 fields each, or all that the API gives with an include flag", shapes.DEPLOYMENT) },
  }),
  annotations = { readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = false },
  amend = function(data, world)
    if type(data.deployments) == "table" then data.deployments = world:all(data.deployments) end
  end,
  run = function(input, ctx)
    local wanted = includes.of(input)
    local answer, err = ctx.runcomfy:list_deployments { ids = input.ids, includes = wanted }
    if not answer then return nil, err end
    local list, list_err = list_of(answer)
    if not list then return nil, list_err end
    local deployments, count = (wanted and counted or compacted)(list)
    return {
      outline = function() return outline.deployments(deployments --[[@as table[] ]], wanted == nil) end,
      text = answers.with_note(("Found %d deployment(s)."):format(count), answer),
      data = { ok = true, deployments = deployments },
    }
  end,
}
