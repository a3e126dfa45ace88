-- Does the work of four tools and nothing else: floor/lua.c calls receive(line) and offers fetch, nap, send.
local cjson = require "cjson"

local base = os.getenv "RUNCOMFY_SERVERLESS_BASE_URL"
local running = coroutine.running

local function get(path, post)
  local co = running()
  fetch(base .. path, post, function(status, body) assert(coroutine.resume(co, status, body)) end)
  local status, body = coroutine.yield()
  assert(status == 200, body)
  return cjson.decode(body)
end

local function job_path(deployment, request, what)
  return "/prod/v1/deployments/" .. deployment .. "/requests/" .. request .. "/" .. what
end

local tools = {}

function tools.get_request_status(input)
  local status = get(job_path(input.deployment_id, input.request_id, "status"))
  return "Request " .. input.request_id .. ": " .. status.status .. ".", { ok = true, status = status }
end

function tools.get_deployment(input)
  local deployment = get("/prod/v2/deployments/" .. input.deployment_id .. "?includes=payload")
  return "Loaded deployment " .. input.deployment_id .. ".", { ok = true, deployment = deployment }
end

function tools.submit_request(input)
  local id = input.deployment_id
  local submission = get("/prod/v1/deployments/" .. id .. "/inference", cjson.encode { overrides = input.overrides })
  local co = running()
  while true do
    local status = get(job_path(id, submission.request_id, "status"))
    if status.status == "completed" then
      local result = get(job_path(id, submission.request_id, "result"))
      return "Request " .. submission.request_id .. " finished.",
        { ok = true, submission = submission, deployment_id = id, status = status, result = result }
    end
    nap(function() assert(coroutine.resume(co)) end)
    coroutine.yield()
  end
end

local function call(message)
  local text, data = tools[message.params.name](message.params.arguments)
  send(cjson.encode { jsonrpc = "2.0", id = message.id,
    result = { content = { { type = "text", text = text } }, structuredContent = data } } .. "\n")
end

function receive(line)
  local message = cjson.decode(line)
  if message.method == "tools/call" then assert(coroutine.resume(coroutine.create(call), message)) end
end
