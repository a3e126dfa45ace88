--- A dry run: the recipe runs as it is, what only reads is asked for real, what would change or cost something
--- is taken down and answered with the recipe's own samples, or with made-up data.  What RunComfy would refuse, as far as
--- looking can tell, is refused here, too: a plan that says ok is one that can work.

local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local plain = require "lib.plain"
local planning = require "lib.workbench.dry_run.plan"
local real = require "lib.workbench.dry_run.real"
local redaction = require "lib.redaction"
local refusals = require "lib.runcomfy.refusals"
local registry = require "lib.features.registry"
local worlds = require "lib.workbench.dry_run.world"

local M = {}

---@class DryRunCall
---@field name string
---@field input table
---@field tool Tool
---@field reads? boolean
---@field samples? table<string, any>  of the recipe that calls

---@class PlannedCall
---@field tool string
---@field input table
---@field risk "costs"|"destroys"|"changes"|"harmless"
---@field answer "sample"|"made up"|"refused"
---@field error? string  of a call that would be refused

---@class Estimate  for one deployment; the runs' own time is not known beforehand
---@field deployment_id string
---@field requests integer
---@field hardware? string
---@field keep_warm_seconds? integer
---@field max_seconds_beside_runs? integer  cold start and keep-warm of one instance
---@field dollars_per_hour? number
---@field max_dollars_beside_runs? number
---@field dollars_per_run_second? number
---@field no_price? string  why there is none

---@class DryRun
---@field calls PlannedCall[]
---@field reads integer
---@field package world PretendWorld
---@field package find fun(name: string): Tool?
---@field package is_recipe fun(name: string): boolean
---@field package deployments table<string, PlannedDeployment>
---@field package order string[]
---@field package judge? DryRunJudge
---@field package skipped table<rc.State, number>  seconds that a recipe did not wait
---@field package unjudged boolean      a request sets inputs whose ranges and choices nobody has looked at
local DryRun = {}
DryRun.__index = DryRun

---@param options { find: (fun(name: string): Tool?), is_recipe: (fun(name: string): boolean), judge: DryRunJudge?,
---  account: Account? }
---@return DryRun
function M.new(options)
  return setmetatable({
    calls = {}, reads = 0, world = worlds.new(real.new(options.find, options.account)), find = options.find,
    is_recipe = options.is_recipe,
    deployments = {}, order = {}, skipped = setmetatable({}, { __mode = "k" }), judge = options.judge, unjudged = false,
  }, DryRun)
end

local function count_request(self, id)
  local entry = self.deployments[id]
  if not entry then
    entry = { id = id, requests = 0 }
    self.deployments[id] = entry
    self.order[#self.order + 1] = id
  end
  local data, err = self.world:deployment(id)
  entry.data, entry.problem, entry.requests = data, err and err.message, entry.requests + 1
end

-- Why RunComfy would refuse the call: there is no such deployment or request, or not what is to be changed in it.
local function refusal_of(self, call, input)
  local id, world = input.deployment_id, self.world
  if type(id) ~= "string" then return nil end
  local refuses, refused = call.tool.refuses, world:refusal(input)
  return refused or refuses and refuses(input, world:deployment(id), self.judge) or nil
end

local function answer_of(self, call, input)
  local sample = call.samples and call.samples[call.name]
  if sample ~= nil then
    sample = plain(sample)
    self.world:adopt(sample, input)
    return sample, "sample"
  end
  local pretend = call.tool.pretend
  return pretend and pretend(input, self.world) or { ok = true }, "made up"
end

-- Nothing has happened: whoever keeps account of what goes on takes no notice.
local function pretended(result, err)
  (result or err).pretended = true
  return result, err
end

local function gone(id)
  local message = ("dry run: deployment %s would have been deleted by now"):format(id)
  return pretended(nil, errors.new(message, {
    code = "http_status", status_code = 404, data = { ok = false, error = message, status_code = 404 },
  }))
end

-- A read is made, and shows what the dry run has changed so far.
local function read(self, call, proceed)
  self.reads = self.reads + 1
  local result, err = proceed()
  local amend = call.tool.amend
  if not (result and amend and self.world:has_changes()) or result.data == nil then return result, err end
  result.data = plain(result.data)
  amend(result.data, self.world)
  return result
end

-- What the caller gave, as the tool would send it: shapes unfolded, nothing that only fills a field.
local function sent(call, input)
  local given = {}
  for name in pairs(call.input) do given[name] = input[name] end
  return plain(given)
end

local function plan_call(self, call, input, source, err)
  redaction.secrets(call.input.extra_data)
  self.calls[#self.calls + 1] = {
    tool = call.name, input = redaction.value(sent(call, input)), risk = call.tool.risk, answer = source,
    error = err and redaction.text(err.message),
  }
  if call.tool.risk ~= "costs" or err then return end
  count_request(self, call.input.deployment_id)
  local deployment = self.world:deployment(input.deployment_id)
  self.unjudged = self.unjudged or refusals.is_unjudged(deployment, input, self.judge)
end

-- The tool's own checks of its arguments come first: what it would refuse is refused here.
local function answer(self, call, is_read)
  local checked = registry.changed(call.tool, { run = function(input)
    local refused = not is_read and refusal_of(self, call, input)
    if refused then
      plan_call(self, call, input, "refused", refused)
      return nil, refused
    end
    local data, source = answer_of(self, call, input)
    if not is_read then plan_call(self, call, input, source) end
    return { text = "dry run", data = data }
  end })
  checked.conforms = nil -- a sample need not be complete
  local ctx = { cancelled = false } ---@type any
  return registry.attempt(checked, call.input, ctx)
end

local function around_tool(self, call, proceed)
  if self.is_recipe(call.name) then return proceed() end
  if self.world:is_deleted(call.input.deployment_id) then return gone(call.input.deployment_id) end
  local is_read = call.reads or call.tool.risk == "harmless"
  if is_read and not self.world:concerns(call.input) then return read(self, call, proceed) end
  return pretended(answer(self, call, is_read))
end

local around = {}

function around.tool(self, effect, proceed, scope)
  return around_tool(self, {
    name = effect.name, input = effect.input, tool = scope.tool, reads = scope.reads, samples = scope.caller and scope.caller.samples,
  }, proceed)
end

function around.http(_, effect, proceed, scope)
  if scope.reads then return proceed() end
  return nil, errors.new(("dry run: %s %s is not sent"):format(effect.name, effect.input.url), { code = "dry_run" })
end

function around.download(_, effect, _, scope)
  return require("lib.recipes.effects.download").pretend(effect, scope)
end

-- Nothing happens that could be waited for: the recipe's clock goes on, ours does not.  What would wait for something that never
-- comes ends where the call would have.
function around.sleep(self, effect, _, scope)
  local call = scope.caller.call
  local skipped, limit = (self.skipped[scope.caller] or 0) + effect.input.seconds, call and call.limits.seconds or math.huge
  self.skipped[scope.caller] = skipped
  if skipped > limit then
    return nil, errors.new(("dry run: the recipe would wait for more than the %g seconds that a call may take"):format(limit),
      { code = "timeout" })
  end
  fiber.next_turn()
  return true
end

local GOES_ON = { program = true, system = true }

function around.now(self, effect, proceed, scope)
  local now, skipped = proceed(), self.skipped[scope.caller]
  if not skipped or not GOES_ON[effect.name] then return now end
  return math.type(now) == "integer" and math.floor(now + skipped) or now + skipped
end

--- The dry run as a link of the chain of effects: see lib.calls.effects.
---@return Interceptor
function DryRun:link()
  return effects.shifts(function(effect, proceed, scope)
    local fn = around[effect.kind]
    if not fn then return proceed() end
    return fn(self, effect, proceed, scope)
  end, function(caller) return self.skipped[caller] end)
end

--- What the run would have cost, as far as that can be known.
---@return Estimate[]
function DryRun:estimates()
  local list = {}
  for i, id in ipairs(self.order) do list[i] = planning.estimate(self.deployments[id]) end
  return list
end

--- The plan as data.
---@param result CallResult  what the recipe made of the answers
---@return table
function DryRun:plan(result)
  return planning.data(self.calls, self.reads, self:estimates(), result, self.unjudged)
end

--- The plan in words.
---@return string
function DryRun:text()
  return planning.text(self.calls, self.reads, self:estimates(), self.unjudged)
end

return M
