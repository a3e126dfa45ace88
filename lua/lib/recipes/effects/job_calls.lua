--- Calls of tools on a job's behalf, by the job's ids; the right to submit includes them.

local json = require "core.json"
local tools = require "lib.recipes.effects.tools"

local M = {}

--- What names a job to a tool.
---@param record rc.JobRecord
---@return { deployment_id: string, request_id: string }
function M.ids(record)
  return { deployment_id = record.deployment_id, request_id = record.request_id }
end

--- Calls a tool that takes the job's ids; in a fiber of the host.
---@param record rc.JobRecord
---@param name string
---@param for_job? rc.JobCall  default: it asks for nothing more
---@return { text: string?, data: any }|nil result, Error? err
---@return_overload { text: string?, data: any }
---@return_overload nil, Error
function M.call(record, name, for_job)
  return tools.call(record.state, name, M.ids(record), for_job or tools.FOR_JOB)
end

--- A part of an answer as checked bytes, whatever form the tool gave.
---@param value any
---@return core.json.Raw
function M.raw(value)
  return json.raw(json.encode(value == nil and json.null or value)) --[[@as core.json.Raw]]
end

return M
