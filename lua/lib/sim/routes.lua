--- The endpoints: from method, path and body to an answer.

local answers = require "lib.sim.answers"
local codec = require "core.codec"
local instances = require "lib.sim.instances"
local jobs = require "lib.sim.jobs"
local json = require "core.json"
local nodes = require "lib.sim.nodes"
local problems = require "lib.sim.problems"
local proxy = require "lib.sim.proxy"
local storage = require "lib.sim.storage"
local webhooks = require "lib.sim.webhooks"

local M = {}

---@class sim.Call
---@field sim sim.Server
---@field method string
---@field headers table<string, string>
---@field text string                     the body as received
---@field query table<string, string[]>   decoded, repeated names kept
---@field arg table<string, string>       the variable parts of the path, decoded

---@alias sim.Handler fun(call: sim.Call): sim.Answer|nil, sim.Problem?

local function set_of(list)
  if not list then return nil end
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

-- The decoded body; FastAPI's complaint where it is none.
local function body_of(call)
  if call.text == "" then
    return nil, problems.unprocessable(json.as_array { problems.entry(json.as_array { "body" }, "Field required", "missing") })
  end
  local value, message = json.decode(call.text)
  if message then
    return nil, problems.unprocessable(json.as_array {
      problems.entry(json.as_array { "body" }, "JSON decode error: " .. message, "json_invalid") })
  end
  if not (call.headers["content-type"] or ""):find("^application/json") then
    return nil, problems.unprocessable(json.as_array {
      problems.entry(json.as_array { "body" }, "Input should be a valid dictionary (Content-Type is not JSON)", "model_attributes_type") })
  end
  return value
end

local function list_deployments(call)
  local list, includes = json.as_array {}, set_of(call.query.includes) or {}
  for _, deployment in ipairs(call.sim.model:list(set_of(call.query.ids))) do
    list[#list + 1] = answers.deployment(call.sim, deployment, includes)
  end
  return answers.json(200, call.sim.options.list_form == "wrapped" and { deployments = list } or list)
end

local function get_deployment(call)
  local deployment, problem = call.sim.model:find(call.arg.deployment)
  if not deployment then return nil, problem end
  return answers.json(200, answers.deployment(call.sim, deployment, set_of(call.query.includes) or {}))
end

-- What the service answers to POST and PATCH carries the graph, asked or not.
local FULL = { payload = true }

local function create_deployment(call)
  local body, problem = body_of(call)
  if problem then return nil, problem end
  local deployment
  deployment, problem = call.sim.model:create(body)
  if not deployment then return nil, problem end
  return answers.json(201, answers.deployment(call.sim, deployment, FULL))
end

local function update_deployment(call)
  local deployment, problem = call.sim.model:find(call.arg.deployment)
  if not deployment then return nil, problem end
  local body
  body, problem = body_of(call)
  if problem then return nil, problem end
  deployment, problem = call.sim.model:update(deployment, body)
  if not deployment then return nil, problem end
  return answers.json(200, answers.deployment(call.sim, deployment, FULL))
end

local function delete_deployment(call)
  local deployment, problem = call.sim.model:find(call.arg.deployment)
  if not deployment then return nil, problem end
  call.sim.model:delete(deployment)
  if call.sim.options.delete_form == "object" then return answers.json(200, { id = deployment.id, deleted = true }) end
  return { status = 204, headers = {}, body = "" }
end

local function complain(field, msg, kind)
  return problems.validation(json.as_array { problems.entry(json.as_array { "body", field }, msg, kind) })
end

local function is_object(value)
  return type(value) == "table" and getmetatable(value) ~= json.array
end

local function value_of(value)
  if value == json.null then return nil end
  return value
end

-- The webhook that a submit asks for, by query or (the older form) by body.
local function webhook_of(call, body)
  local url = (call.query.webhook or {})[1] or value_of(body.webhook)
  if url == nil then return nil end
  if not webhooks.is_address(url) then return nil, complain("webhook", "Input should be a valid https URL", "url_parsing") end
  local flag = (call.query.webhook_intermediate_status or {})[1] or tostring(body.webhook_intermediate_status)
  return call.sim.webhooks:listener(url, flag:lower() == "true")
end

local function submit(call)
  local deployment, problem = call.sim.model:find_any(call.arg.deployment)
  if not deployment then return nil, problem end
  local body
  body, problem = body_of(call)
  if problem then return nil, problem end
  if not is_object(body) then return nil, complain(nil, "Input should be a valid dictionary", "dict_type") end
  local extra = value_of(body.extra_data)
  if extra ~= nil and not is_object(extra) then
    return nil, complain("extra_data", "Input should be a valid dictionary", "dict_type")
  end
  local listener
  listener, problem = webhook_of(call, body)
  if problem then return nil, problem end
  local request
  request, problem = jobs.submit(call.sim.model, deployment, body, listener)
  if not request then return nil, problem end
  return answers.json(200, answers.submission(call.sim, call.arg.version, request))
end

local function find_request(call)
  local deployment, problem = call.sim.model:find_any(call.arg.deployment)
  if not deployment then return nil, problem end
  return jobs.find(call.sim.model, deployment.id, call.arg.request)
end

local function status(call)
  local request, problem = find_request(call)
  if not request then return nil, problem end
  return answers.json(200, answers.status(call.sim, call.arg.version, request))
end

local function result(call)
  local request, problem = find_request(call)
  if not request then return nil, problem end
  return answers.json(200, answers.result(call.sim, request))
end

local function cancel(call)
  local request, problem = find_request(call)
  if not request then return nil, problem end
  local accepted = jobs.cancel(call.sim.model, request)
  return answers.json(202, answers.cancel(call.sim, request, accepted))
end

-- What ComfyUI gets: no body is an empty object.
local function proxy_body(call)
  if call.text == "" then return {} end
  local value, message = json.decode(call.text)
  if message or not is_object(value) then return nil end
  return value
end

local function call_proxy(call)
  local deployment, problem = call.sim.model:find(call.arg.deployment)
  if not deployment then return nil, problem end
  local instance = instances.find(deployment, call.arg.instance)
  if not instance then
    return nil, problems.new(404, 404001, ("Instance %s is not running"):format(call.arg.instance))
  end
  local body = proxy_body(call)
  if not body then return answers.text(400, "400: Bad Request") end
  return proxy.answer({ sim = call.sim, deployment = deployment, instance = instance, body = body, query = call.query,
                        rest = call.arg.rest }, call.method)
end

local function object_info(call)
  local deployment, problem = call.sim.model:find(call.arg.deployment)
  if not deployment then return nil, problem end
  return answers.json(200, nodes.object_info())
end

local function balance(call)
  local usd = call.sim.model.balance
  return answers.json(200, json.ordered({ "balance_usd", "balance_microdollars", "currency" },
    { balance_usd = usd, balance_microdollars = math.floor(usd * 1e6 + 0.5), currency = "USD" }))
end

local function output_file(call)
  return storage.answer(call.sim, call.headers, call.arg.request, call.arg.kind, call.arg.rest)
end

-- ":name" is one segment, "*rest" all that follow.
local ROUTES = {
  { "/prod/v2/deployments", { GET = list_deployments, POST = create_deployment } },
  { "/prod/v2/deployments/:deployment", { GET = get_deployment, PATCH = update_deployment, DELETE = delete_deployment } },
  { "/prod/v2/deployments/:deployment/object_info", { GET = object_info } },
  { "/prod/v2/deployments/:deployment/instances/:instance/proxy/*rest", { GET = call_proxy, POST = call_proxy } },
  { "/prod/v2/balance", { GET = balance } },
  { "/deployment_requests/:request/:kind/*rest", { GET = output_file }, public = true },
}
for _, version in ipairs { "v1", "v2" } do
  local base = "/prod/" .. version .. "/deployments/:deployment"
  for path, methods in pairs {
    ["/inference"] = { POST = submit },
    ["/requests/:request/status"] = { GET = status },
    ["/requests/:request/result"] = { GET = result },
    ["/requests/:request/cancel"] = { POST = cancel },
  } do
    table.insert(ROUTES, { base .. path, methods, version = version })
  end
end

local function segments(path)
  local list = {}
  for segment in path:gmatch("/([^/]*)") do list[#list + 1] = segment end
  return list
end
for _, route in ipairs(ROUTES --[[@as table[] ]]) do route.segments = segments(route[1]) end

-- The variable parts of a path that a route fits; nil where it does not.
local function fit(route, parts)
  local arg = { version = route.version }
  for at, expected in ipairs(route.segments) do
    local part = parts[at]
    local kind, name = expected:match("^([:*])(.+)$")
    if kind == "*" then
      arg[name] = codec.percent_decode(table.concat(parts, "/", math.min(at, #parts + 1)))
      return arg[name] and arg[name] ~= "" and arg or nil
    elseif kind == ":" then
      arg[name] = part and part ~= "" and codec.percent_decode(part)
      if not arg[name] then return nil end
    elseif part ~= expected then
      return nil
    end
  end
  return #parts == #route.segments and arg or nil
end

-- A query string, names and values decoded; a name may come more than once.
local function parse_query(text)
  local query = {}
  for pair in text:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    name, value = codec.percent_decode((name:gsub("%+", " "))), codec.percent_decode((value:gsub("%+", " ")))
    if name and value then
      query[name] = query[name] or {}
      table.insert(query[name], value)
    end
  end
  return query
end

local function authorized(sim, headers)
  return sim.options.key == nil or headers.authorization == "Bearer " .. sim.options.key
end

local function answer_problem(sim, problem)
  return answers.problem(problem, sim.options.error_form)
end

--- Answers a request.
---@param sim sim.Server
---@param request { method: string, path: string, query: string, headers: table<string, string>, body: string }
---@return sim.Answer
function M.answer(sim, request)
  local parts, found = segments(request.path), nil
  for _, route in ipairs(ROUTES) do
    local arg = fit(route, parts)
    found = arg and { route = route, arg = arg }
    if found then break end
  end
  if not found then return answers.json(404, { detail = "Not Found" }) end
  if not found.route.public and not authorized(sim, request.headers) then
    return answer_problem(sim, problems.new(401, 401001, "Unauthorized: the token is missing, invalid or expired."))
  end
  local handler = found.route[2][request.method]
  if not handler then return answers.json(405, { detail = "Method Not Allowed" }) end
  local answer, problem = handler { sim = sim, method = request.method, headers = request.headers, text = request.body,
                                    query = parse_query(request.query), arg = found.arg }
  return answer or answer_problem(sim, problem)
end

return M
