--- Requests that wait for the sets of their server: tools, recipes, prompts, resources, which are made when somebody first looks
--- for one.  They go on in the order in which they came; whoever gives one up meanwhile is sent nothing for it.

local jsonrpc = require "lib.mcp.jsonrpc"

local M = {}

local MOST_BYTES = 64 * 1024 * 1024 -- of messages that wait

---@class Parked
---@field private list { request: Request, method: string, bytes: integer }[]
---@field private bytes integer
local Parked = {}
Parked.__index = Parked

---@return Parked
function M.new()
  return setmetatable({ list = {}, bytes = 0 }, Parked)
end

--- Lets a request wait, or refuses it.
---@param request Request
---@param method string
---@param bytes integer  of its message
---@param most integer   requests that may wait
function Parked:add(request, method, bytes, most)
  if #self.list >= most or self.bytes + bytes > MOST_BYTES then
    return request:refuse(jsonrpc.INTERNAL_ERROR, "Busy: the recipes are being loaded; nothing was begun, try again")
  end
  local entry, place = { request = request, method = method, bytes = bytes }, #self.list + 1
  self.list[place] = entry
  if not request.session:park(request) then
    self.list[place] = nil
    return request:refuse(jsonrpc.INVALID_REQUEST, "Invalid request: a request with this id is waiting; nothing was begun for this one")
  end
  self.bytes = self.bytes + bytes
end

--- They go on: `handle` takes each.
---@param handle fun(request: Request, method: string)
function Parked:go_on(handle)
  for _, entry in ipairs(self.list) do
    entry.request.session:unpark(entry.request, entry.bytes, function() handle(entry.request, entry.method) end)
  end
end

--- None can go on: each is answered with an error.
---@param err any
function Parked:fail(err)
  self:go_on(function() error(err, 0) end)
end

return M
