--- The MCP server: one neutral handler a method, whatever the revision; no I/O of its own.
---
--- A transport connects, hands whole messages to the session it got, and sends what comes back.

local content = require "lib.mcp.content"
local context = require "lib.mcp.context"
local fiber = require "lib.fiber"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local log = require "core.log"
local registry = require "lib.mcp.registry"
local session = require "lib.mcp.session"
local versions = require "lib.mcp.versions"

local M = {}

---@class Transport
---@field send fun(self: Transport, text: string)  one message, without line end; dropped once closed
---@field close fun(self: Transport)
---@field is_closed fun(self: Transport): boolean

---@class ServerOptions
---@field snapshot Snapshot         the tools
---@field version string            of the program
---@field name? string              default "rcmcp"
---@field title? string
---@field instructions? string      for the model
---@field ttl_ms? integer           how long a client may keep a list, default 60,000
---@field list_changed? boolean     the tools may change, and clients are told
---@field max_message? integer      most bytes of a message sent, default 8 MiB: clients give up at 10
---@field max_calls? integer        calls at once a connection, default 20,000

---@class Server
---@field snapshot Snapshot
---@field max_message integer
---@field max_calls integer
---@field private identity ServerIdentity
---@field private revisions table<string, Revision>  made at first use
---@field private lists table<string, string>        revision to the result of tools/list, of this snapshot
---@field private sessions table<Session, true>
---@field private notifications table<string, true>  of changed lists, which this server sends
local Server = {}
Server.__index = Server

local MAX_MESSAGE = 8 * 1024 * 1024
local LARGE_MESSAGE = 1024 * 1024 -- from here on some clients cut
local PROGRESS_GAP = 0.05         -- seconds between the last progress and the result: some clients drop it otherwise

---@param options ServerOptions
---@return Server
function M.new(options)
  return setmetatable({
    snapshot = options.snapshot,
    max_message = options.max_message or MAX_MESSAGE,
    max_calls = options.max_calls or 20000,
    identity = {
      name = options.name or "rcmcp",
      title = options.title,
      version = options.version,
      instructions = options.instructions,
      ttl_ms = options.ttl_ms or 60000,
      list_changed = options.list_changed,
    },
    revisions = {}, lists = {}, sessions = {},
    notifications = options.list_changed and { ["notifications/tools/list_changed"] = true } or {},
  }, Server)
end

--- Begins a connection.
---@param transport Transport
---@return Session
function Server:connect(transport)
  local connection = session.new(self, transport)
  self.sessions[connection] = true
  return connection
end

---@param connection Session
function Server:forget(connection)
  self.sessions[connection] = nil
end

--- Ends all calls of all connections; nothing is sent for them.
---@param reason? any
function Server:shutdown(reason)
  for connection in pairs(self.sessions) do connection:close(reason or "the server ends") end
end

--- Tells all clients that asked, or that live by a handshake, of a change.
---@param method string  a notification that this server said it sends
function Server:notify(method)
  if not self.notifications[method] then return end
  for connection in pairs(self.sessions) do connection:notify(method) end
end

--- Takes a new set of tools, and tells the clients.  Calls under way go on with the tool they began with.
---@param snapshot Snapshot
function Server:tools_changed(snapshot)
  self.snapshot = snapshot
  self.lists = {}
  self:notify "notifications/tools/list_changed"
end

--- A revision, for this server; nil if it is none that this server speaks.
---@param version any
---@return Revision?
function Server:revision(version)
  local revision = self.revisions[version]
  if revision or not versions.known[version] then return revision end
  revision = require("lib.mcp.revisions." .. versions.module(version)):of(self.identity)
  self.revisions[version] = revision
  return revision
end

-- Handlers -----------------------------------------------------------------------------------------

---@class Request
---@field id string             JSON text
---@field params? table
---@field meta? table
---@field client? table         who asks
---@field revision Revision
---@field session Session
---@field transport Transport   where notifications go
---@field sink Transport|Batch  where the answer goes
---@field ctx? Context          of a call
---@field fiber? Fiber

local handlers = {} ---@type table<string, fun(server: Server, request: Request)>

local function answer(request, result)
  request.sink:send(jsonrpc.result(request.id, result))
end

local function refuse(request, code, message, data)
  request.sink:send(jsonrpc.failure(request.id, code, message, data))
end

function handlers.ping(_, request)
  answer(request, "{}")
end

function handlers.discover(_, request)
  answer(request, request.revision:discover_result(versions.all))
end

function handlers.list_tools(server, request)
  local params, revision = request.params, request.revision
  if params and params.cursor ~= nil and params.cursor ~= json.null then
    return refuse(request, jsonrpc.INVALID_PARAMS, "Invalid cursor: the list has one page, and no cursor was given out")
  end
  local text = server.lists[revision.version]
  if not text then
    text = revision:list_result(server.snapshot.list)
    server.lists[revision.version] = text
  end
  answer(request, text)
end

function handlers.listen(server, request)
  local problem = request.session:listen(request, server.notifications)
  if problem then refuse(request, problem.code, problem.message, problem.data) end
end

-- Writes a result in the revision's words; nil and why where JSON cannot say it.  Clients check the
-- structured content of errors against the output schema, too, and lose an error that breaks it.
local function write(request, tool, result)
  local revision = request.revision
  local carried = revision.structured and not (result.is_error and tool.allows and not tool.allows(result.data))
  local blocks, structured = content.render(result, carried)
  if not blocks then return nil, structured end
  return jsonrpc.result(request.id, revision:call_result(blocks, carried and structured or nil, result.is_error))
end

local function unwritable(request, tool, problem)
  local message = ("tool '%s': its result cannot be written as JSON: %s"):format(tool.name, problem)
  log.write("error", message)
  return assert(write(request, tool, content.failure(message)))
end

local function too_large(server, request, tool, result, bytes)
  log.write("warning", ("the answer of tool '%s' has %d bytes; an error takes its place"):format(tool.name, bytes))
  return assert(write(request, tool, content.too_large(result, bytes, server.max_message)))
end

local function response(server, request, tool, result)
  local text, problem = write(request, tool, result)
  if not text then return unwritable(request, tool, problem) end
  if #text <= LARGE_MESSAGE then return text end
  if #text > server.max_message then return too_large(server, request, tool, result, #text) end
  log.write("warning", ("the answer of tool '%s' has %d bytes; some clients cut at 1 MiB"):format(tool.name, #text))
  return text
end

local function perform(server, request, tool, arguments, ctx)
  local result = registry.call(tool, arguments, ctx)
  local since = ctx:finish()
  if since and since < PROGRESS_GAP then fiber.sleep(PROGRESS_GAP - since) end
  return response(server, request, tool, result)
end

local function internal_error(request, tool, ctx, err)
  ctx:finish()
  log.write("error", ("the call of tool '%s' failed inside the server: %s"):format(tool.name, tostring(err)))
  return jsonrpc.failure(request.id, jsonrpc.INTERNAL_ERROR, "Internal error: " .. content.clean(tostring(err)))
end

-- A call, in its fiber.  Whatever goes wrong outside of the tool is an internal error, and is answered.
local function run_call(server, request, tool, arguments, ctx)
  local ok, text = pcall(perform, server, request, tool, arguments, ctx)
  if ctx.cancelled then return end
  if not ok then ok, text = pcall(internal_error, request, tool, ctx, text) end
  if not ok then return request.session:abandon(request) end
  request.session:finish(request, text)
end

local function progress_token(request)
  local meta = request.meta
  return meta and jsonrpc.id_text(meta.progressToken)
end

local function check_call(server, params)
  local name = params and params.name
  if type(name) ~= "string" then return nil, "'name' must be a string: the tool to call" end
  local tool = server.snapshot.find(name)
  if not tool then return nil, "Unknown tool: " .. jsonrpc.shown(name) end
  local arguments = params.arguments
  if arguments == nil or arguments == json.null then return tool, {} end
  if not jsonrpc.is_object(arguments) then return nil, "'arguments' must be an object" end
  return tool, arguments
end

function handlers.call_tool(server, request)
  local tool, arguments = check_call(server, request.params)
  if not tool then return refuse(request, jsonrpc.INVALID_PARAMS, arguments) end
  local connection = request.session
  local problem = connection:admit(request)
  if problem then return refuse(request, problem.code, problem.message) end
  local ctx = context.new {
    tool = tool.name,
    client = request.client,
    transport = request.transport,
    token = progress_token(request),
    messages = request.revision.progress_messages,
  }
  request.ctx = ctx
  connection:begin(request)
  local task = fiber.spawn(run_call, server, request, tool, arguments, ctx)
  if task.status ~= "waiting" and connection:is_open(request) then error("not enough memory to start the call", 0) end
  request.fiber = task
  if ctx.cancelled then task:cancel("the connection has ended") end
end

--- Answers a request whose revision is known.
---@param request Request
---@param method string
function Server:handle(request, method)
  local handler = handlers[request.revision.methods[method]]
  if handler then return handler(self, request) end
  refuse(request, jsonrpc.METHOD_NOT_FOUND, "Method not found: " .. jsonrpc.shown(method))
end

return M
