--- The progress notifications of a request that asked for them: their token, their spacing, what they must carry.

local clean = require("lib.text").clean
local core_clock = require "core.clock"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local receipts = require "lib.calls.receipts"
local timer = require "core.timer"

local M = {}

local SPACING = 0.1 -- seconds of real time between two progress notifications
local MOST_NOTICES = 20 -- in one message

---@class Progress
---@field private transport Transport
---@field private token string          JSON text of the progress token
---@field private messages boolean      whether the revision knows progress messages
---@field private last? number          latest progress accepted
---@field private total? number         given with it
---@field private sent_at? number       when the latest notification went out
---@field private held? ProgressEntry   the newest, waiting for its time
---@field private timer? core.Handle
---@field private notices? string[]     what the next notification must carry
---@field private over? boolean
local Progress = {}
Progress.__index = Progress

---@param transport Transport
---@param token string     JSON text
---@param messages boolean
---@return Progress
function M.new(transport, token, messages)
  return setmetatable({
    transport = transport, token = token, messages = messages,
    last = nil, total = nil, sent_at = nil, held = nil, timer = nil, notices = nil, over = nil, -- room: a timer that cannot be kept goes on
  }, Progress)
end

-- What was announced stands in front of the message that goes out next, whichever that is.
local function message_of(self, entry)
  local notices = self.notices
  self.notices = nil
  if not self.messages then return nil end
  local message = entry.message and clean(tostring(entry.message))
  if not notices then return message end
  local left = #notices - MOST_NOTICES
  local text = table.concat(notices, ", ", 1, math.min(#notices, MOST_NOTICES)) .. (left > 0 and (", %d more"):format(left) or "")
  return "submitted " .. text .. (message and "; " .. message or "")
end

local function emit(self, entry)
  self.held = nil
  self.sent_at = core_clock.monotonic()
  if self.transport:is_closed() then return end
  local total, message = entry.total, message_of(self, entry)
  self.transport:send(jsonrpc.notification("notifications/progress",
    '{"progressToken":' .. self.token .. ',"progress":' .. json.encode(entry.progress)
    .. (total and ',"total":' .. json.encode(total) or "")
    .. (message and ',"message":' .. json.encode(message) or "") .. "}"))
end

-- A value that grows, and is in nobody's way.
local function next_value(self)
  local last = self.last
  self.last = last and last + math.max(math.abs(last), 1) * 1e-9 or 0
  return self.last
end

-- Sends what waits for its time.
local function flush(self)
  if self.held then return emit(self, self.held) end
  if self.notices then emit(self, { progress = next_value(self), total = self.total }) end
end

local function wake_after(self, seconds)
  if self.timer then return end
  self.timer = timer.after(math.ceil(seconds * 1000), function()
    self.timer = nil
    if not self.over then flush(self) end
  end)
end

local function hold(self, entry, seconds)
  self.held = entry
  wake_after(self, seconds)
end

--- Takes progress.  Values that do not grow are dropped; of several within a tenth of a second the newest is sent, the last one
--- always.
---@param entry ProgressEntry
function Progress:report(entry)
  if self.over or self.last and entry.progress <= self.last then return end
  self.last, self.total = entry.progress, entry.total
  local wait = self.sent_at and self.sent_at + SPACING - core_clock.monotonic() or 0
  if wait > 0 then hold(self, entry, wait) else emit(self, entry) end
end

--- Names in the next notification what was begun, if need be in one of its own.
---@param receipt Receipt
function Progress:announce(receipt)
  if not receipt.request_id or not self.messages or self.over then return end
  self.notices = self.notices or {}
  table.insert(self.notices, receipts.describe(receipt))
  wake_after(self, SPACING)
end

local function stop_timer(self)
  if self.timer then
    self.timer:cancel()
    self.timer = nil
  end
end

--- Sends what is held back: the answer is about to follow.  Returns the real seconds since the latest notification, nil if
--- there was none.
---@return number?
function Progress:finish()
  stop_timer(self)
  if not self.over then flush(self) end
  return self.sent_at and core_clock.monotonic() - self.sent_at
end

--- Sends nothing more.
function Progress:close()
  self.over = true
  self.held, self.notices = nil, nil
  stop_timer(self)
end

return M
