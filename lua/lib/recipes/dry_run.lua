--- A dry run: the recipe runs as it is, what only reads is asked for real, what would change or cost something
--- is taken down and answered with the recipe's own samples, or with made-up data.

local errors = require "lib.errors"
local json = require "lib.json"
local made_up = require "lib.recipes.made_up"
local pricing = require "lib.runcomfy.pricing"
local registry = require "lib.mcp.registry"

local M = {}

---@class PlannedCall
---@field tool string
---@field input table
---@field risk "costs"|"destroys"|"changes"|"harmless"
---@field answer "sample"|"made up"

---@class Estimate  for one deployment; the runs' own time is not known beforehand
---@field deployment_id string
---@field requests integer
---@field hardware? string
---@field keep_warm_seconds? integer
---@field max_seconds_beside_runs? integer  cold start and keep-warm of one instance
---@field dollars_per_hour? number
---@field max_dollars_beside_runs? number
---@field dollars_per_run_second? number

---@class DryRun
---@field calls PlannedCall[]
---@field reads integer
---@field package made MadeUp
---@field package find fun(name: string): Tool?
---@field package is_recipe fun(name: string): boolean
---@field package deployments table<string, { requests: integer, data: table? }>
---@field package order string[]
---@field package seen table<string, table|false>  deployments that are real, as they are
local DryRun = {}
DryRun.__index = DryRun

---@param options { find: (fun(name: string): Tool?), is_recipe: fun(name: string): boolean }
---@return DryRun
function M.new(options)
  return setmetatable({
    calls = {}, reads = 0, made = made_up.new(), find = options.find, is_recipe = options.is_recipe,
    deployments = {}, order = {}, seen = {},
  }, DryRun)
end

local function hint(tool, name)
  for _, entry in ipairs(tool.annotations) do
    if entry[1] == name then return entry[2] end
  end
end

local function risk_of(name, tool)
  if name == "submit_request" then return "costs" end
  if hint(tool, "readOnlyHint") then return "harmless" end
  return hint(tool, "destructiveHint") and "destroys" or "changes"
end

local function plain(value)
  return json.decode(json.encode(value))
end

-- What a deployment that is real is, asked for once: it costs nothing and tells the price.
local function fetch(self, id)
  local tool = self.find "get_deployment"
  if not tool or self.made:concerns { deployment_id = id } then return false end
  local ctx = { cancelled = false, progress = function() end, log = function() end, on_leaving = function() end }
  local result = registry.call(tool, { deployment_id = id }, ctx)
  return not result.is_error and plain(result.data).deployment or false
end

local function look_up(self, id)
  if self.seen[id] == nil then self.seen[id] = fetch(self, id) end
  local deployment = self.seen[id] or nil
  return deployment and self.made:overlay("get_deployment", { deployment = plain(deployment) }).deployment
end

local function count_request(self, id)
  local entry = self.deployments[id]
  if not entry then
    entry = { requests = 0 }
    self.deployments[id] = entry
    self.order[#self.order + 1] = id
  end
  entry.data = look_up(self, id)
  entry.requests = entry.requests + 1
end

local function answer_of(self, call, input)
  local sample = call.samples and call.samples[call.name]
  if sample ~= nil then
    sample = plain(sample)
    self.made:adopt(call.name, sample)
    return sample, "sample"
  end
  local present = call.name == "update_deployment" and look_up(self, input.deployment_id) or nil
  return self.made:answer(call.name, input, present) or { ok = true }, "made up"
end

local function gone(id)
  local message = ("dry run: deployment %s would have been deleted by now"):format(id)
  return nil, errors.new(message, { code = "http_status", status_code = 404, data = { ok = false, error = message, status_code = 404 } })
end

-- A read is made, and shows what the dry run has changed so far.
local function read(self, call, proceed)
  self.reads = self.reads + 1
  local result, err = proceed()
  if not result or not self.made:has_changes() or result.data == nil then return result, err end
  result.data = self.made:overlay(call.name, plain(result.data))
  return result
end

local function plan_call(self, call, source)
  self.calls[#self.calls + 1] = {
    tool = call.name, input = plain(call.input), risk = risk_of(call.name, call.tool), answer = source,
  }
  if call.name == "submit_request" then count_request(self, call.input.deployment_id) end
end

-- The tool's own checks of its arguments come first: what it would refuse is refused here.
local function answer(self, call, is_read)
  local checked = registry.changed(call.tool, { run = function(input)
    local data, source = answer_of(self, call, input)
    if not is_read then plan_call(self, call, source) end
    return { text = "dry run", data = data }
  end })
  checked.conforms = nil -- a sample need not be complete
  return registry.attempt(checked, call.input, { cancelled = false })
end

--- The door of the calls: see lib.recipes.rc.calls.
---@param call rc.Call
---@param proceed fun(): table?, Error?
---@return table|nil result, Error? err
function DryRun:around(call, proceed)
  if self.is_recipe(call.name) then return proceed() end
  if self.made:is_deleted(call.input.deployment_id) then return gone(call.input.deployment_id) end
  local is_read = call.reads or hint(call.tool, "readOnlyHint")
  if is_read and not self.made:concerns(call.input) then return read(self, call, proceed) end
  return answer(self, call, is_read)
end

local function hardware_of(data)
  local hardware = data.hardware
  if type(hardware) == "table" then hardware = hardware[1] end
  return type(hardware) == "string" and hardware or nil
end

local ESTIMATE_KEYS = { "deployment_id", "requests", "hardware", "keep_warm_seconds", "max_seconds_beside_runs", "dollars_per_hour",
  "max_dollars_beside_runs", "dollars_per_run_second" }

local function round(value, digits)
  local factor = 10 ^ digits
  return value and math.floor(value * factor + 0.5) / factor
end

local function estimate(id, entry)
  local result = { deployment_id = id, requests = entry.requests }
  local hardware = entry.data and hardware_of(entry.data)
  if hardware then
    local keep_warm = math.tointeger(entry.data.keep_warm_duration_in_seconds)
    local seconds = pricing.COLD_START_SECONDS + (keep_warm or 0)
    result.hardware, result.keep_warm_seconds, result.max_seconds_beside_runs = hardware, keep_warm, seconds
    result.dollars_per_hour = pricing.DOLLARS_PER_HOUR[hardware]
    result.max_dollars_beside_runs = round(pricing.dollars(hardware, seconds), 2)
    result.dollars_per_run_second = round(pricing.dollars(hardware, 1), 5)
  end
  return json.ordered(ESTIMATE_KEYS, result)
end

--- What the run would have cost, as far as that can be known.
---@return Estimate[]
function DryRun:estimates()
  local list = {}
  for i, id in ipairs(self.order) do list[i] = estimate(id, self.deployments[id]) end
  return list
end

local PLAN_KEYS = { "ok", "dry_run", "calls", "reads", "estimates", "result", "error" }

--- The plan as data.
---@param result CallResult  what the recipe made of the answers
---@return table
function DryRun:plan(result)
  local calls = {}
  for i, call in ipairs(self.calls) do calls[i] = json.ordered({ "tool", "risk", "answer", "input" }, call) end
  return json.ordered(PLAN_KEYS, {
    ok = not result.is_error, dry_run = true, calls = json.as_array(calls), reads = self.reads,
    estimates = json.as_array(self:estimates()),
    result = not result.is_error and result.data or nil, error = result.is_error and result.text or nil,
  })
end

local function estimate_lines(lines, entry)
  local head = ("  %s: %d request%s"):format(entry.deployment_id, entry.requests, entry.requests == 1 and "" or "s")
  if not entry.hardware then
    lines[#lines + 1] = head .. ", the hardware is not known"
    return
  end
  local text = ("%s on %s; cold start and keep-warm up to %d s"):format(head, entry.hardware, entry.max_seconds_beside_runs)
  if entry.dollars_per_hour then
    text = ("%s (up to $%.2f), each second of a run $%.5f"):format(text, entry.max_dollars_beside_runs, entry.dollars_per_run_second)
  end
  lines[#lines + 1] = text
end

--- The plan in words.
---@return string
function DryRun:text()
  local lines = { ("Dry run: %d call%s would have been made, %d read%s asked."):format(#self.calls, #self.calls == 1 and "" or "s",
    self.reads, self.reads == 1 and " was" or "s were") }
  for i, call in ipairs(self.calls) do
    local shown = json.encode(call.input)
    if #shown > 200 then shown = require("core.codec").utf8_head(shown, 200) .. "…" end
    lines[#lines + 1] = ("  %d. %s (%s) %s"):format(i, call.tool, call.risk, shown)
  end
  local estimates = self:estimates()
  if #estimates > 0 then lines[#lines + 1] = "GPU time, at the published prices:" end
  for _, entry in ipairs(estimates) do estimate_lines(lines, entry) end
  return table.concat(lines, "\n")
end

return M
