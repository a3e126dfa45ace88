--- Submitting a job and following it to its end.
---
--- A submit that began is carried to its answer even when the client gives up meanwhile: the job would
--- run all the same, and nobody would know its id.

local answers = require "lib.runcomfy.answers"
local brief = require "lib.runcomfy.brief"
local ending = require "lib.runcomfy.ending"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local insist = require "lib.async.insist"
local json = require "core.json"
local lifecycle = require "lib.runcomfy.lifecycle"
local outline = require "lib.runcomfy.outline"
local outputs = require "lib.runcomfy.outputs"
local remote_cancel = require "lib.runcomfy.remote_cancel"
local told = require "lib.runcomfy.told"

local M = {}

---@class Job
---@field deployment_id string
---@field request_id string
---@field submission core.json.Raw
---@field package entry? OpenRequest  of the list of the recipe's call that submits it
---@field package given_up? boolean  its client has gone, and that has been seen to

-- The caller has gone: what becomes of the job is the operator's choice.
local function give_up(job, ctx)
  if job.given_up then return end
  job.given_up = true
  local function log(text) ctx:log("warning", text) end
  if ctx.runcomfy.cancel_remote_on_client_cancel then
    fiber.shield(remote_cancel.cancel, job, { runcomfy = ctx.runcomfy, requests = job.entry and ctx.requests, log = log })
  else
    if job.entry then job.entry.told = true end
    log(("the caller gave up on request %s of deployment %s; the job goes on"):format(job.request_id, job.deployment_id))
  end
end

-- An answer without a request id, of RunComfy or of somebody else: the job may well run, and must not be sent again blindly.
local function lost(deployment_id, err)
  local message = ("The answer to the submit holds no request_id, so the request cannot be followed. It may run and be billed: look at "
    .. "the deployment's requests on runcomfy.com before submitting again. (%s)"):format(err.summary)
  if err.location then message = ("%s The answer points to %s."):format(message, err.location) end
  return told.error({ message = message, code = "no_request_id", delivery = "unknown" }, {
    code = "no_request_id", deployment_id = deployment_id, submission = err.answer,
  })
end

local MAY_RUN = "Whether this submit took effect is unknown, and it was not sent again. The answer names request %s of deployment %s, "
  .. "which may run and be billed: look with get_request_status before submitting again."
local NAMES = "The answer names request %s of deployment %s: get_request_status tells how that stands."

-- A refusal that names a request: it is the one that was begun, or another that stands in its way.
local function named(err, request_id, input, ctx)
  local may_run = err.delivery == "unknown"
  local ids = { deployment_id = input.deployment_id, request_id = request_id, delivery = err.delivery }
  local hint = (may_run and MAY_RUN or NAMES):format(request_id, input.deployment_id)
  if not may_run and err.hint then hint = err.hint .. " " .. hint end
  err.message, err.hint = (err.summary or err.message) .. "\n" .. hint, hint
  err.data.hint, err.data.deployment_id, err.data.request_id = hint, ids.deployment_id, request_id
  if not may_run then return err end
  if ctx.requests then
    ctx.requests:add(ids)
  elseif ctx.receipt then
    ctx:receipt(ids, true)
  end
  return err
end

-- The error of a submit, which names what the answer does.
local function refused(err, input, ctx)
  if err.code == "no_request_id" then return lost(input.deployment_id, err) end
  local request_id = lifecycle.refused_id(err)
  return request_id and named(err, request_id, input, ctx) or err
end

-- The job that an answer to a submit is about.
local function take(input, ctx, answer)
  local request_id = lifecycle.request_id(answer)
  local job = { deployment_id = input.deployment_id, request_id = request_id, submission = answer }
  local ids = { deployment_id = job.deployment_id, request_id = request_id }
  if ctx.requests then
    job.entry = ctx.requests:add(ids) -- which tells the call that it belongs to
  elseif ctx.receipt then
    ctx:receipt(ids, not input.wait_for_completion)
  end
  return job
end

-- The ids go with every answer: whatever happens, the job can be found again.
local function with_ids(err, job)
  local data = err.data or { ok = false, error = err.message }
  data.deployment_id, data.request_id, data.submission = job.deployment_id, job.request_id, job.submission
  err.data = data
  err.message = ("%s\nThe request %s of deployment %s was submitted and may still run: get_request_status tells. Do not submit it again.")
    :format(err.message, job.request_id, job.deployment_id)
  return err
end

--- Submits what a tool's input asks for.
---@param input table  deployment_id and the fields of a Submission
---@param ctx table
---@return Job|nil job, Error?
---@return_overload Job
---@return_overload nil, Error
function M.submit(input, ctx)
  local answer, err = ctx.runcomfy:submit(input.deployment_id, input, ctx.answer_by)
  if not answer then
    local ok, problem = pcall(refused, err, input, ctx) ---@type boolean, any
    return nil, ok and problem or err
  end
  local job = fiber.shield(insist, "keeping the id of a request", take, input, ctx, answer)
  if not job then -- memory ran out: the ids must not
    return nil, with_ids(errors.new("not enough memory", { code = "internal" }), {
      deployment_id = input.deployment_id, request_id = lifecycle.request_id(answer), submission = answer,
    })
  end
  if ctx.cancelled then give_up(job, ctx) end
  return job
end

local GOES_ON = "The job goes on and is not lost."
local UNCLEAR = "That word is not known here, so whether the job goes on is not clear; it is not lost."

local function pending(job, waited)
  local word = waited.status and answers.word(waited.status, "status")
  local is_known = not word or lifecycle.is_open(word) or lifecycle.outcome(word)
  local text = ("Request %s is not finished after %d s: %s.\n%s Do not submit it again. Next: "
    .. "get_request_status with deployment_id=%s and request_id=%s, then get_request_result once it is completed."):format(
    job.request_id, math.floor(waited.elapsed + 0.5), word or "no status seen yet", is_known and GOES_ON or UNCLEAR,
    job.deployment_id, job.request_id)
  if waited.err and not waited.ended_early then
    text = ("%s\nThe last poll failed: %s"):format(text, waited.err.summary or waited.err.message)
  end
  return {
    text = answers.with_note(text, job.submission, waited.status),
    data = {
      ok = true, pending = true, submission = job.submission, deployment_id = job.deployment_id,
      status = waited.status or json.null,
    },
  }
end

-- It was submitted, and nothing can be asked about it: no error, for that would ask for another try.
local function unfollowed(job, err)
  return {
    text = answers.with_note(("Submitted request %s.\nThe %s"):format(job.request_id, err.message), job.submission),
    data = {
      ok = true, pending = true, submission = job.submission, deployment_id = job.deployment_id, status = json.null,
    },
  }
end

-- The job ended but its result could not be had: it is told as the official server tells it.
local function without_result(job, text, data, err)
  data.ok, data.output_urls = true, json.as_array {}
  local reason = err.summary or err.message
  data.result = json.ordered({ "ok", "error", "status_code", "error_code", "detail", "payload" }, {
    ok = false, error = reason, status_code = err.status_code or json.null, error_code = err.error_code or json.null,
    detail = err.detail or json.null, payload = err.data and err.data.payload or json.null,
  })
  return {
    text = ("%s\nIts result could not be fetched (%s). Next: get_request_result with deployment_id=%s and request_id=%s."):format(
      text, reason, job.deployment_id, job.request_id),
    data = data,
  }
end

-- The word of the status; of the result, which knows better, where the two do not agree.
local function ending_word(waited)
  local word = answers.word(waited.status, "status")
  local meaning = lifecycle.outcome(word)
  if meaning == waited.ending or meaning == "completed" then return word end
  return ("%s (its status says %s)"):format(answers.word(waited.result, "status"), word)
end

local function finished(job, waited)
  local text = ("Request %s finished: %s."):format(job.request_id, ending_word(waited))
  local data = {
    submission = job.submission, deployment_id = job.deployment_id, status = waited.status, result = waited.result,
    output_urls = waited.result and outputs.urls(waited.result), note = answers.note(waited.result),
  }
  if lifecycle.is_unsuccessful(waited.ending) then
    data.request_id = job.request_id
    local word = answers.word(waited.result or waited.status, "status")
    return nil, ending.error(("Request %s finished: %s."):format(job.request_id, word), waited.ending, data)
  end
  if not waited.result then return without_result(job, text, data, waited.err) end
  data.ok = true
  return {
    brief = brief.of,
    outline = function() return outline.files(data.output_urls) end,
    text = answers.with_note(text .. ending.remark(waited.ending, waited.result, data.output_urls), job.submission, waited.status,
      waited.result),
    data = data,
  }
end

--- Waits for a job and tells how it stands: ended, failed, or still running.
---@param job Job
---@param timeout number  seconds
---@param ctx table
---@return { text: string, data: table }|nil answer, Error?
---@return_overload { text: string, data: table }
---@return_overload nil, Error
function M.follow(job, timeout, ctx)
  local waited, err = ctx.runcomfy:wait(job.deployment_id, job.request_id, {
    timeout = timeout, answer_by = ctx.answer_by, on_cancelled = function() give_up(job, ctx) end,
    on_status = function(_, info) ctx:progress(info.elapsed, nil, info.message) end,
    on_draining = function(end_wait) ctx:on_draining(end_wait) end,
  })
  if not waited and err.code == "unusable_id" then return unfollowed(job, err) end
  if not waited then return nil, with_ids(err, job) end
  if waited.ended_early then
    ctx:log("warning", ("the client left while request %s of deployment %s was waited for; the job goes on"):format(
      job.request_id, job.deployment_id))
  end
  if not waited.ending then return pending(job, waited) end
  return finished(job, waited)
end

local function no_memory(job)
  return with_ids(errors.new("not enough memory to tell of it", { code = "internal" }), job)
end

--- Calls what tells of a job.  Where memory runs out for that the error names the job: its id must not get lost.
---@param job Job
---@param fn fun(...): table?, Error?
---@param ... any
---@return table|nil answer, Error? err
---@return_overload table
---@return_overload nil, Error
function M.naming(job, fn, ...)
  local ok, answer, err = pcall(fn, ...)
  if ok then return answer, err end
  if not errors.is_out_of_memory(answer) then error(answer, 0) end
  return nil, fiber.shield(insist, "naming a request", no_memory, job)
end

return M
