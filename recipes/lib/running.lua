--- Jobs under way, so that none is lost: where a recipe ends before its jobs, the log names those that had not ended.
--- They were paid for.  Whether they go on is the operator's choice (setting cancel_remote_on_client_cancel).

local rc = require "rc"

local M = {}

local Running = {}
Running.__index = Running

local function has_ended(err)
  return type(err) == "table" and (err.code == "job_failed" or err.code == "job_cancelled")
end

--- Submits a request and waits for its end.
---@param submission rc.Submission
---@return rc.Finished
function Running:run(submission)
  local job = rc.submit(submission)
  self.open[job] = true
  local ok, finished = pcall(function() return job:wait() end) ---@type boolean, any
  if ok or has_ended(finished) then self.open[job] = nil end
  if not ok then error(finished, 0) end
  return finished
end

--- A list of jobs for the rest of the call.
---@return table running
function M.new()
  local self = setmetatable({ open = {} }, Running)
  self.guard = rc.finally(function()
    for job in pairs(self.open) do
      rc.log("warning", ("request %s of deployment %s had not ended; get_request_status tells how it goes, save_outputs fetches its files")
        :format(job.request_id, job.deployment_id))
    end
  end)
  return self
end

return M
