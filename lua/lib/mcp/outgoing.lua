--- Requests of the server's own to a client with a handshake, and their answers.

local jsonrpc = require "lib.mcp.jsonrpc"
local log = require "core.log"
local timer = require "core.timer"

local M = {}

---@alias AnswerKind "result"|"error"|"timeout"|"closed"

---@class Outgoing
---@field private pending table<string, OutgoingRequest>  by id
---@field private last integer  number of the latest request
---@field private closed? boolean
local Outgoing = {}
Outgoing.__index = Outgoing

---@class OutgoingRequest: core.Handle
---@field package id string
---@field package owner Outgoing
---@field package transport Transport
---@field package callback fun(kind: AnswerKind, value: any)
---@field package timer core.Handle
---@field package kind? AnswerKind  of the answer, once it is there
---@field package value any
local OutgoingRequest = {}
OutgoingRequest.__index = OutgoingRequest

---@return Outgoing
function M.new()
  return setmetatable({ pending = {}, last = 0 }, Outgoing)
end

-- Takes a request off the list; false if it is not there any more.
local function settle(request, kind, value)
  local pending = request.owner.pending
  if pending[request.id] ~= request then return false end
  pending[request.id] = nil
  request.kind, request.value = kind, value
  request.timer:cancel()
  return true
end

--- Gives the request up: the client is told, and the callback does not come.  Does nothing once it is answered.
function OutgoingRequest:cancel()
  if not settle(self) or self.transport:is_closed() then return end
  self.transport:send(jsonrpc.notification("notifications/cancelled",
    '{"requestId":"' .. self.id .. '","reason":"the answer is not needed any more"}'))
end
OutgoingRequest.__close = OutgoingRequest.cancel

--- Calls back where the answer is there: it may have got lost for want of memory.
---@param callback fun(kind: AnswerKind, value: any)
function OutgoingRequest:recheck(callback)
  if self.kind then callback(self.kind, self.value) end
end

--- Sends a request.  `callback` comes once, later: with "result" and the decoded result, "error" and the
--- decoded error, "timeout", or "closed" when the client will answer nothing more.
---@param transport Transport
---@param method string
---@param params string   JSON text
---@param seconds number  of real time to wait
---@param callback fun(kind: AnswerKind, value: any)
---@return OutgoingRequest|nil handle, string? message, string? code
function Outgoing:request(transport, method, params, seconds, callback)
  if self.closed or transport:is_closed() then return nil, "the client has closed the connection", "closed" end
  self.last = self.last + 1
  local id = "s" .. self.last
  local request = setmetatable({
    id = id, owner = self, transport = transport, callback = callback,
    timer = nil, kind = nil, value = nil, -- room: setting them must not fail
  }, OutgoingRequest)
  request.timer = timer.after(math.ceil(seconds * 1000), function()
    request:cancel()
    callback("timeout")
  end)
  self.pending[id] = request
  transport:send(jsonrpc.request('"' .. id .. '"', method, params))
  return request
end

--- Takes a response of the client.  One that answers nothing is dropped.
---@param message table  decoded
function Outgoing:answer(message)
  local request, err = self.pending[message.id], message.error
  local kind, value = "result", message.result
  if err ~= nil then kind, value = "error", err end
  if not request or not settle(request, kind, value) then
    return log.write("debug", "the client answered a request that is not open")
  end
  request.callback(kind --[[@as AnswerKind]], value)
end

--- Ends all requests: the client answers nothing more.
function Outgoing:close()
  self.closed = true
  local ids = {}
  for id in pairs(self.pending) do ids[#ids + 1] = id end
  for _, id in ipairs(ids) do
    local request = self.pending[id]
    if request and settle(request, "closed") then request.callback("closed") end
  end
end

return M
