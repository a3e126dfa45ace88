--- What a call, or a load, is told whose worker has ended, or could not be started.

local errors = require "lib.errors"

local M = {}

--- Its worker has ended.
---@param why string
---@param fields? table
---@return Error
function M.ended(why, fields)
  local err = errors.new("the worker that ran the recipe has ended: " .. why, fields)
  err.code, err.ended, err.of_worker = "worker_ended", true, true
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
    { code = "no_worker", of_worker = true, hint = "rcmcp doctor looks at it." })
end

--- Whether an error is one of these; none that a recipe makes is.
---@param err Error
---@return boolean
function M.is(err)
  return err.of_worker == true
end

--- One of its own for a call: what that has begun is put into it.
---@param name string  the recipe's
---@param err Error    one of these
---@return Error
function M.of_call(name, err)
  return errors.new(("recipe '%s': %s"):format(name, err.message), err)
end

return M
