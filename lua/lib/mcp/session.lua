--- One connection: its requests, by their ids, and its streams; its era and handshake are the intake's.
---
--- Requests of both eras may come over one connection, in any order.  Calls belong to the account (lib.calls): a connection has
--- the requests that listen to them.

local errors = require "lib.errors"
local gates = require "lib.mcp.gate"
local intake = require "lib.mcp.intake"
local jsonrpc = require "lib.mcp.jsonrpc"
local log = require "core.log"
local receipts = require "lib.calls.receipts"
local requests = require "lib.mcp.request"
local rescue = require "lib.async.rescue"
local subscriptions = require "lib.mcp.subscriptions"

local M = {}

local is_object = jsonrpc.is_object

---@class Session
---@field server Server
---@field on_idle? fun()              called each time the last open call has ended
---@field package transport Transport
---@field package outgoing? Outgoing  requests to the client, once there was one
---@field draining? boolean           the client answers nothing more
---@field inputs integer              calls that wait for an answer to a question which was given to it
---@field package requests table<string, Request>  those that are open, by id: each listens to a call, or writes its answer
---@field package open integer        how many
---@field package deferred table<string, Request>  those that wait for the sets of the server, by id
---@field package waiting integer     how many
---@field package cancels? boolean     calls that wait are cancelled as it drains
---@field package streams Subscriptions
---@field package gate Gate
---@field package intake Intake
local Session = {}
Session.__index = Session

---@param server Server
---@param transport Transport
---@return Session
function M.new(server, transport)
  local self = setmetatable({
    server = server, transport = transport, requests = {}, open = 0, deferred = {}, waiting = 0, inputs = 0, streams = subscriptions.new(),
    gate = gates.new(requests.start),
  }, Session)
  self.intake = intake.new(server, self, transport, self.gate)
  rescue.add(self, Session.look)
  return self
end

--- Takes one message.
---@param text string
---@param transport? Transport  where its answer goes; default: the connection's
function Session:receive(text, transport)
  self.intake:receive(text, transport)
end

--- Answers for a message that could not be taken, where an answer is due.
---@param problem string
---@param kind? string  what json.envelope told of it, default "unknown"
---@param id? string
---@param transport? Transport
function Session:refuse(problem, kind, id, transport)
  self.intake:refuse(problem, kind, id, transport)
end

--- Why a call cannot begin; nil if it can.
---@param request Request
---@return { code: integer, message: string }?
function Session:admit(request)
  if self.requests[request.id] or self.streams.count > 0 and self.streams:has(request.id) then
    return { code = jsonrpc.INVALID_REQUEST, message = "Invalid request: a call with this id is still running, and goes on to "
      .. "its answer; nothing was begun for this one" }
  end
  local most = self.server.max_calls
  local open = self.open + (request.book and request.book.inputs or 0)
  if open >= most then
    return { code = jsonrpc.INTERNAL_ERROR, message = "Busy: " .. open .. " calls are running; try again when one has ended" }
  end
  if not self.gate:has_room(self.intake.bytes) then
    return { code = jsonrpc.INTERNAL_ERROR,
      message = "Busy: the calls that wait for their turn have too many bytes; nothing was begun, try again when some have ended" }
  end
end

--- Keeps a request, and starts its call, now or when it is its turn.
---@param request Request
function Session:begin(request)
  self.requests[request.id] = request
  self.open = self.open + 1
  self.gate:enter(request, self.intake.bytes)
end

--- Keeps a request that goes on with a call, which waits for no turn.
---@param request Request
function Session:resume(request)
  self.gate:go_on(request)
  self.requests[request.id] = request
  self.open = self.open + 1
end

--- Begins no call, and reads no further in a batch, until `release`: the client leaves unread what it was sent.
function Session:hold()
  self.gate:hold()
end

--- Goes on where it was held.
function Session:release()
  self.gate:release()
  self.intake:read_on()
end

--- Bytes of the message that is read.
---@return integer
function Session:bytes()
  return self.intake.bytes
end

--- A request waits for the sets of the server; false: another one of its id does.
---@param request Request
---@return boolean
function Session:defer(request)
  if self.deferred[request.id] then return false end
  self.deferred[request.id] = request
  self.waiting = self.waiting + 1
  return true
end

local function take_out(self, id)
  self.deferred[id] = nil
  self.waiting = self.waiting - 1
end

local drain_call ---@type fun(self: Session, request: Request)

--- It waits no more, and goes on; nothing is done for one that was given up.
---@param request Request
---@param bytes integer  of its message
---@param go_on fun()
function Session:undefer(request, bytes, go_on)
  if self.deferred[request.id] ~= request then return end
  take_out(self, request.id)
  self.intake.bytes = bytes
  local ok, err = pcall(go_on)
  if not ok then self:fail(request.id, request.sink, err) end
  if self.draining and request.call and request:is_open() then drain_call(self, request) end
  self:report_idle()
end

--- A request is answered, or given up.
---@param request Request
function Session:remove(request)
  if self.requests[request.id] ~= request then return end
  self.requests[request.id] = nil
  self.open = self.open - 1
end

--- Tells whoever waits for it that no call is open.
function Session:report_idle()
  if self.on_idle and self:pending() == 0 then self.on_idle() end
end

local function report_failure(self, id, sink, err, unborn)
  log.write("error", ("request %s failed inside the server: %s"):format(id, tostring(err)))
  local begun = unborn and receipts.sentence(unborn.call.receipts) or ""
  local text = jsonrpc.failure(id, jsonrpc.INTERNAL_ERROR, "Internal error: " .. tostring(err) .. begun)
  if unborn then return unborn:finish(text) end
  sink:send(text)
  self:report_idle()
end

--- A request failed inside the server: a call of this id that has no fiber, or none any more, is answered by this.  Where
--- memory runs out for the answer, it stays open until it is answered: see look.
---@param id string
---@param sink Transport|Batch
---@param err any
function Session:fail(id, sink, err)
  local request = self.requests[id]
  if not request or request:is_served() then return report_failure(self, id, sink, err) end
  request.failed = true
  pcall(report_failure, self, id, sink, err, request)
end

local function open_requests(self)
  local list = {}
  for _, request in pairs(self.requests) do list[#list + 1] = request end
  return list
end

--- Looks after requests for which memory ran out, and for the error in the place of their answer, too.
function Session:look()
  rescue.each(open_requests(self), function(request)
    if request.answered then
      request:close()
      return self:report_idle()
    end
    local text = request:look()
    if text then request:finish(text) end
  end)
end

local function stop(self, request, reason)
  self:remove(request)
  request:cancel(reason)
end

--- Ends a call; nothing is sent for it any more.  An unknown id, or that of an ended call, is ignored.
---@param id string     JSON text
---@param reason? any
function Session:cancel(id, reason)
  self.streams:cancel(id)
  local waiting = self.deferred[id]
  if waiting then
    take_out(self, id)
    if waiting.sink.skip then waiting.sink:skip() end
    return self:report_idle()
  end
  local request = self.requests[id]
  if not request then return end
  stop(self, request, type(reason) == "string" and reason or "the client cancelled the request")
  self:report_idle()
end

--- A capability that the client declared in its `initialize`.
---@param name string
---@return table?
function Session:capability(name)
  local capabilities = self.intake.capabilities
  local declared = capabilities and is_object(capabilities) and capabilities[name]
  return is_object(declared) and declared or nil
end

--- Sends a request to the client of a handshake; see Outgoing.request.
---@param transport Transport
---@param method string
---@param params string  JSON text
---@param callback fun(kind: AnswerKind, value: any)
---@return OutgoingRequest|nil handle, string? message, string? code
function Session:ask(transport, method, params, callback)
  if self.draining then return nil, "the client answers nothing more", "closed" end
  self.outgoing = self.outgoing or require("lib.mcp.outgoing").new()
  return self.outgoing:request(transport, method, params, self.server.ask_seconds, callback)
end

--- Takes what the client answered.
---@param message table  a response
function Session:answered(message)
  if self.outgoing then self.outgoing:answer(message) end
end

local function closed()
  return errors.new("The client has closed the connection: nobody can answer the question.", { code = "cannot_ask" })
end

function drain_call(self, request)
  local ctx = request.call.ctx
  if self.cancels and ctx:may_wait() then
    if self.requests[request.id] then stop(self, request, "the server ends") end
  else
    ctx:drain()
  end
end

--- The client asks nothing more, and answers nothing: calls that wait end with what they have, the others go on.
---@param cancel_waits? boolean  those that wait are cancelled in place of that
function Session:drain(cancel_waits)
  self.draining, self.cancels = true, cancel_waits
  self.gate:let_out()
  self:release()
  for _, request in ipairs(open_requests(self)) do drain_call(self, request) end
  if self.outgoing then self.outgoing:close() end
  self.server:drain(self, closed())
  if cancel_waits then self:report_idle() end
end

--- The calls that are open: id as JSON text, name of the tool, prompt or resource, whether they have begun.
---@return { id: string, name: string, begun: boolean }[]
function Session:open_calls()
  local list = {}
  for i, request in ipairs(open_requests(self)) do
    list[i] = { id = request.id, name = request.subject.name, begun = request.pass:has_begun() }
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

--- How many calls are open: those that a request listens to, those that wait for an answer over this connection, and requests that
--- wait for the sets of the server.
---@return integer
function Session:pending()
  return self.open + self.inputs + self.waiting
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
  if self.intake.ready then self.transport:send(jsonrpc.notification(method, "{}")) end
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
  self.draining = true
  for id in pairs(self.deferred) do take_out(self, id) end
  self.gate:close()
  self.intake:close()
  reason = reason or "the connection has ended"
  for _, request in ipairs(open_requests(self)) do
    if self.requests[request.id] == request then stop(self, request, reason) end
  end
  if self.outgoing then self.outgoing:close() end
  self.server:drain(self, nil, reason)
  self.server:forget(self)
end

return M
