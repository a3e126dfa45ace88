--- resources/read.

local errors = require "lib.errors"
local jsonrpc = require "lib.mcp.jsonrpc"
local json = require "core.json"
local reading = require "lib.mcp.handlers.reading"
local resources = require "lib.features.resources"

local M = {}

local function not_found(request, uri, message)
  return jsonrpc.failure(request.id, request.revision.not_found, message or "Resource not found: " .. jsonrpc.shown(uri),
    '{"uri":' .. json.encode(uri) .. "}")
end

local function write(request, source, contents)
  local ok, text = pcall(resources.write, contents)
  if not ok then return nil, ("resource '%s': %s"):format(source.name, text) end
  return jsonrpc.result(request.id, request.revision:read_result(text))
end

local handler = {}

function handler.work(call)
  local asked = call.ctx:take_arguments()
  local contents, err = resources.read(call.feature, asked.uri, asked.variables, call.ctx)
  if contents or err and err.code ~= "not_found" then return contents, err end
  return nil, errors.new(err and err.message or "Resource not found: " .. jsonrpc.shown(asked.uri), { code = "not_found", uri = asked.uri })
end

function handler.write(server, request, contents, err)
  local source = request.subject
  if contents then return reading.response(server, request, "resource", source, write(request, source, contents)) end
  if err.code ~= "not_found" then return reading.failure(request, err) end
  return not_found(request, err.uri, err.message)
end

-- What gives a resource: one that is listed, or a template.
local function find(snapshot, uri)
  local listed = snapshot.resources and snapshot.resources.find(uri)
  if listed then return listed end
  if snapshot.templates then return snapshot.templates.match(uri) end
end

---@param server Server
---@param request Request
function M.read(server, request)
  local uri = request.params and request.params.uri
  if type(uri) ~= "string" then
    return request:refuse(jsonrpc.INVALID_PARAMS, "'uri' must be a string: the resource to read")
  end
  local source, variables = find(server.snapshot, uri)
  if not source then return request.sink:send(not_found(request, uri)) end
  request:begin(handler, source, { uri = uri, variables = variables })
end

return M
