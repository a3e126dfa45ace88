--- How the end of a job is told: the error of a failed or cancelled one, the remark on one without outputs.

local answers = require "lib.runcomfy.answers"
local lifecycle = require "lib.runcomfy.lifecycle"
local outputs = require "lib.runcomfy.outputs"
local told = require "lib.runcomfy.told"

local M = {}

local NO_OUTPUTS = "\nIt lists no outputs. Either nothing in it differed from a run before, which ComfyUI then does not repeat: that run's "
  .. "result has the files. Or the workflow saves nothing that RunComfy stores. Look there before paying for another run."
local NO_FILES = "\nIt made no files with a URL: what it made stands in result.%s."
local UNTOLD = "\nIt does not say whether it has ended: get_request_status tells."
local NOT_ENDED = "\nIt has not ended: ask get_request_status until it says completed."

--- The error of a job that ended as failed or cancelled.
---@param text string       the sentence that says so
---@param outcome "failed"|"cancelled"
---@param data table        what the tool would have answered, ids included; becomes the error's data
---@return Error
function M.error(text, outcome, data)
  local reason = lifecycle.error_text(data.result)
  local message = reason ~= "" and text .. " " .. reason or text
  return told.error({ message = message, code = "job_" .. outcome, request_id = data.request_id }, data)
end

--- What there is to say about a result beside its status; "" for nothing.
---@param ended any  true where the job is known to have ended
---@param result core.json.Raw
---@param urls table[]  its files
---@return string
function M.remark(ended, result, urls)
  if answers.is_part(result) then return "" end -- what is missing may be just that
  local word = lifecycle.status_of(result)
  if not ended then return lifecycle.is_open(word) and NOT_ENDED or UNTOLD end
  if #urls > 0 then return "" end
  if outputs.empty(result) then return lifecycle.outcome(word) == "succeeded" and NO_OUTPUTS or "" end
  local place = outputs.place(result)
  return place and NO_FILES:format(place) or ""
end

return M
