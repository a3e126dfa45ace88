--- The wait for a job: polls by lib.runcomfy.waiting's policy, each poll a call of a tool.

local clock = require "lib.async.clock"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local large_results = require "lib.recipes.effects.large_results"
local lifecycle = require "lib.runcomfy.lifecycle"
local rights = require "lib.recipes.effects.rights"
local tools = require "lib.recipes.effects.tools"
local waiting = require "lib.runcomfy.waiting"

local M = {}

local FEW = 2 -- polls of what is refused and may pass: the tools try it a few times themselves
local MOST = 0.9 -- of the time for a poll: then the tool says what it has of a result that comes slowly
local CANCEL_BOUND = 5 -- seconds for the cancel of a job whose caller has gone

local function ids(record)
  return { deployment_id = record.deployment_id, request_id = record.request_id }
end

-- As checked bytes, whatever form the tool gave.
local function raw(value)
  return json.raw(json.encode(value == nil and json.null or value))
end

local FINISHED_KEYS = { "status", "output_urls", "result", "note", "instance_id", "deployment_id", "request_id" }

-- The ids go with every error: the job can be found again.
local function with_ids(err, record)
  local data = err.data ~= nil and json.decode(json.encode(err.data)) or { ok = false, error = err.message, code = err.code }
  data.deployment_id, data.request_id = record.deployment_id, record.request_id
  local fields = { data = data }
  for _, name in ipairs { "code", "status_code", "error_code", "hint", "delivery", "retry_after" } do fields[name] = err[name] end
  return errors.new(err.message, fields)
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

-- Within `seconds` of real time, where they are given: then what has come of a large one counts.
local function fetch_result(record, seconds)
  local answer_by = seconds and clock.now() + seconds * math.max(1, clock.speed())
  local answer, err = tools.call(record.state, "get_request_result", ids(record), { answer_by = answer_by })
  if not answer then return nil, err end
  return finished(record, answer.data)
end

--- The result as it is now, as JSON text.
---@param record rc.JobRecord
---@return string|nil text, Error? err
function M.result(record)
  local ended, err = fetch_result(record)
  if not ended then return nil, with_ids(err, record) end
  return json.encode(json.ordered(FINISHED_KEYS, ended))
end

-- One poll, by a tool; where it hangs it is given up after `seconds` of real time: a clock that runs faster makes the network
-- no faster.
local function bounded(seconds, fn, record, ...)
  local task = fiber.spawn(fn, record, ...)
  task.quiet = true
  local over = false
  local _ <close> = clock.after(seconds * math.max(1, clock.speed()), function()
    over = true
    task:cancel("the wait is over")
  end)
  local _ <close> = setmetatable({}, { __close = function() task:cancel() end })
  local outcome = table.pack(task:join())
  if outcome[1] then return table.unpack(outcome, 2, outcome.n) end
  if not over then error(outcome[2], 0) end
  return nil, errors.new("the poll took longer than the wait", { code = "timeout" })
end

-- Whether a failed poll may pass.
local function is_forgivable(err)
  return not rights.REFUSALS[err.code] and waiting.forgivable(err)
end

-- The status, by the tool.
local function poll(record)
  local answer, err = tools.call(record.state, "get_request_status", ids(record), tools.FOR_JOB)
  local status = answer and raw(answer.data.status) or lifecycle.ended_in(err)
  if not status then return nil, err end
  record.instance_id = lifecycle.instance_id(status) or record.instance_id
  return status
end

local function fetch(record, seconds)
  local ended, err = fetch_result(record, seconds)
  if not ended then return nil, err end
  return ended, nil, ended.status
end

local function source(record)
  return {
    status = function(seconds) return bounded(seconds, poll, record) end,
    result = function(seconds) return bounded(seconds, fetch, record, seconds * MOST) end,
    forgives = is_forgivable, few = FEW,
  }
end

-- The wait is over before the job.
local function over(record, waited)
  local word = waited.status and waiting.describe(waited.status, waited.elapsed) or "no status seen yet"
  local message = ("request %s has not ended after %d s: %s. The job goes on, and is not to be submitted again: "
    .. "wait longer, or later with rc.job(\"%s\", \"%s\")"):format(
    record.request_id, math.floor(waited.elapsed + 0.5), word, record.deployment_id, record.request_id)
  return nil, errors.new(message, { code = "timeout", data = {
    ok = false, error = message, code = "timeout", pending = true, deployment_id = record.deployment_id, request_id = record.request_id,
  } })
end

-- The caller of the recipe has gone: what becomes of the job is the operator's choice.
local function cancel_remote(record)
  if not record.state.ctx.runcomfy.cancel_remote_on_client_cancel then return end
  local requests = record.state.call and record.state.call.requests
  local entry = requests and requests:find(record.deployment_id, record.request_id)
  if entry and entry.cancelling or requests and requests:has_ended(record.deployment_id, record.request_id) then return end
  if entry then entry.cancelling, entry.told = true, true end
  local task = fiber.spawn(tools.call, record.state, "cancel_request", ids(record), tools.FOR_JOB)
  task.quiet = true
  local _ <close> = clock.after(CANCEL_BOUND, function() task:cancel("took too long") end)
  local answer, err = select(2, task:join())
  local outcome = type(answer) == "table" and answer.data and answer.data.outcome or err and err.message or "no answer"
  record.state.ctx:log("warning", ("the caller gave up on request %s of deployment %s; cancelling the job: %s"):format(
    record.request_id, record.deployment_id, tostring(outcome)))
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
    on_status = function(_, info) record.state:tell(info.message) end,
  })
end

--- Waits for the job's end, in a fiber of the host; gives what rc.Finished describes as JSON text.
---@param record rc.JobRecord
---@param timeout? number  seconds; default: until the call's own deadline
---@return string|nil text, Error? err
function M.run(record, timeout)
  adopt(record)
  local ok, waited, err = pcall(wait, record, timeout)
  if not ok then
    if fiber.is_cancelled(waited) then fiber.shield(cancel_remote, record) end
    error(waited, 0)
  end
  if not waited then return nil, with_ids(err, record) end
  if waited.ending and waited.result then return json.encode(json.ordered(FINISHED_KEYS, waited.result)) end
  if waited.err and not is_forgivable(waited.err) then return nil, with_ids(waited.err, record) end
  return over(record, waited)
end

return M
