--- MCP over standard input and output: a line a message.
---
--- The caller has taken the standard output (core.stdio.take) before anything could write to it.

local grace = require "lib.async.grace"
local late = require "lib.async.late"
local log = require "core.log"
local stdio = require "core.stdio"

local M = {}

local MAX_LINE = 16 * 1024 * 1024
local QUEUE_HIGH = 16 * 1024 * 1024   -- bytes that a client may leave unread before we stop reading and begin no calls
local BYTE_ORDER_MARK = "^\xEF\xBB\xBF"

---@class StdioOptions
---@field server Server
---@field on_end fun(status: integer)  called once: nothing more will be read or written
---@field on_drain? fun()               called once: the client asks nothing more; calls may still end
---@field grace? number                seconds that calls may take to end, default that of lib.async.grace
---@field max_line_bytes? integer      default 16 MiB

---@class StdioTransport: Transport
---@field package options StdioOptions
---@field package session Session
---@field package reader core.stdio.Reader
---@field package deadline? core.Handle  end of the grace
---@field package paused boolean
---@field package started boolean        a first line was seen
---@field package ending boolean         the client asks nothing more
---@field package closed boolean
---@field package status integer         for `on_end`
local StdioTransport = {}
StdioTransport.__index = StdioTransport

-- What is let in now may hold again.
local function go_on(self)
  self.paused = false
  if self.closed then return end
  self.session:release()
  if not self.paused then self.reader:resume() end
end

-- Stops reading, and begins no calls, until the client has taken what is queued: its requests wait in the pipe meanwhile.
-- Without the memory for that it raises and goes on reading: the next message tries again.
local function hold_back(self)
  stdio.on_drain(function() go_on(self) end)
  self.paused = true
  self.session:hold()
  self.reader:pause()
end

--- Sends one message.
---@param text string
function StdioTransport:send(text)
  if self.closed then return end
  local queued = stdio.write(text, "\n")
  if queued > QUEUE_HIGH and not self.paused and not self.ending then pcall(hold_back, self) end
end

---@return boolean
function StdioTransport:is_closed()
  return self.closed
end

--- Ends the connection at once: calls that still run end without an answer.
---@param status? integer  for `on_end`, default that of how the input ended
function StdioTransport:close(status)
  if self.closed then return end
  self.session:finish_streams("the server ends")
  self.closed = true
  if self.deadline then self.deadline:cancel() end
  self.reader:cancel()
  self.session:close("the connection has ended")
  self.options.on_end(status or self.status)
end

local function is_quiet(self)
  return self.session:pending() == 0 and stdio.write("") == 0
end

-- All is answered: what is queued still goes out.
local function close_when_drained(self)
  if is_quiet(self) then return self:close() end
  stdio.on_drain(function()
    if self.session:pending() == 0 then self:close() end
  end)
end

local function give_up(self)
  for _, call in ipairs(self.session:open_calls()) do
    local words = call.begun and "call %s of '%s' did not end in time and gets no answer"
      or "call %s of '%s' was not begun in time: nothing was sent for it, and it gets no answer"
    log.write("warning", words:format(call.id, call.name))
  end
  self:close()
end

--- Reads nothing more, as at the end of input: a piped script still gets its answers, a wait for a job ends with its ids.
--- Then, or when the grace is over, the connection ends.
---@param cancel_waits? boolean  calls that wait are cancelled in place of being answered
function StdioTransport:drain(cancel_waits)
  if self.ending or self.closed then return end
  self.ending = true
  self.reader:cancel()
  if self.options.on_drain then self.options.on_drain() end
  if is_quiet(self) then return self:close() end
  self.session:drain(cancel_waits)
  self.deadline = late.after(self.options.grace or grace.ALL, function() give_up(self) end)
  self.session.on_idle = function() close_when_drained(self) end
  if self.session:pending() == 0 then close_when_drained(self) end
end

local READER_GONE = { EPIPE = true, ECONNRESET = true }
local IO_FAILED = 74

-- A client that has gone is an ordinary end; what could not be written for another reason is lost, and said.
local function on_broken(self)
  local message, code = stdio.failure()
  if self.closed or not message or READER_GONE[code] then return self:close() end
  log.write("error", "cannot write to standard output: " .. message)
  self:close(IO_FAILED)
end

local function on_line(self, line)
  if not self.started then
    self.started = true
    line = line:gsub(BYTE_ORDER_MARK, "", 1)
  end
  if line:find("%S") then self.session:receive(line) end
end

-- `kind` is the message of an input that failed.
local function on_event(self, line, why, kind, id)
  if self.closed or self.ending then return end
  if line then return on_line(self, line) end
  if why == "failed" then
    log.write("error", "cannot read standard input: " .. tostring(kind))
    self.status = IO_FAILED
    return self:drain()
  elseif why == "eof" then
    return self:drain()
  end
  self.started = true
  if why == "too_long" then
    self.session:refuse(("a line is longer than %d bytes"):format(self.options.max_line_bytes or MAX_LINE), kind, id)
  else
    self.session:refuse("no memory for a line", kind, id)
  end
end

--- Starts to serve; returns at once.  `on_end(0)` comes when the input has ended and the calls read so
--- far have been answered, or the grace is over, or nobody reads the output any more.
---@param options StdioOptions
---@return StdioTransport|nil transport, string? message, string? code
function M.run(options)
  local self = setmetatable({ options = options, paused = false, started = false, ending = false, closed = false,
    status = 0 }, StdioTransport)
  self.session = options.server:connect(self)
  local reader, message, code = stdio.read_lines(options.max_line_bytes or MAX_LINE, function(line, why, kind, id)
    on_event(self, line, why, kind, id)
  end)
  if not reader then return nil, message, code end
  self.reader = reader
  stdio.on_broken(function() on_broken(self) end)
  return self
end

return M
