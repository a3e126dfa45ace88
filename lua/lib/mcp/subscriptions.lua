--- What a connection's client wants to be told: the streams of `subscriptions/listen`, one entry each.
---
--- The first message of a stream acknowledges what of the wish is honoured; each later one carries the
--- id of the request that began the stream.

local era = require "lib.mcp.era"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"

local M = {}

local MAX_STREAMS = 64
local ID = '"io.modelcontextprotocol/subscriptionId":'
local TASKS = "io.modelcontextprotocol/tasks"

--- What can be listened to: member of the filter, and the notification that it brings.
local kinds = {
  { "toolsListChanged", "notifications/tools/list_changed" },
  { "promptsListChanged", "notifications/prompts/list_changed" },
  { "resourcesListChanged", "notifications/resources/list_changed" },
}

---@class Subscription
---@field request Request
---@field wanted table<string, true>  notifications

---@class Subscriptions
---@field private streams table<string, Subscription>  by the request's id
---@field count integer
local Subscriptions = {}
Subscriptions.__index = Subscriptions

---@return Subscriptions
function M.new()
  return setmetatable({ streams = {}, count = 0 }, Subscriptions)
end

-- Tasks are none of this server's; a client that does not declare them must be told so.
local function missing_capability(request, filter)
  if filter.taskIds == nil or filter.taskIds == json.null then return nil end
  local declared = era.capabilities_in(request.meta)
  local extensions = jsonrpc.is_object(declared) and declared.extensions
  if jsonrpc.is_object(extensions) and extensions[TASKS] ~= nil then return nil end
  return '{"requiredCapabilities":{"extensions":{"' .. TASKS .. '":{}}}}'
end

-- The part of the wish that is honoured: a set of notifications, and JSON text.
local function honour(filter, offered)
  local wanted, members = {}, {}
  for _, kind in ipairs(kinds) do
    if filter[kind[1]] == true and offered[kind[2]] then
      wanted[kind[2]] = true
      members[#members + 1] = '"' .. kind[1] .. '":true'
    end
  end
  return wanted, "{" .. table.concat(members, ",") .. "}"
end

--- Begins a stream.
---@param request Request
---@param offered table<string, true>  notifications that this server sends
---@return { code: integer, message: string, data: string? }? problem
function Subscriptions:open(request, offered)
  local filter = request.params and request.params.notifications
  if not jsonrpc.is_object(filter) then
    return { code = jsonrpc.INVALID_PARAMS, message = "'notifications' must be an object: what to be told of" }
  end
  local missing = missing_capability(request, filter)
  if missing then
    return { code = jsonrpc.MISSING_CAPABILITY, message = "'taskIds' needs the client's tasks extension", data = missing }
  end
  if self.count >= MAX_STREAMS then
    return { code = jsonrpc.INTERNAL_ERROR, message = ("Busy: %d streams are open on this connection"):format(self.count) }
  end
  local wanted, honoured = honour(filter, offered)
  self.streams[request.id] = { request = request, wanted = wanted }
  self.count = self.count + 1
  request.transport:send(jsonrpc.notification("notifications/subscriptions/acknowledged",
    '{"_meta":{' .. ID .. request.id .. '},"notifications":' .. honoured .. "}"))
end

---@param id string  JSON text of the request's id
---@return boolean
function Subscriptions:has(id)
  return self.streams[id] ~= nil
end

local function remove(self, id)
  self.streams[id] = nil
  self.count = self.count - 1
end

--- The client ends a stream; nothing more is sent for it.
---@param id string
function Subscriptions:cancel(id)
  if self.streams[id] then remove(self, id) end
end

--- Sends a notification on each stream that asked for it.
---@param method string
function Subscriptions:notify(method)
  for id, stream in pairs(self.streams) do
    if stream.wanted[method] then
      stream.request.transport:send(jsonrpc.notification(method, '{"_meta":{' .. ID .. id .. "}}"))
    end
  end
end

--- The server ends all streams: the answer first, by which a client knows a graceful end, then the
--- cancellation that the specification asks for as well.
---@param reason string
function Subscriptions:finish(reason)
  for id, stream in pairs(self.streams) do
    remove(self, id)
    local request = stream.request
    local revision = request.revision --[[@as Revision.2026_07_28]]
    request.sink:send(jsonrpc.result(id, revision:listen_result(ID .. id)))
    request.transport:send(jsonrpc.notification("notifications/cancelled",
      '{"requestId":' .. id .. ',"reason":' .. json.encode(reason) .. "}"))
  end
end

return M
