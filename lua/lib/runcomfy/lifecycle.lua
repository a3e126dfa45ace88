--- The states of a request, in all the spellings that the API has used.

local answers = require "lib.runcomfy.answers"
local json = require "core.json"
local text = require "lib.text"

local M = {}

local OUTCOMES = {
  completed = "completed", succeeded = "succeeded",
  failed = "failed", error = "failed",
  cancelled = "cancelled", canceled = "cancelled",
}

local LONGEST_WORD = 64 -- bytes; a longer text is no word

-- A status word in lower case; nil for what can be none.
local function lower(status)
  return type(status) == "string" and #status <= LONGEST_WORD and status:lower() or nil
end

--- What a status word means: "completed" (ended; the result tells how), "succeeded", "failed",
--- "cancelled"; nil: not ended, or a word that nobody knows.
---@param status any
---@return "completed"|"succeeded"|"failed"|"cancelled"|nil
function M.outcome(status)
  return OUTCOMES[lower(status)]
end

--- The status word of an answer; nil where it has none, or something that can be none.
---@param answer core.json.Raw
---@return any
function M.status_of(answer)
  local part = answer:get "status"
  return part and part:size() <= LONGEST_WORD and part:value() or nil
end

local OPEN = { in_queue = true, queued = true, in_progress = true, running = true, processing = true, pending = true }

--- Whether a status word says that the job has not ended.  An unknown word does not say so.
---@param status any
---@return boolean
function M.is_open(status)
  return OPEN[lower(status)] == true
end

--- How a job ended, by its status and its result.  The result knows better.
---@param status any
---@param result_status any
---@return "completed"|"succeeded"|"failed"|"cancelled"|nil
function M.ending(status, result_status)
  return M.outcome(result_status) or M.outcome(status)
end

--- Whether an ending is one without success.
---@param ending string?
---@return boolean
function M.is_unsuccessful(ending)
  return ending == "failed" or ending == "cancelled"
end

-- The answer that an error tells of, where that is JSON.
local function payload_of(err)
  local payload = type(err.data) == "table" and err.data.payload
  return type(payload) == "userdata" and payload ~= json.null and payload or nil
end

--- The job's end in the error of an answer that told it beside an error_code, under a status of success: the failure is the
--- job's, not that of the question.
---@param err Error
---@return core.json.Raw? answer  the whole answer; nil where it tells no end
function M.ended_in(err)
  local payload = payload_of(err)
  if not payload or (err.status_code or 500) >= 300 or payload:kind() ~= "object" then return nil end
  return M.outcome(payload:value "status") and payload or nil
end

-- A number is an id, too, as it was written: seeds are longer than Lua's integers, ids may be.
local function id_in(answer, name)
  if type(answer) == "string" or answer:kind() ~= "object" then return nil end
  local part = answer:get(name)
  local kind = part and part:kind()
  local id = kind == "string" and part:value() or kind == "number" and part:text() or ""
  return id ~= "" and id or nil
end

--- The id in the answer to a submit.
---@param answer core.json.Raw|string
---@return string? request_id
function M.request_id(answer) return id_in(answer, "request_id") end

--- The id of a request that the API's refusal of a submit names.
---@param err Error
---@return string? request_id
function M.refused_id(err)
  local payload = payload_of(err)
  return payload and M.request_id(payload) or nil
end

--- The instance that a status or a result names.
---@param answer core.json.Raw|string
---@return string? instance_id
function M.instance_id(answer) return id_in(answer, "instance_id") end

--- What became of a cancel request.  The API answers in two shapes, with `outcome` and without.
---@param answer core.json.Raw|string
---@return "cancelled"|"not_cancellable"|string outcome  "unknown" where the answer does not tell
function M.cancel_outcome(answer)
  if type(answer) == "string" or answer:kind() ~= "object" then return "unknown" end
  local outcome = answer:value "outcome"
  if type(outcome) == "string" and outcome ~= "" then return M.outcome(outcome) or text.brief(outcome, LONGEST_WORD) end
  local status = lower(M.status_of(answer))
  if not status then return "unknown" end
  if status == "not_cancellable" then return status end
  return status:find("^cancel") and "cancelled" or "unknown"
end

--- The API's error of a job that failed, in words; "" where it gives none.
---@param result core.json.Raw?
---@return string
function M.error_text(result)
  local err = result and (result:get "error" or result:get "error_message" or result:get "message")
  return err and answers.describe(err) or ""
end

return M
