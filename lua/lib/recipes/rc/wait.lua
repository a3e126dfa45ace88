--- The wait for a job: polls by lib.runcomfy.waiting's policy, each poll a call of a tool.

local calls = require "lib.recipes.rc.calls"
local clock = require "lib.clock"
local errors = require "lib.errors"
local fiber = require "lib.fiber"
local json = require "core.json"
local lifecycle = require "lib.runcomfy.lifecycle"
local waiting = require "lib.runcomfy.waiting"

local M = {}

local CANCEL_BOUND = 5 -- seconds for the cancel of a job whose caller has gone

local function ids(record)
  return { deployment_id = record.deployment_id, request_id = record.request_id }
end

-- As checked bytes, whatever form the tool gave.
local function raw(value)
  return json.raw(json.encode(value == nil and json.null or value))
end

local FINISHED_KEYS = { "status", "output_urls", "result", "instance_id", "deployment_id", "request_id" }

-- The ids go with every error: the job can be found again.
local function with_ids(err, record)
  local data = err.data ~= nil and json.decode(json.encode(err.data)) or { ok = false, error = err.message, code = err.code }
  data.deployment_id, data.request_id = record.deployment_id, record.request_id
  local fields = { data = data }
  for _, name in ipairs { "code", "status_code", "error_code", "hint", "retry_after" } do fields[name] = err[name] end
  return errors.new(err.message, fields)
end

local function remember_outputs(record, output_urls)
  for _, entry in ipairs(output_urls) do
    if type(entry) == "table" and type(entry.url) == "string" then
      record.state.outputs[entry.url] = {
        deployment_id = record.deployment_id, request_id = record.request_id, overrides = record.overrides,
        filename = type(entry.filename) == "string" and entry.filename or nil,
      }
    end
  end
end

local function finished(record, data)
  local result = raw(data.result)
  local output_urls = json.decode(json.encode(data.output_urls or json.as_array {}))
  remember_outputs(record, output_urls)
  return {
    status = result:value "status", output_urls = output_urls, result = result, instance_id = record.instance_id,
    deployment_id = record.deployment_id, request_id = record.request_id,
  }
end

local function fetch_result(record)
  local answer, err = calls.perform(record.state, "get_request_result", ids(record), true)
  if not answer then return nil, with_ids(err, record) end
  return finished(record, answer.data)
end

--- The result as it is now, as JSON text.
---@param record rc.JobRecord
---@return string|nil text, Error? err
function M.result(record)
  local ended, err = fetch_result(record)
  if not ended then return nil, err end
  return json.encode(json.ordered(FINISHED_KEYS, ended))
end

---@class rc.Wait
---@field record rc.JobRecord
---@field started number
---@field deadline number
---@field word string          the last status in words
local Wait = {}
Wait.__index = Wait

function Wait:over()
  local record = self.record
  local message = ("request %s has not ended after %d s: %s. The job goes on; wait again, or later with rc.job(\"%s\", \"%s\")"):format(
    record.request_id, math.floor(clock.now() - self.started + 0.5), self.word, record.deployment_id, record.request_id)
  local code = self.left and "client_left" or "timeout"
  return nil, errors.new(message, { code = code, data = {
    ok = false, error = message, code = code, pending = true, deployment_id = record.deployment_id, request_id = record.request_id,
  } })
end

local function start_sleep(self, seconds, callback)
  self.wake = callback
  return clock.after(seconds, callback)
end

-- Sleeps until the next poll; false where the wait is over.
function Wait:pause(err)
  if self.left then return false end
  local now = clock.now()
  local left = self.deadline - now
  if left < 0.001 then return false end
  local seconds = math.max(waiting.interval(now - self.started), math.min(err and err.retry_after or 0, 60))
  fiber.await(start_sleep, self, math.min(seconds, left))
  self.wake = nil
  return not self.left
end

function Wait:leave()
  self.left = true
  if self.wake then self.wake() end
end

function Wait:report(status, err)
  local message = waiting.describe(status, clock.now() - self.started, err)
  if not err then self.word = message end
  self.record.state:tell(message)
end

-- Whether a failed poll may pass.
local function is_forgivable(err)
  return not calls.REFUSALS[err.code] and waiting.forgivable(err)
end

-- The status, past what may pass; nil, err, final.
function Wait:poll()
  local record = self.record
  local answer, err = calls.perform(record.state, "get_request_status", ids(record), true)
  if not answer then
    if not is_forgivable(err) then return nil, with_ids(err, record) end
    self:report(nil, err)
    return nil, nil, err
  end
  local status = raw(answer.data.status)
  local instance = status:value "instance_id"
  if type(instance) == "string" then record.instance_id = instance end
  self:report(status)
  return status
end

-- The result of a job that has ended; nothing where it has not come yet.
function Wait:finish()
  local ended, err = fetch_result(self.record)
  if ended and not lifecycle.is_open(ended.status) then return ended end
  if err and (lifecycle.outcome((err.code or ""):match "^job_(.*)$") or not is_forgivable(err)) then return nil, err end
  return nil, nil, err
end

function Wait:run()
  while true do
    local status, err, forgiven = self:poll()
    if err then return nil, err end
    if status and lifecycle.outcome(status:value "status") then
      local ended
      ended, err, forgiven = self:finish()
      if ended or err then return ended, err end
    end
    if not self:pause(forgiven) then return self:over() end
  end
end

-- The caller of the recipe has gone: what becomes of the job is the operator's choice.
local function cancel_remote(record)
  if not waiting.settings().cancel_remote_on_client_cancel then return end
  local entry = record.state.call and record.state.call.requests:find(record.deployment_id, record.request_id)
  if entry and entry.cancelling then return end
  if entry then entry.cancelling, entry.told = true, true end
  local task = fiber.spawn(calls.perform, record.state, "cancel_request", ids(record), true)
  task.quiet = true
  local _ <close> = clock.after(CANCEL_BOUND, function() task:cancel("took too long") end)
  local answer, err = select(2, task:join())
  local outcome = type(answer) == "table" and answer.data and answer.data.outcome or err and err.message or "no answer"
  record.state.ctx:log("warning", ("the caller gave up on request %s of deployment %s; cancelling the job: %s"):format(
    record.request_id, record.deployment_id, tostring(outcome)))
end

local Registration = {}
Registration.__index = Registration

function Registration:__close()
  self.state:on_leaving(self, nil)
end

-- Whoever waits for a job that another call submitted has it among those that it may leave.
local function adopt(record)
  if not record.state.call or record.state.ctx.dry_run then return end
  record.state.call.requests:add { deployment_id = record.deployment_id, request_id = record.request_id, adopted = true }
end

--- Waits for the job's end, in a fiber of the host; gives what rc.Finished describes as JSON text.
---@param record rc.JobRecord
---@param timeout? number  seconds; default: until the call's own deadline
---@return string|nil text, Error? err
function M.run(record, timeout)
  adopt(record)
  local started = clock.now()
  local deadline = math.min(timeout and started + timeout or math.huge, record.state:deadline())
  local self = setmetatable({ record = record, started = started, deadline = deadline, word = "no status seen yet" }, Wait)
  local registration <close> = setmetatable({ state = record.state }, Registration)
  record.state:on_leaving(registration, function() self:leave() end)
  local ok, ended, err = pcall(Wait.run, self)
  if not ok then
    if fiber.is_cancelled(ended) then fiber.shield(cancel_remote, record) end
    error(ended, 0)
  end
  if not ended then return nil, err end
  return json.encode(json.ordered(FINISHED_KEYS, ended))
end

return M
