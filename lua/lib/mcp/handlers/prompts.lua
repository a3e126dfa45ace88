--- prompts/get.

local jsonrpc = require "lib.mcp.jsonrpc"
local prompts = require "lib.features.prompts"
local reading = require "lib.mcp.handlers.reading"

local M = {}

local function write(request, prompt, messages)
  local revision = request.revision
  local ok, text = pcall(prompts.write, messages, revision)
  if not ok then return nil, ("prompt '%s': %s"):format(prompt.name, text) end
  return jsonrpc.result(request.id, revision:prompt_result(prompt.description, text))
end

local handler = {}

function handler.work(call)
  return prompts.get(call.feature, call.ctx:take_arguments(), call.ctx)
end

function handler.write(server, request, messages, err)
  if not messages then return reading.failure(request, err --[[@as Error]]) end
  return reading.response(server, request, "prompt", request.subject, write(request, request.subject, messages))
end

local function check(server, params)
  local name = params and params.name
  if type(name) ~= "string" then return nil, "'name' must be a string: the prompt to get" end
  local set = server.snapshot.prompts
  local prompt = set and set.find(name)
  if not prompt then return nil, "Unknown prompt: " .. jsonrpc.shown(name) end
  local arguments = jsonrpc.object_in(params.arguments)
  if not arguments then return nil, "'arguments' must be an object" end
  return prompt, arguments
end

---@param server Server
---@param request Request
function M.get(server, request)
  local prompt, arguments = check(server, request.params)
  if not prompt then return request:refuse(jsonrpc.INVALID_PARAMS, arguments) end
  request:begin(handler, prompt, arguments)
end

return M
