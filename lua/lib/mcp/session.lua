--- One connection: reads messages, decides their era, keeps its calls, and ends them.
---
--- Legacy requests live by the last `initialize`; modern ones tell all in their own `_meta`.  Both may
--- come over one connection, in any order.

local batch = require "lib.mcp.batch"
local gates = require "lib.mcp.gate"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local log = require "core.log"
local receipts = require "lib.mcp.receipts"
local subscriptions = require "lib.mcp.subscriptions"
local versions = require "lib.mcp.versions"

local M = {}

local null, is_object = json.null, jsonrpc.is_object

local PREFIX = "io.modelcontextprotocol/"
local VERSION = PREFIX .. "protocolVersion"
local CAPABILITIES = PREFIX .. "clientCapabilities"
local CLIENT = PREFIX .. "clientInfo"
local LOG_LEVEL = PREFIX .. "logLevel"

local MODERN, LATEST_LEGACY = versions.MODERN, versions.LATEST_LEGACY

local log_levels = {
  debug = true, info = true, notice = true, warning = true, error = true, critical = true, alert = true, emergency = true,
}

---@class Session
---@field on_idle? fun()              called each time the last open call has ended
---@field private server Server
---@field private transport Transport
---@field private revision? Revision  negotiated by `initialize`
---@field private client? table       clientInfo of `initialize`
---@field private capabilities? table the client's, of `initialize`
---@field private outgoing? Outgoing  requests to the client, once there was one
---@field private parking? Parking    calls that wait for answers in 2026-07-28, once there was one
---@field private left? boolean       the client answers nothing more
---@field private calls table<string, Request>  id to what runs for it
---@field private open integer        how many
---@field private ready? boolean      the client has gone on after its `initialize`
---@field private streams Subscriptions
---@field private gate Gate
---@field private bytes integer       of the message that is read, of a batch its share
---@field private rest? { list: table, next: integer, bytes: integer, transport: Transport, answers: Batch }  of a batch that is held
local Session = {}
Session.__index = Session

---@param server Server
---@param transport Transport
---@param start fun(ctx: Context)  begins a call that the gate lets in
---@return Session
function M.new(server, transport, start)
  return setmetatable({
    server = server, transport = transport, calls = {}, open = 0, bytes = 0, streams = subscriptions.new(), gate = gates.new(start),
  }, Session)
end

-- Era ----------------------------------------------------------------------------------------------

local function client_of(info)
  if not is_object(info) then return nil end
  return {
    name = type(info.name) == "string" and info.name or nil,
    version = type(info.version) == "string" and info.version or nil,
  }
end

local function unsupported(requested)
  local supported = json.encode(json.as_array(versions.instead_of(requested)))
  return nil, jsonrpc.UNSUPPORTED_VERSION, "Unsupported protocol version: " .. jsonrpc.shown(requested),
    '{"supported":' .. supported .. ',"requested":' .. json.encode(requested) .. "}"
end

-- The revision of a request that carries its own metadata, or nil, code, message, data.
local function modern(self, meta)
  local version = meta[VERSION]
  if type(version) ~= "string" then
    return nil, jsonrpc.INVALID_PARAMS, "'_meta' must have '" .. VERSION .. "', a string"
  end
  if version ~= MODERN then return unsupported(version) end
  if not is_object(meta[CAPABILITIES]) then
    return nil, jsonrpc.INVALID_PARAMS, "'_meta' must have '" .. CAPABILITIES .. "', an object"
  end
  local level = meta[LOG_LEVEL]
  if level ~= nil and level ~= null and not log_levels[level] then
    return nil, jsonrpc.INVALID_PARAMS, "'_meta': '" .. LOG_LEVEL .. "' is no log level"
  end
  return self.server:revision(MODERN)
end

local function is_modern(meta)
  return meta and (meta[VERSION] ~= nil or meta[CAPABILITIES] ~= nil or meta[CLIENT] ~= nil)
end

-- The revision for a request, or nil, code, message, data.
local function choose(self, method, meta)
  if is_modern(meta) then return modern(self, meta) end
  if self.revision then
    self.ready = true
    return self.revision
  end
  if method == "ping" then return self.server:revision(LATEST_LEGACY) end
  return nil, jsonrpc.INVALID_PARAMS, "'_meta' with '" .. VERSION .. "' (" .. MODERN
    .. ") is missing; or call 'initialize' first"
end

-- Messages -----------------------------------------------------------------------------------------

local function initialize(self, params, id, sink)
  local server = self.server
  local requested = params and params.protocolVersion
  local revision = requested ~= MODERN and server:revision(requested) or server:revision(LATEST_LEGACY)
  self.revision, self.ready = revision, false
  self.client = client_of(params and params.clientInfo)
  self.capabilities = params and params.capabilities
  sink:send(jsonrpc.result(id, revision:initialize_result(server:offers())))
end

local function take_request(self, message, id, transport, sink)
  local method, params = message.method, message.params
  if params == null then params = nil end
  if params ~= nil then
    params = jsonrpc.object_in(params)
    if not params then return sink:send(jsonrpc.failure(id, jsonrpc.INVALID_PARAMS, "'params' must be an object")) end
  end
  local meta = params and params._meta
  if not is_object(meta) then meta = nil end
  if method == "initialize" and not (meta and meta[VERSION] ~= nil) then return initialize(self, params, id, sink) end

  local revision, code, problem, data = choose(self, method, meta)
  if not revision then return sink:send(jsonrpc.failure(id, code, problem, data)) end
  self.server:handle({
    id = id, params = params, meta = meta, revision = revision, session = self, transport = transport, sink = sink,
    client = meta and meta[CLIENT] ~= nil and client_of(meta[CLIENT]) or self.client,
    ctx = nil, fiber = nil, perform = nil, answer_by = nil, -- room: setting them must not fail after the answer has gone out
  }, method)
end

-- What goes wrong in the server itself, and memory that runs out, costs this request alone.
local function read_request(self, message, id, transport, sink)
  local ok, err = pcall(take_request, self, message, id, transport, sink)
  if not ok then self:fail(id, sink, err) end
end

local function read_notification(self, message)
  local params = message.params
  if message.method == "notifications/initialized" then self.ready = self.revision ~= nil end
  if message.method ~= "notifications/cancelled" or not is_object(params) then return end
  local id = jsonrpc.id_text(params.requestId)
  if id then self:cancel(id, params.reason) end
end

local function read_response(self, message)
  if self.outgoing then self.outgoing:answer(message) end
end

-- Why a request may not stand in a batch.
local function out_of_place(request)
  if request.method == "initialize" then return "'initialize' inside a batch" end
  local meta = is_object(request.params) and request.params._meta
  if is_object(meta) and is_modern(meta) then return "a " .. MODERN .. " request inside a batch" end
end

local function read_element(self, element, transport, sink)
  local kind, id, reason = jsonrpc.classify(element)
  if kind == "notification" then return read_notification(self, element) end
  if kind == "response" then return read_response(self, element) end
  sink:expect()
  if kind == "batch" then reason = "a batch inside a batch" end
  if kind == "request" then reason = out_of_place(element) end
  if not reason then return read_request(self, element, id, transport, sink) end
  sink:send(jsonrpc.failure(id, jsonrpc.INVALID_REQUEST, "Invalid request: " .. reason))
end

-- Reads on in a batch, as long as nothing holds and the connection is there.
local function read_rest(self)
  local rest = self.rest
  if not rest then return end
  while rest.next <= #rest.list do
    if self.gate:is_held() then return end
    local element = rest.list[rest.next]
    self.bytes, rest.next = rest.bytes, rest.next + 1
    read_element(self, element, rest.transport, rest.answers)
    if self.rest ~= rest then return end
  end
  self.rest = nil
  rest.answers:close()
end

local function read_batch(self, list, transport)
  local problem
  if not (self.revision and self.revision.batches) then
    problem = "a message is one JSON object; batches belong to 2025-03-26 and 2024-11-05"
  elseif #list == 0 then
    problem = "an empty batch"
  end
  if problem then return transport:send(jsonrpc.failure(nil, jsonrpc.INVALID_REQUEST, "Invalid request: " .. problem)) end
  self.rest = {
    list = list, next = 1, bytes = self.bytes // #list, transport = transport, answers = batch.new(transport, self.server.max_message),
  }
  read_rest(self)
end

local MARK = "\xEF\xBB\xBF" -- of byte order

-- What the outermost object of a message tells that could not be read.
local function envelope_of(text)
  return json.envelope(text:sub(1, #MARK) == MARK and text:sub(#MARK + 1) or text)
end

-- Answers a message that was not parsed under the id that stands in it: its caller waits for that.
local function refuse(transport, code, problem, kind, written)
  local answered, id = jsonrpc.answerable(kind, written)
  if answered then transport:send(jsonrpc.failure(id, code, problem)) end
end

--- Takes one message.
---@param text string
---@param transport? Transport  where its answer goes; default: the connection's
function Session:receive(text, transport)
  transport = transport or self.transport
  if self.rest then self:release() end -- a transport that reads on although it was held: its client is about to end
  self.bytes = #text
  local ok, message, problem = pcall(json.decode, text, true)
  if not ok then
    log.write("error", "a message could not be read: " .. tostring(message))
    return refuse(transport, jsonrpc.INTERNAL_ERROR, "Internal error: " .. tostring(message), envelope_of(text))
  end
  if message == nil then
    log.write("warning", "a message that is not JSON: " .. problem)
    return refuse(transport, jsonrpc.PARSE_ERROR, "Parse error: " .. problem, envelope_of(text))
  end
  local kind, id, reason = jsonrpc.classify(message)
  if kind == "request" then return read_request(self, message, id, transport, transport) end
  if kind == "notification" then return read_notification(self, message) end
  if kind == "response" then return read_response(self, message) end
  if kind == "batch" then return read_batch(self, message, transport) end
  if kind == "invalid" then
    transport:send(jsonrpc.failure(id, jsonrpc.INVALID_REQUEST, "Invalid request: " .. reason))
  end
end

--- Answers for a message that could not be taken, where an answer is due.
---@param problem string
---@param kind? string  what json.envelope told of it, default "unknown"
---@param id? string
---@param transport? Transport
function Session:refuse(problem, kind, id, transport)
  log.write("warning", problem)
  refuse(transport or self.transport, jsonrpc.INVALID_REQUEST, "Invalid request: " .. problem, kind or "unknown", id)
end

-- Calls --------------------------------------------------------------------------------------------

--- Why a call cannot begin; nil if it can.
---@param request Request
---@return { code: integer, message: string }?
function Session:admit(request)
  if self.calls[request.id] or self.streams:has(request.id) then
    return { code = jsonrpc.INVALID_REQUEST, message = "Invalid request: a call with this id is still running" }
  end
  if self.open >= self.server.max_calls then
    return { code = jsonrpc.INTERNAL_ERROR, message = "Busy: " .. self.open .. " calls are running; try again when one has ended" }
  end
  if not self.gate:has_room(self.bytes) then
    return { code = jsonrpc.INTERNAL_ERROR,
      message = "Busy: the calls that wait for their turn have too many bytes; nothing was begun, try again when some have ended" }
  end
end

--- A pass through the gate.
---@param ctx Context
---@return Pass
function Session:pass(ctx)
  return self.gate:pass(ctx)
end

--- Begins the call of the message that is read, now or when it is its turn.
---@param ctx Context
function Session:let_in(ctx)
  ctx.pass:enter(self.bytes)
end

--- Begins no call, and reads no further in a batch, until `release`: the client leaves unread what it was sent.
function Session:hold()
  self.gate:hold()
end

--- Goes on where it was held.
function Session:release()
  self.gate:release()
  read_rest(self)
end

--- Keeps a call that is about to run, or to wait for its turn.
---@param request Request
function Session:begin(request)
  self.calls[request.id] = request
  self.open = self.open + 1
end

local function remove(self, id)
  self.calls[id] = nil
  self.open = self.open - 1
end

--- Whether a call that was begun has not ended.
---@param request Request
---@return boolean
function Session:is_open(request)
  return self.calls[request.id] == request
end

local function tell_idle(self)
  if self.open == 0 and self.on_idle then self.on_idle() end
end

--- A request failed inside the server: a call of this id that has no fiber did not begin.
---@param id string
---@param sink Transport|Batch
---@param err any
function Session:fail(id, sink, err)
  local request = self.calls[id]
  if request and not request.fiber then remove(self, id) end
  log.write("error", ("request %s failed inside the server: %s"):format(id, tostring(err)))
  sink:send(jsonrpc.failure(id, jsonrpc.INTERNAL_ERROR, "Internal error: " .. tostring(err)))
  tell_idle(self)
end

-- There was no memory to queue an answer; an error needs less.
local function unsent(request, text, problem)
  log.write("error", ("the answer to request %s, %d bytes, could not be sent: %s"):format(request.id, #text, tostring(problem)))
  local begun = request.ctx and receipts.sentence(request.ctx.receipts) or ""
  request.sink:send(jsonrpc.failure(request.id, jsonrpc.INTERNAL_ERROR, "Internal error: no memory to send the answer." .. begun))
end

--- Sends the answer of a call that was begun.
---@param request Request
---@param text string
function Session:finish(request, text)
  remove(self, request.id)
  local ok, problem = pcall(request.sink.send, request.sink, text)
  if not ok then unsent(request, text, problem) end
  tell_idle(self)
end

--- Drops a call that was begun and for which not even an error can be written.
---@param request Request
function Session:abandon(request)
  remove(self, request.id)
  if request.sink.skip then request.sink:skip() end
  tell_idle(self)
end

local function stop(self, id, reason)
  local request = self.calls[id]
  remove(self, id)
  request.ctx:give_up()
  if not request.ctx.pass:has_begun() then request.ctx.pass:close() end -- nothing was sent for it
  if request.sink.skip then request.sink:skip() end
  if request.fiber then request.fiber:cancel(reason) end
end

--- Ends a call; nothing is sent for it any more.  An unknown id, or that of an ended call, is ignored.
---@param id string     JSON text
---@param reason? any
function Session:cancel(id, reason)
  self.streams:cancel(id)
  if not self.calls[id] then return end
  stop(self, id, type(reason) == "string" and reason or "the client cancelled the request")
  tell_idle(self)
end

local function open_ids(self)
  local ids = {}
  for id in pairs(self.calls) do ids[#ids + 1] = id end
  return ids
end

--- A capability that the client declared in its `initialize`.
---@param name string
---@return table?
function Session:capability(name)
  local declared = is_object(self.capabilities) and self.capabilities[name]
  return is_object(declared) and declared or nil
end

--- Sends a request to the client of a handshake; see Outgoing.request.
---@param transport Transport
---@param method string
---@param params string  JSON text
---@param callback fun(kind: AnswerKind, value: any)
---@return OutgoingRequest|nil handle, string? message, string? code
function Session:ask(transport, method, params, callback)
  if self.left then return nil, "the client answers nothing more", "closed" end
  self.outgoing = self.outgoing or require("lib.mcp.outgoing").new()
  return self.outgoing:request(transport, method, params, self.server.ask_seconds, callback)
end

--- Asks with the answer to a request of 2026-07-28; see Parking.ask.
---@param ctx Context
---@param params string  JSON text
---@param callback fun(kind: AnswerKind, value: any)
---@return Ask|nil handle, string? message, string? code
function Session:park(ctx, params, callback)
  if self.left then return nil, "the client asks nothing more", "closed" end
  self.parking = self.parking or require("lib.mcp.parking").new(self, self.server.ask_seconds)
  return self.parking:ask(ctx, params, callback)
end

--- Goes on with a call that asked.
---@param request Request
function Session:resume(request)
  self.parking = self.parking or require("lib.mcp.parking").new(self, self.server.ask_seconds)
  self.parking:resume(request)
end

--- Lets another request, or what stands for one, take the place of an open one.
---@param before Request
---@param after Request
function Session:replace(before, after)
  self.calls[after.id] = after
  self.calls[before.id] = nil
end

--- The client asks nothing more, and answers nothing: calls that wait end with what they have, the others go on.
---@param cancel_waits? boolean  those that wait are cancelled in place of that
function Session:leave(cancel_waits)
  self.left = true
  self.gate:let_out()
  self:release()
  for _, id in ipairs(open_ids(self)) do
    local request = self.calls[id]
    if request and cancel_waits and request.ctx:may_wait() then
      stop(self, id, "the server ends")
    elseif request then
      request.ctx:leave()
    end
  end
  if self.outgoing then self.outgoing:close() end
  if self.parking then self.parking:close() end
  if cancel_waits then tell_idle(self) end
end

--- The calls that are open: id as JSON text, name of the tool, prompt or resource, whether they have begun.
---@return { id: string, name: string, begun: boolean }[]
function Session:open_calls()
  local list = {}
  for _, id in ipairs(open_ids(self)) do
    local ctx = self.calls[id].ctx
    list[#list + 1] = { id = id, name = ctx.tool, begun = ctx.pass:has_begun() }
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

--- How many calls are open.
---@return integer
function Session:pending()
  return self.open
end

--- Begins a stream of notifications.
---@param request Request
---@param offered table<string, true>  notifications that the server sends
---@return { code: integer, message: string, data: string? }? problem
function Session:listen(request, offered)
  return self:admit(request) or self.streams:open(request, offered)
end

--- Sends a notification: by itself to a client of a handshake, on their streams to others.
---@param method string
function Session:notify(method)
  if self.ready then self.transport:send(jsonrpc.notification(method, "{}")) end
  self.streams:notify(method)
end

--- Ends all streams in peace: what the client still reads tells it so.
---@param reason string
function Session:finish_streams(reason)
  self.streams:finish(reason)
end

--- Ends the connection and all its calls.
---@param reason? any
function Session:close(reason)
  self.left = true
  self.gate:close()
  self.rest = nil
  for _, id in ipairs(open_ids(self)) do
    if self.calls[id] then stop(self, id, reason or "the connection has ended") end
  end
  if self.parking then self.parking:close() end
  self.server:forget(self)
end

return M
