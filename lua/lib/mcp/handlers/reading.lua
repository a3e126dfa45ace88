--- What prompts/get and resources/read share: answers that are a result or an error, never a result that
--- tells an error.

local errors = require "lib.errors"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local log = require "core.log"

local M = {}

-- What programs are told of it: what its call has begun, and who asks again would pay for again.
local function data_of(err)
  local data = err.data
  if type(data) ~= "table" or not (data.open_requests or data.ended_requests) then return nil end
  local ok, text = pcall(json.encode, { code = err.code, open_requests = data.open_requests, ended_requests = data.ended_requests })
  return ok and text or nil
end

--- The answer to a request that failed.
---@param request Request
---@param err Error|string
---@return string text
function M.failure(request, err)
  if not errors.is(err) then err = errors.new(tostring(err)) end
  ---@cast err Error
  local code = err.code == "invalid_input" and jsonrpc.INVALID_PARAMS or jsonrpc.INTERNAL_ERROR
  return jsonrpc.failure(request.id, code, err.message, data_of(err))
end

--- The answer of a request that went well, within what a message may have.
---@param server Server
---@param request Request
---@param kind string
---@param source table     the prompt or resource
---@param text string|nil  nil: it cannot be written
---@param problem? string
---@return string text
function M.response(server, request, kind, source, text, problem)
  if text and #text > server.max_message then
    problem = ("%s '%s' has %d bytes, more than the %d that one message may have"):format(kind, source.name, #text,
      server.max_message)
    text = nil
  end
  if text then return text end
  ---@cast problem string
  log.write("error", problem)
  return jsonrpc.failure(request.id, jsonrpc.INTERNAL_ERROR, problem)
end

return M
