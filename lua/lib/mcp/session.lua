--- One connection: keeps its calls and streams, and ends them.
---
--- Requests of both eras may come over one connection, in any order.

local gates = require "lib.mcp.gate"
local intake = require "lib.mcp.intake"
local jsonrpc = require "lib.mcp.jsonrpc"
local log = require "core.log"
local receipts = require "lib.calls.receipts"
local rescue = require "lib.async.rescue"
local subscriptions = require "lib.mcp.subscriptions"

local M = {}

local is_object = jsonrpc.is_object

---@class Session
---@field on_idle? fun()              called each time the last open call has ended
---@field package server Server
---@field package transport Transport
---@field package outgoing? Outgoing  requests to the client, once there was one
---@field package parking? Parking    calls that wait for answers in 2026-07-28, once there was one
---@field package left? boolean       the client answers nothing more
---@field package calls table<string, Request>  id to what runs for it
---@field package open integer        how many
---@field package streams Subscriptions
---@field package gate Gate
---@field package intake Intake
local Session = {}
Session.__index = Session

---@param server Server
---@param transport Transport
---@param start fun(ctx: Context)  begins a call that the gate lets in
---@return Session
function M.new(server, transport, start)
  local self = setmetatable({
    server = server, transport = transport, calls = {}, open = 0, streams = subscriptions.new(), gate = gates.new(start),
  }, Session)
  self.intake = intake.new(server, self, transport)
  rescue.add(self, Session.answer_ended)
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
  if self.calls[request.id] or self.streams:has(request.id) then
    return { code = jsonrpc.INVALID_REQUEST, message = "Invalid request: a call with this id is still running, and goes on to "
      .. "its answer; nothing was begun for this one" }
  end
  if self.open >= self.server.max_calls then
    return { code = jsonrpc.INTERNAL_ERROR, message = "Busy: " .. self.open .. " calls are running; try again when one has ended" }
  end
  if not self.gate:has_room(self.intake.bytes) then
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
  ctx.pass --[[@as Pass]]:enter(self.intake.bytes)
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

---@return boolean
function Session:is_held()
  return self.gate:is_held()
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
  return self.calls[request.id] == request and not request.answered
end

local function tell_idle(self)
  if self.open == 0 and self.on_idle then self.on_idle() end
end

local ENDED = { status = "done" } -- in the place of a fiber that never was

local function tell_failure(self, id, sink, err, unborn)
  log.write("error", ("request %s failed inside the server: %s"):format(id, tostring(err)))
  local text = jsonrpc.failure(id, jsonrpc.INTERNAL_ERROR, "Internal error: " .. tostring(err))
  if unborn then return self:finish(unborn, text) end
  sink:send(text)
  tell_idle(self)
end

--- A request failed inside the server: a call of this id that has no fiber did not begin.  Where memory runs out for the answer, it
--- stays open until it is answered: see answer_ended.
---@param id string
---@param sink Transport|Batch
---@param err any
function Session:fail(id, sink, err)
  local request = self.calls[id]
  if not request or request.fiber then return tell_failure(self, id, sink, err) end
  request.fiber = ENDED --[[@as Fiber]]
  pcall(tell_failure, self, id, sink, err, request)
end

local function open_ids(self)
  local ids = {}
  for id in pairs(self.calls) do ids[#ids + 1] = id end
  return ids
end

-- There was no memory to queue an answer; an error needs less.
local function unsent(request, text, problem)
  log.write("error", ("the answer to request %s, %d bytes, could not be sent: %s"):format(request.id, #text, tostring(problem)))
  local begun = request.ctx and receipts.sentence(request.ctx.receipts) or ""
  request.sink:send(jsonrpc.failure(request.id, jsonrpc.INTERNAL_ERROR, "Internal error: no memory to send the answer." .. begun))
end

--- Sends the answer of a call that was begun.  Where memory runs out before it has gone out, this raises, and the call stays open
--- until it is answered: see answer_ended.
---@param request Request
---@param text string
function Session:finish(request, text)
  local ok, problem = pcall(request.sink.send --[[@as function]], request.sink, text)
  request.answered = ok
  if not ok then
    unsent(request, text, problem)
    request.answered = true
  end
  remove(self, request.id)
  tell_idle(self)
end

--- Answers calls whose fibers have ended without: memory ran out for the answer, and for the error in its place, too.
function Session:answer_ended()
  for _, id in ipairs(open_ids(self)) do
    local request = self.calls[id]
    if request.answered then
      remove(self, id)
      tell_idle(self)
    elseif request.fiber and request.fiber.status == "done" then
      local begun = request.ctx and receipts.sentence(request.ctx.receipts) or ""
      self:finish(request, jsonrpc.failure(id, jsonrpc.INTERNAL_ERROR, "Internal error: not enough memory." .. begun))
    end
  end
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

--- A capability that the client declared in its `initialize`.
---@param name string
---@return table?
function Session:capability(name)
  local known = self.intake.capabilities
  local declared = known and is_object(known) and known[name]
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

--- Takes what the client answered.
---@param message table  a response
function Session:answered(message)
  if self.outgoing then self.outgoing:answer(message) end
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
    local ctx = request and request.ctx
    if ctx and cancel_waits and ctx:may_wait() then
      stop(self, id, "the server ends")
    elseif ctx then
      ctx:leave()
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
    local ctx = self.calls[id].ctx --[[@as Context]]
    list[#list + 1] = { id = id, name = ctx.tool, begun = ctx.pass --[[@as Pass]]:has_begun() }
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
  self.left = true
  self.gate:close()
  self.intake:close()
  for _, id in ipairs(open_ids(self)) do
    if self.calls[id] then stop(self, id, reason or "the connection has ended") end
  end
  if self.parking then self.parking:close() end
  self.server:forget(self)
end

return M
