--- How the end of a job is told: the error of a failed or cancelled one, the remark on one without outputs.

local errors = require "lib.errors"
local json = require "lib.json"
local lifecycle = require "lib.runcomfy.lifecycle"
local outputs = require "lib.runcomfy.outputs"

local M = {}

local NO_OUTPUTS = "\nIt made no outputs: the inputs equalled those of the run before, so ComfyUI reused what it had. "
  .. "Change a seed or another input and submit again to get new files."
local NOT_ENDED = "\nIt has not ended: ask get_request_status until it says completed."

local ERROR_KEYS = { "ok", "error", "deployment_id", "request_id", "submission", "status", "result", "output_urls" }

--- The error of a job that ended as failed or cancelled.
---@param text string       the sentence that says so
---@param outcome "failed"|"cancelled"
---@param data table        what the tool would have answered, ids included; becomes the error's data
---@return Error
function M.error(text, outcome, data)
  local reason = lifecycle.error_text(data.result)
  local message = reason ~= "" and text .. " " .. reason or text
  data.ok, data.error = false, message
  return errors.new(message, { code = "job_" .. outcome, request_id = data.request_id, data = json.ordered(ERROR_KEYS, data) })
end

--- What there is to say about a result beside its status; "" for nothing.
---@param outcome? "completed"|"succeeded"
---@param result core.json.Raw
---@return string
function M.remark(outcome, result)
  if not outcome then return NOT_ENDED end
  return outputs.empty(result) and NO_OUTPUTS or ""
end

return M
