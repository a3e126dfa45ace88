--- The ten tools against the simulator, on a clock that jumps: the test bed of their specs.

local accounts = require "lib.account"
local clock = require "lib.async.clock"
local json = require "core.json"
local parameters = require "lib.parameters"
local registry = require "lib.features.registry"
local simulator = require "lib.sim.server"

local M = {}

local current ---@type Account?

local Use = {}
Use.__index = Use

function Use:close()
  self.account:close()
  current = self.before
end
Use.__close = Use.close

--- The account of what is called from now on, until it is closed.
---@param options AccountOptions  default of the key: one that is good
---@return table use
function M.use(options)
  if options.key == nil then options.key = "key-0123456789" end
  options.key = options.key or nil
  local use = setmetatable({ account = assert(accounts.new(options)), before = current }, Use)
  current = use.account
  return use
end

---@return Account?
function M.account()
  return current
end

--- Its way to RunComfy.
---@return Client
function M.runcomfy()
  return current.runcomfy
end

--- Runs `fn(sim, time)` in a fiber with a fresh simulator as the API.
---@param options? { sim: table?, key: string|false|nil, queue_prefix: string?, cancel_remote: boolean? }
---@param fn fun(sim: table, time: table)
function M.with(options, fn)
  options = options or {}
  local time <close> = clock.virtual()
  local sim <close> = assert(simulator.start(options.sim))
  local _ <close> = M.use {
    key = options.key, base_url = sim.base_url, queue_prefix = options.queue_prefix,
    cancel_remote_on_client_cancel = options.cancel_remote,
  }
  time:run(fn, sim, time)
end

--- What a tool answered, as a client would see it: data decoded from its JSON.
---@class ToolAnswer
---@field ok boolean
---@field text string
---@field data table
---@field json string

local compiled, registered = {}, {}

-- In the order of its output schema, as the registry gives it.
local function answer_of(tool, result, err)
  registered[tool] = registered[tool] or assert(registry.compile(tool, { known = true }))
  if result then result, err = registry.finish(registered[tool], result, nil) end
  local data = result and result.data or err.data or { ok = false, error = err.message }
  local text = json.encode(data)
  return { ok = result ~= nil, text = result and result.text or err.message, data = json.decode(text), json = text }
end

--- A context of the account that is in use now, which keeps what the tool reports.
---@return table ctx  reports: { elapsed, total, message }[], lines: string[], leave(): the client leaves
function M.context()
  local ctx = { reports = {}, lines = {}, cancelled = false }
  function ctx:progress(progress, total, message) table.insert(self.reports, { progress, total, message }) end
  function ctx:on_draining(fn) self.drain = fn end
  function ctx:log(level, text) table.insert(self.lines, level .. ": " .. text) end
  return current and current:equip(ctx) or ctx
end

--- Calls a tool as the registry does.
---@param name string
---@param arguments? table
---@param ctx? table
---@return ToolAnswer
function M.call(name, arguments, ctx)
  local tool = require("tools." .. name)
  compiled[name] = compiled[name] or parameters.compile(tool.input)
  local input, err = compiled[name].check(arguments or {})
  if not input then return answer_of(tool, nil, err) end
  if tool.check then
    local ok, rule_err = tool.check(input)
    if not ok then return answer_of(tool, nil, rule_err) end
  end
  return answer_of(tool, tool.run(input, ctx or M.context()))
end

--- Makes the simulator answer the next matching request with this body.
---@param sim table
---@param body string
---@param rule? table  status (default 200), method, path, count, …
function M.answer_with(sim, body, rule)
  local fault = { kind = "text", status = 200, message = body }
  for key, value in pairs(rule or {}) do fault[key] = value end
  assert(sim:fault(fault))
end

M.NAMES = {
  "call_instance_proxy", "cancel_request", "create_deployment", "delete_deployment", "get_deployment", "get_request_result",
  "get_request_status", "list_deployments", "submit_request", "update_deployment",
}

--- Arguments with which each tool is well called.
M.GOOD = {
  call_instance_proxy = { deployment_id = "d", instance_id = "i", comfy_backend_path = "api/free" },
  cancel_request = { deployment_id = "d", request_id = "r" },
  create_deployment = { name = "n", workflow_id = "w", workflow_version = "v1" },
  delete_deployment = { deployment_id = "d" },
  get_deployment = { deployment_id = "d" },
  get_request_result = { deployment_id = "d", request_id = "r" },
  get_request_status = { deployment_id = "d", request_id = "r" },
  list_deployments = {},
  submit_request = { deployment_id = "d" },
  update_deployment = { deployment_id = "d", name = "n" },
}

return M
