--- The wait for a job: by the loop of lib.runcomfy.wait, each poll a call of a tool.

local answers = require "lib.runcomfy.answers"
local clock = require "lib.async.clock"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local job_calls = require "lib.recipes.effects.job_calls"
local json = require "core.json"
local large_results = require "lib.recipes.effects.large_results"
local lifecycle = require "lib.runcomfy.lifecycle"
local outputs = require "lib.runcomfy.outputs"
local polling = require "lib.runcomfy.polling"
local remote_cancel = require "lib.runcomfy.remote_cancel"
local results = require "lib.runcomfy.results"

local M = {}

local FINISHED_KEYS = { "status", "output_urls", "result", "note", "instance_id", "deployment_id", "request_id" }

-- The ids go with every error: the job can be found again.
local function with_ids(err, record)
  local data = err.data ~= nil and json.decode(json.encode(err.data)) or { ok = false, error = err.message, code = err.code }
  data.deployment_id, data.request_id = record.deployment_id, record.request_id
  return errors.new(err.message, errors.crossing(err, { data = data }))
end

local function finished(record, data)
  local result, note = large_results.bounded(data.result, data.note)
  local output_urls = json.decode(json.encode(data.output_urls or json.as_array {}))
  record.instance_id = lifecycle.instance_id(result) or record.instance_id
  return {
    status = result:value "status", output_urls = output_urls, result = result, note = note, instance_id = record.instance_id,
    deployment_id = record.deployment_id, request_id = record.request_id,
  }
end

local function fetch_result(record, for_job)
  local answer, err = job_calls.call(record, "get_request_result", for_job)
  if not answer then return nil, err end
  return finished(record, answer.data)
end

--- The result as it is now, as JSON text.
---@param record rc.JobRecord
---@return string|nil text, Error? err
---@return_overload string
---@return_overload nil, Error
function M.result(record)
  local ended, err = fetch_result(record)
  if not ended then return nil, with_ids(err, record) end
  return json.encode(json.ordered(FINISHED_KEYS, ended))
end

-- The status, by the tool.
local function poll(record, options)
  local answer, err = job_calls.call(record, "get_request_status", { poll = options })
  local status = answer and job_calls.raw(answer.data.status) or lifecycle.ended_in(err --[[@as Error]])
  if not status then return nil, err end
  record.instance_id = lifecycle.instance_id(status) or record.instance_id
  return status
end

local function result(record, options)
  local ended, err = fetch_result(record, { poll = options })
  return ended, err, ended and ended.status
end

-- What an answer that cannot be read holds of a result, as the tool would tell it.
local function part(record, err)
  local value = results.part(err)
  local ended = value and finished(record, { result = value, output_urls = outputs.urls(value), note = answers.note(value) })
  return ended, ended and ended.status
end

local function source(record)
  return {
    poll = function(options) return poll(record, options) end,
    result = function(options) return result(record, options) end,
    part = function(err) return part(record, err) end,
  }
end

local LATER = "wait longer, or later with rc.job(\"%s\", \"%s\")"

local function not_ended(record, waited)
  local word = waited.status and polling.describe(waited.status, waited.elapsed) or "no status seen yet"
  return ("request %s has not ended after %d s: %s. The job goes on, and is not to be submitted again: "):format(
    record.request_id, math.floor(waited.elapsed + 0.5), word)
end

local function not_fetched(record, waited)
  local reason = waited.err and (waited.err.summary or waited.err.message) or "it says that it has not ended"
  return ("request %s has ended: %s, but its result could not be fetched within %d s (%s). It is not to be submitted again: "):format(
    record.request_id, answers.word(waited.status, "status"), math.floor(waited.elapsed + 0.5), reason)
end

-- The wait is over before the job, or before its result was had.
local function over(record, waited)
  local message = (waited.ending and not_fetched or not_ended)(record, waited)
    .. LATER:format(record.deployment_id, record.request_id)
  return nil, errors.new(message, { code = "timeout", data = {
    ok = false, error = message, code = "timeout", pending = true, deployment_id = record.deployment_id, request_id = record.request_id,
  } })
end

-- By the tool, so that what stands before it sees it.
local function cancel(record)
  local task = fiber.spawn(job_calls.call, record, "cancel_request")
  task.quiet = true
  local _ <close> = clock.after(remote_cancel.SECONDS, function() task:cancel("took too long") end)
  local answer, err = select(2, task:join())
  return tostring(type(answer) == "table" and answer.data and answer.data.outcome or err and err.message or "no answer")
end

-- The caller of the recipe has gone: what becomes of the job is the operator's choice.
local function cancel_remote(record)
  local state = record.state
  remote_cancel.cancel(record, {
    runcomfy = state.ctx.runcomfy, requests = state.call and state.call.requests, cancel = function() return cancel(record) end,
    log = function(text) state.ctx:log("warning", text) end,
  })
end

-- Whoever waits for a job that another call submitted has it among those that it may leave.
local function adopt(record)
  if not record.state.call or record.state.ctx.dry_run then return end
  record.state.call.requests:add { deployment_id = record.deployment_id, request_id = record.request_id, adopted = true }
end

local function wait(record, timeout)
  local left = record.state:deadline() - clock.now()
  local _ <close> = record.state:wait()
  return record.state.ctx.runcomfy:wait(record.deployment_id, record.request_id, {
    timeout = math.min(timeout or math.huge, left), source = source(record),
    on_status = function(_, info) record.state:report(info.message) end, on_cancelled = function() cancel_remote(record) end,
  })
end

--- Waits for the job's end, in a fiber of the host; gives what rc.Finished describes as JSON text.
---@param record rc.JobRecord
---@param timeout? number  seconds; default: until the call's own deadline
---@return string|nil text, Error? err
---@return_overload string
---@return_overload nil, Error
function M.run(record, timeout)
  adopt(record)
  local waited, err = wait(record, timeout)
  if not waited then return nil, with_ids(err, record) end
  if waited.ending and waited.result then return json.encode(json.ordered(FINISHED_KEYS, waited.result)) end
  -- Before the job has ended an error that is told here is one that may pass.
  if waited.ending and waited.err and not polling.forgivable(waited.err) then return nil, with_ids(waited.err, record) end
  return over(record, waited)
end

return M
