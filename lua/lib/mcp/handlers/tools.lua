--- tools/call.

local content = require "lib.mcp.content"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local fitting = require "lib.mcp.fitting"
local jsonrpc = require "lib.mcp.jsonrpc"
local label = require "lib.features.label"
local log = require "core.log"
local outcome = require "lib.features.outcome"
local receipts = require "lib.calls.receipts"
local registry = require "lib.features.registry"

local M = {}

local LARGE_MESSAGE = 1024 * 1024 -- from here on some clients cut

-- Clients check the structured content of errors against the output schema, too, and lose an error that breaks it.
local function is_carried(revision, tool, result)
  if not revision.structured then return false end
  local allows = not revision.any_structure and tool.allows_wrapped or tool.allows
  return not (result.is_error and allows and not allows(result.data))
end

-- Clients throw a result away that breaks the output schema, but not an error without structure: its text has the data.
local function fit_pending(revision, tool, result)
  if not (result.pending and revision.structured) or registry.admits(tool, result.data) then return true end
  result.is_error = true
  return false
end

-- Writes a result in the revision's words; nil and why where JSON cannot say it; false where its data, `written` already,
-- are longer than the message may be.
local function write(request, tool, result, written, limit)
  local revision = request.revision
  local carried = fit_pending(revision, tool, result) and is_carried(revision, tool, result)
  if carried and written and #written > limit then return false end
  local blocks, structured = content.render(result, written, revision, carried, tool.wrapped ~= nil and not result.is_error)
  if not blocks then return nil, structured end
  local meta = result.label_beside and '"simulated":true' or nil
  return jsonrpc.result(request.id, revision:call_result(blocks, carried and structured or nil, result.is_error, meta))
end

local function unwritable(request, tool, problem, begun)
  local message = ("tool '%s': its result cannot be written as JSON: %s"):format(tool.name, problem)
  log.write("error", message)
  local err = receipts.name_in(begun, errors.new(message))
  return assert(write(request, tool, outcome.failure(err)))
end

-- A shortened result that breaks the schema which clients check is an error for them: it is told as one, with all it holds.
local function delivered(tool, result)
  if result.is_error or not tool.conforms then return result end
  local conforms, problem = fitting.check_without(result.data, function(data)
    return label.check_without(tool.label_rules, data, tool.conforms)
  end)
  if conforms then return result end
  return outcome.failure(outcome.undelivered(("shortened, it breaks the tool's output schema: %s"):format(problem), result))
end

-- Each part of what follows is one piece of work, as long as the result.
local function turn()
  fiber.shield(fiber.next_turn)
end

local function too_large(server, request, tool, result, written, bytes)
  local limit = server.max_message
  log.write("warning", ("the answer of tool '%s' has %d bytes; it is shortened"):format(tool.name, bytes))
  turn()
  local fitted = delivered(tool, fitting.result(result, written, bytes, limit))
  turn()
  local text = write(request, tool, fitted)
  if text and #text <= limit then return text end
  return assert(write(request, tool, content.too_large(result, bytes, limit)))
end

local handler = {}

function handler.work(call)
  return registry.perform(call.feature, nil, call.ctx)
end

function handler.write(server, request, given, err, begun)
  local tool, limit = request.subject, server.max_message
  local result = registry.result(given, err)
  local written, problem = content.written(result)
  if problem then return unwritable(request, tool, problem, begun) end
  local text, why = write(request, tool, result, written, limit)
  if text == nil then return unwritable(request, tool, why, begun) end
  if not text or #text > limit then return too_large(server, request, tool, result, written, text and #text or #written) end
  if #text > LARGE_MESSAGE then
    log.write("warning", ("the answer of tool '%s' has %d bytes; some clients cut at 1 MiB"):format(tool.name, #text))
  end
  return text
end

local function check(server, params)
  local name = params and params.name
  if type(name) ~= "string" then return nil, "'name' must be a string: the tool to call" end
  local tool = server.snapshot.find(name)
  if not tool then return nil, "Unknown tool: " .. jsonrpc.shown(name) end
  local arguments = jsonrpc.object_in(params.arguments)
  if not arguments then return nil, "'arguments' must be an object" end
  return tool, arguments
end

---@param server Server
---@param request Request
function M.call(server, request)
  local tool, arguments = check(server, request.params)
  if not tool then return request:refuse(jsonrpc.INVALID_PARAMS, arguments) end
  request:begin(handler, tool, arguments)
end

return M
