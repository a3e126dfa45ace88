--- A raw HTTP server in a child process (spec/support/wire.py) that misbehaves as told, and counts what it was sent.

local child = require "spec.support.child"

local M = {}

---@class Wire
---@field url string
---@field port integer
---@field process Child
local Wire = {}
Wire.__index = Wire

---@return Wire
function M.start()
  local self = setmetatable({ process = child.spawn("python3", { "spec/support/wire.py" }) }, Wire)
  self.port = math.tointeger(self.process:line())
  self.url = "http://127.0.0.1:" .. self.port
  return self
end

local function count(self, word)
  local found, from = 0, 1
  while true do
    local first, last = self.process.out:find("\n" .. word, from, true)
    if not first then return found end
    found, from = found + 1, last
  end
end

--- Sets what becomes of every connection from now on; returns when the server knows.
---@param mode string
---@param answer? string  bytes
function Wire:set(mode, answer)
  local before = count(self, "ready")
  self.process:write(("%s %s\n"):format(mode, (answer or ""):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)))
  self.process:wait_until(function() return count(self, "ready") > before end)
end

--- Requests whose head has come whole, since the start.
---@return integer
function Wire:requests()
  return count(self, "request ")
end

---@return integer
function Wire:connections()
  return count(self, "connection")
end

--- Requests whose answer, such as it is, is on its way.
---@return integer
function Wire:answered()
  return count(self, "answered")
end

--- Waits, with the loop running, until `done()`.
---@param done fun(): boolean
function Wire:wait_until(done)
  self.process:wait_until(done)
end

--- Lets what has happened so far be told: a new connection is refused or taken by the server behind all earlier ones.
function Wire:settle()
  self:set("hold")
end

function Wire:close()
  self.process:close()
end
Wire.__close = Wire.close

return M
