--- What becomes of a job whose caller has gone, where the operator has set that it is cancelled.  Who sees to it first marks it in the
--- list of requests that the caller has begun, and nobody else does: a wait, the tool that submitted, the end of the recipe's call.

local errors = require "lib.errors"
local lifecycle = require "lib.runcomfy.lifecycle"

local M = {}

--- Seconds that the cancel may take.
M.SECONDS = 5

---@class RemoteCancel
---@field runcomfy Client
---@field requests? OpenRequests  those that the caller has begun, where they are kept
---@field log fun(text: string)
---@field cancel? fun(): string   cancels it, and gives what came of it; default: at the API, by one try

-- Whether it is still to be seen to: then it is ours.
local function claim(job, requests)
  if not requests then return true end
  local entry = requests:find(job.deployment_id, job.request_id)
  if not entry then return not requests:has_ended(job.deployment_id, job.request_id) end
  if entry.cancelling then return false end
  entry.cancelling, entry.told = true, true
  return true
end

local function at_api(job, runcomfy)
  local answer, err = runcomfy:cancel(job.deployment_id, job.request_id, { once = true, total_ms = 1000 * M.SECONDS })
  return answer and lifecycle.cancel_outcome(answer) or errors.wrap(err).message
end

--- Cancels a job whose caller has gone, unless it is not to be, or somebody does already.
---@param job { deployment_id: string, request_id: string }
---@param options RemoteCancel
function M.cancel(job, options)
  local requests = options.requests
  if not options.runcomfy.cancel_remote_on_client_cancel or not claim(job, requests) then return end
  local outcome = options.cancel and options.cancel() or at_api(job, options.runcomfy)
  if requests then requests:cancelled(job.deployment_id, job.request_id, outcome) end
  options.log(("the caller gave up on request %s of deployment %s; cancelling the job: %s"):format(job.request_id, job.deployment_id,
    outcome))
end

return M
