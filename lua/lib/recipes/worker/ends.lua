--- What a call, or a load, is told whose worker has ended, or could not be started.

local errors = require "lib.errors"

local M = {}

-- Of errors that are of the worker, not of what ran there.
local CODES = { worker_ended = true, no_worker = true }

--- Its worker has ended.
---@param why string
---@param fields? table
---@return Error
function M.ended(why, fields)
  local err = errors.new("the worker that ran the recipe has ended: " .. why, fields)
  err.code, err.ended = "worker_ended", true
  return err
end

--- The host has ended it.
---@return Error
function M.stopped()
  return M.ended("it was stopped", { stopped = true })
end

--- None could be started, and nothing was done in its place.
---@param message string  the system's
---@return Error
function M.missing(message)
  return errors.new(("the recipe cannot run: no worker can be started for it: %s"):format(message),
    { code = "no_worker", hint = "rcmcp doctor looks at it." })
end

--- Whether an error is one of these.
---@param err Error
---@return boolean
function M.is(err)
  return CODES[err.code] == true
end

return M
