--- Requests that wait for the sets of their server: tools, recipes, prompts, resources, which are made when somebody first looks
--- for one.  They go on in the order in which they came; whoever gives one up meanwhile is sent nothing for it.  How many may wait
--- is counted for each connection: none is refused for what came over another one, which may be another account's.

local jsonrpc = require "lib.mcp.jsonrpc"

local M = {}

local MOST_BYTES = 64 * 1024 * 1024 -- of messages that wait, of a connection

---@class Deferred
---@field private list { request: Request, method: string, bytes: integer }[]
---@field private shares table<Session, { count: integer, bytes: integer }>  also of those that were given up: each is kept until then
local Deferred = {}
Deferred.__index = Deferred

---@return Deferred
function M.new()
  return setmetatable({ list = {}, shares = {} }, Deferred)
end

--- Lets a request wait, or refuses it.
---@param request Request
---@param method string
---@param bytes integer  of its message
---@param most integer   requests of a connection that may wait
function Deferred:add(request, method, bytes, most)
  local session = request.session
  local share = self.shares[session] or { count = 0, bytes = 0 }
  if share.count >= most or share.bytes + bytes > MOST_BYTES then
    return request:refuse(jsonrpc.INTERNAL_ERROR, "Busy: the recipes are being loaded; nothing was begun, try again")
  end
  local entry, place = { request = request, method = method, bytes = bytes }, #self.list + 1
  self.list[place], self.shares[session] = entry, share
  if not session:defer(request) then
    self.list[place] = nil
    return request:refuse(jsonrpc.INVALID_REQUEST, "Invalid request: a request with this id is waiting; nothing was begun for this one")
  end
  share.count, share.bytes = share.count + 1, share.bytes + bytes
end

--- They go on: `handle` takes each.
---@param handle fun(request: Request, method: string)
function Deferred:go_on(handle)
  for _, entry in ipairs(self.list) do
    entry.request.session:undefer(entry.request, entry.bytes, function() handle(entry.request, entry.method) end)
  end
end

--- None can go on: each is answered with an error.
---@param err any
function Deferred:fail(err)
  self:go_on(function() error(err, 0) end)
end

return M
