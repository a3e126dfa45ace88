--- Raw HTTP servers in child processes (spec/support/responder.py), for what core.httpd cannot show.

local child = require "spec.support.child"

local M = {}

---@class Responder
---@field port integer
---@field url string      "http://127.0.0.1:PORT"
---@field process Child
local Responder = {}
Responder.__index = Responder

local function hex(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function unhex(digits)
  return (digits:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

--- An answer with a Content-Length.
---@param status integer
---@param body string
---@param headers? string  lines that end in CRLF
---@return string
function M.answer(status, body, headers)
  return ("HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n%s"):format(status, #body, headers or "", body)
end

-- The answer's bytes as the script's argument; a list's numbers repeat what stands before them.
local function encoded(answer)
  if type(answer) == "string" then return hex(answer) end
  local parts = {}
  for _, part in ipairs(answer) do
    if type(part) == "number" then parts[#parts] = parts[#parts] .. "*" .. part else parts[#parts + 1] = hex(part) end
  end
  return table.concat(parts, ",")
end

--- Starts a responder.  `rules` maps "METHOD /target" or "*" to the answer's bytes and what follows; a
--- list of bytes and counts, { "head", "x", 1000 }, is sent as "head" and a thousand "x".
---@param rules? table<string, { [1]: string|table, [2]: "keep"|"close"|"hold" }>
---@param tls? { certificate: string, key: string }
---@return Responder
function M.start(rules, tls)
  local args = { "spec/support/responder.py" }
  if tls then table.move({ "--tls", tls.certificate, tls.key }, 1, 3, 2, args) end
  for request, rule in pairs(rules or {}) do
    table.move({ request, encoded(rule[1]), rule[2] }, 1, 3, #args + 1, args)
  end
  local self = setmetatable({ process = child.spawn("python3", args) }, Responder)
  self.port = math.tointeger(self.process:line())
  self.url = (tls and "https" or "http") .. "://127.0.0.1:" .. self.port
  return self
end

--- The requests that have come, in order.
---@return { connection: integer, line: string, body: string, headers: string[] }[]
function Responder:requests()
  local requests = {}
  local first = true
  for line in self.process.out:gmatch("[^\n]+") do
    if not first then
      local connection, request, body, headers = line:match("^(%d+)\t([^\t]*)\t(%x*)\t?(.*)$")
      requests[#requests + 1] = {
        connection = math.tointeger(connection),
        line = request,
        body = unhex(body),
        headers = headers:gsub("\t", "\n"),
      }
    end
    first = false
  end
  return requests
end

--- The lines of all requests, "METHOD /target".
---@return string[]
function Responder:lines()
  local lines = {}
  for i, request in ipairs(self:requests()) do lines[i] = request.line end
  return lines
end

--- Waits until `count` requests have come; returns them.
---@param count integer
function Responder:wait_requests(count)
  self.process:wait_until(function() return #self:requests() >= count end)
  return self:requests()
end

function Responder:close()
  self.process:close()
end
Responder.__close = Responder.close

return M
