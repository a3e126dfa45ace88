--- What a running call knows and may tell its client.

local core_clock = require "core.clock"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local log = require "core.log"
local receipts = require "lib.calls.receipts"
local timer = require "core.timer"
local clean = require("lib.text").clean

local SPACING = 0.1 -- seconds of real time between two progress notifications

---@class Context
---@field cancelled boolean               the client gave the call up; nothing will be sent for it
---@field account? Account                 whose call it is
---@field runcomfy? Client                 its way to RunComfy
---@field client? { name: string?, version: string? }
---@field deadline? number                moment of lib.async.clock at which the caller stops waiting; nil: none known
---@field answer_by? number               moment of lib.async.clock at which a wait had better end and answer, the job or not
---@field leaving boolean                 the client asks nothing more: a wait had better end and answer now
---@field has_result boolean              it has what its answer tells, no error
---@field tool string                     name of the tool
---@field ask? fun(form: Form, ctx: Context): "accept"|"decline"|"cancel", table?  asks the person, in place of a client
---@field request? Request                of a client, the one that the call answers; none: nobody is connected
---@field receipts Receipts               what the call has begun that costs money
---@field on_move? fun()                   told when it goes on under another request
---@field pass? { set_waiting: fun(self: table, waits: boolean) }  told when the call begins and ends to wait
---@field place? Place                    where the call waits for answers, once it asked in 2026-07-28
---@field effects? EffectChain             through which its effects go
---@field call_id? string                  by which its effects name it
---@field call? CallState                  of a recipe that calls another
---@field chain? string[]                  of recipes that have called each other to this one
---@field server? Server                   of a client's call
---@field subject? table                   the tool, prompt or resource of it
---@field package arguments? any         what the call was begun with, until it is taken
---@field package transport? Transport
---@field package token? string           JSON text of the progress token
---@field package messages? boolean       whether the revision knows progress messages
---@field package last? number            latest progress accepted
---@field package total? number           given with it
---@field package sent_at? number         when the latest notification went out
---@field package held? table             the newest progress, waiting for its time
---@field package timer? core.Handle
---@field package notices? string[]       what the next progress must carry
---@field package on_leave? fun()
---@field package waits integer            how many waits are under way
---@field package wait_of_leave? table     of what wants to be told when the client leaves
local Context = {}
Context.__index = Context

local M = {}

---@class ContextOptions
---@field tool string
---@field arguments? any        what the call is begun with
---@field account? Account
---@field client? table
---@field transport? Transport  where progress goes; none: nowhere
---@field token? string         JSON text of the progress token; none: nobody asked for progress
---@field messages? boolean     whether the revision knows progress messages
---@field request? Request      the client's: the way to ask the person
---@field ask? fun(form: Form, ctx: Context): "accept"|"decline"|"cancel", table?  another way to ask them

--- Makes a context.  The table given becomes the context.
---@param options ContextOptions|Context
---@return Context
function M.new(options)
  options.cancelled, options.leaving, options.has_result, options.waits = false, false, false, 0
  options.runcomfy = options.account and options.account.runcomfy
  options.receipts = options.receipts or receipts.new()
  return setmetatable(options --[[@as Context]], Context)
end

--- What the call was begun with; the context lets go of it, for a call may wait for minutes and its
--- arguments may have megabytes.
---@return any
function Context:take_arguments()
  local arguments = self.arguments
  self.arguments = nil
  return arguments
end

local MOST_NOTICES = 20 -- in one message

-- What was announced stands in front of the message that goes out next, whichever that is.
local function message_of(self, entry)
  local notices = self.notices
  self.notices = nil
  if not self.messages then return nil end
  if not notices then return entry.message end
  local left = #notices - MOST_NOTICES
  local text = table.concat(notices, ", ", 1, math.min(#notices, MOST_NOTICES)) .. (left > 0 and (", %d more"):format(left) or "")
  return "submitted " .. text .. (entry.message and "; " .. entry.message or "")
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
    if not self.cancelled then flush(self) end
  end)
end

local function hold(self, entry, seconds)
  self.held = entry
  wake_after(self, seconds)
end

local function is_finite(value)
  return type(value) == "number" and value == value and math.abs(value) < math.huge
end

--- Reports progress to a client that asked for it; to others it does nothing.  Values that do not grow
--- are dropped; of several within a tenth of a second the newest is sent, the last one always.
---@param progress number
---@param total? number
---@param message? string
function Context:progress(progress, total, message)
  if not self.token or self.cancelled then return end
  if not is_finite(progress) then error("progress must be a finite number", 2) end
  if total ~= nil and not is_finite(total) then error("total must be a finite number", 2) end
  if self.last and progress <= self.last then return end
  self.last, self.total = progress, total
  local entry = { progress = progress, total = total, message = message and clean(tostring(message)) }
  local wait = self.sent_at and self.sent_at + SPACING - core_clock.monotonic() or 0
  if wait > 0 then hold(self, entry, wait) else emit(self, entry) end
end

--- Keeps what the call has begun.  The next progress names it, if need be one of its own: what happens to the call, its
--- caller has the ids.
---@param receipt Receipt
---@param quiet? boolean  the answer is about to tell it
function Context:receipt(receipt, quiet)
  table.insert(self.receipts.list, receipt)
  if not quiet then self:announce(receipt) end
end

--- Names in the next progress what was begun.
---@param receipt Receipt
function Context:announce(receipt)
  if not receipt.request_id or not self.token or not self.messages or self.cancelled then return end
  self.notices = self.notices or {}
  table.insert(self.notices, receipts.describe(receipt))
  wake_after(self, SPACING)
end

local levels = {
  debug = "debug", info = "info", notice = "info", warning = "warning",
  error = "error", critical = "error", alert = "error", emergency = "error",
}

--- Writes a line to the log.
---@param level string  debug, info, notice, warning, error, critical, alert, emergency
---@param text string
function Context:log(level, text)
  local known = levels[level] or error("unknown log level '" .. tostring(level) .. "'", 2)
  log.write(known, self.tool .. ": " .. tostring(text))
end

--- Whether the person can be asked, and if not, why.
---@return boolean can, string? obstacle
function Context:can_ask()
  local obstacle = require("lib.mcp.elicitation").obstacle(self)
  return obstacle == nil, obstacle
end

--- Asks the person for values, and waits; see lib.mcp.elicitation for the errors it raises.
---@param question Question
---@return table|nil values  nil: they did not agree
---@return "accept"|"decline"|"cancel" action
function Context:elicit(question)
  return require("lib.mcp.elicitation").elicit(self, question)
end

--- Asks the person to agree, and waits; raises where they cannot be asked.
---@param text string
---@return boolean agreed  only where they said so
function Context:confirm(text)
  return require("lib.mcp.elicitation").confirm(self, text)
end

local Wait = {}
Wait.__index = Wait

function Wait:__close()
  local ctx = self.ctx
  self.ctx = nil
  if not ctx then return end
  ctx.waits = ctx.waits - 1
  if ctx.waits == 0 and ctx.pass then ctx.pass:set_waiting(false) end
end

--- Marks that the call waits: for time, a job or a person; not for one answer of the API.  Meanwhile another may run in its
--- place.
---@return table wait  to be closed at its end
function Context:wait()
  local wait = setmetatable({ ctx = self }, Wait)
  self.waits = self.waits + 1
  if self.waits == 1 and self.pass then self.pass:set_waiting(true) end
  return wait
end

--- Calls `fn` once when the client asks nothing more (its end of the connection is closed, its answers
--- still count).  One at a time; nil takes it back.  Until then the call waits, unless it `works`.
---@param fn? fun()
---@param works? boolean  it says itself when it waits
function Context:on_leaving(fn, works)
  if self.wait_of_leave then self.wait_of_leave:__close() end
  self.wait_of_leave = fn and not works and self:wait() or nil
  self.on_leave = fn
  if fn and self.leaving then fn() end
end

--- Whether something in the call wants to be told of that: it waits, or may come to wait.
---@return boolean
function Context:may_wait()
  return self.on_leave ~= nil
end

--- Tells the call that the client asks nothing more.
function Context:leave()
  if self.leaving then return end
  self.leaving = true
  if self.on_leave then self.on_leave() end
end

local function stop_timer(self)
  if self.timer then
    self.timer:cancel()
    self.timer = nil
  end
end

--- Sends what is held back: the call has its result.  Returns the real seconds since the latest
--- notification, nil if there was none.
---@return number?
function Context:finish()
  stop_timer(self)
  if not self.cancelled then flush(self) end
  return self.sent_at and core_clock.monotonic() - self.sent_at
end

--- Goes on under another request of the client: progress and answer belong to that from now on.
---@param request Request
---@param token? string  JSON text of its progress token; none: nobody listens
function Context:move(request, token)
  stop_timer(self)
  self.held, self.notices = nil, nil
  self.request, self.transport, self.client, self.token = request, request.transport, request.client, token
  if self.on_move then self.on_move() end
end

--- Whether its request was answered with a question, and no other has come yet: the client waits for nothing.
---@return boolean
function Context:is_parked()
  return self.place ~= nil and self.place.state ~= nil
end

--- Marks the call as given up; nothing is sent for it any more.
function Context:give_up()
  self.cancelled = true
  self.held, self.notices = nil, nil
  stop_timer(self)
end

return M
