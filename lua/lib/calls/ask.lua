--- An open question of a call: put to who listens, kept for who attaches next where nobody does.

local clock = require "lib.async.clock"
local errors = require "lib.errors"
local log = require "core.log"

local M = {}

M.SECONDS = 600 -- of lib.async.clock, for which a question waits for somebody who can be asked

local NOBODY = "Nobody could be asked: the call that began this run was answered with 'pending', and no other call has joined it "
  .. "within %d s."
local LATE = "Nobody answered the question in time."

---@class Ask: core.Handle
---@field call Call
---@field form Form
---@field message string     of the form, or why it is asked again
---@field put boolean        somebody was asked
---@field shown? core.Handle what the listener has open for it
---@field timer? core.Handle
---@field over boolean
---@field action? "accept"|"decline"|"cancel"
---@field content? any
---@field err? Error         there is no answer, and why
---@field private callback? fun(ask: Ask)
---@field private expires? boolean  the time for an answer runs
local Ask = {}
Ask.__index = Ask

local function stop_timer(self)
  if self.timer then self.timer:cancel() end
  self.timer = nil
end

-- Whoever was to come back with its answer need not come any more: the time of the questions behind it begins.
local function begin_others(call)
  if call.listener or call.ctx.cancelled then return end
  for _, other in ipairs(call.asks) do
    if not other.put then pcall(other.wait_for_listener, other) end -- no memory for that: see Call.look
  end
end

-- Takes it off the list; its callback, where it still waits.
local function close(self)
  local callback, call = self.callback, self.call
  self.callback, self.over = nil, true
  stop_timer(self)
  for i, other in ipairs(call.asks) do
    if other == self then table.remove(call.asks, i) break end
  end
  if call.pending_input and call.pending_input.ask == self then begin_others(call) end
  return callback
end

--- Takes the question back, where it is still open.
function Ask:cancel()
  close(self)
  local shown = self.shown
  self.shown = nil
  if shown then shown:cancel() end
end
Ask.__close = Ask.cancel

--- Calls back where the answer is there: it may have got lost for want of memory.
---@param callback fun(ask: Ask)
function Ask:recheck(callback)
  if self.over then callback(self) end
end

--- Notes the answer, and gives what tells the call of it: to be called once.
---@param action "accept"|"decline"|"cancel"
---@param content? any
---@return fun()?
function Ask:take_answer(action, content)
  if self.over then return nil end
  self.action, self.content = action, content
  local callback = close(self)
  return callback and function() callback(self) end
end

--- The person has answered.
---@param action "accept"|"decline"|"cancel"
---@param content? any
function Ask:answer(action, content)
  if self.over then return end
  self.action, self.content = action, content
  local callback = close(self)
  if callback then callback(self) end
end

--- Nobody will answer.
---@param err Error
function Ask:fail(err)
  if self.over then return end
  self.err = err
  local callback = close(self)
  if callback then callback(self) end
end

local function late()
  return errors.new(LATE, { code = "timeout" })
end

--- The time for an answer is over.
function Ask:time_out()
  self:fail(late())
end

--- Starts the time within which somebody who was asked has to answer.
---@param start fun(fn: fun()): core.Handle  starts a timer
function Ask:expire(start)
  if self.expires then return end
  stop_timer(self)
  self.timer = start(function() self:time_out() end)
  self.expires = true
end

--- Puts it to somebody.  Raises where memory runs out for that.
---@param listener Listener
function Ask:put_to(listener)
  self.put = true
  local ok, err = pcall(listener.question, listener, self)
  if not ok then
    self.put = false
    error(err, 0)
  end
  if err then self:fail(err) end
  if not self.expires then stop_timer(self) end -- somebody is asked, who knows how long a person may take
end

--- Waits for somebody who can be asked.  Where somebody is to come back with the answer to another question it has time until then.
function Ask:wait_for_listener()
  local call = self.call
  local lasting, input = call.lasting, call.pending_input
  if self.timer or input and not input.ask.over then return end
  if lasting then log.write("info", ("run %s of recipe '%s' has a question, and nobody waits for it"):format(call.id, lasting.name)) end
  local err = lasting and errors.new(NOBODY:format(M.SECONDS), { code = "cannot_ask" }) or late()
  self.timer = clock.after(M.SECONDS, function() self:fail(err) end)
end

--- Whoever was asked has gone, and the call goes on without: the question is put to who listens now, or next.
function Ask:put_back()
  if self.over then return end
  self.put, self.shown, self.expires = false, nil, nil
  stop_timer(self)
  local listener = self.call.listener
  if listener then self:put_to(listener) else self:wait_for_listener() end
end

--- For `fiber.await`: opens a question; `callback(ask)` comes once it is over.
---@param call Call
---@param form Form
---@param message string
---@param put fun(call: Call)  puts what is open
---@param callback fun(ask: Ask)
---@return Ask|nil handle, Ask? ask  with nil: it is over already
function M.open(call, form, message, put, callback)
  local self = setmetatable({
    call = call, form = form, message = message, callback = callback, put = false, over = false,
    shown = nil, timer = nil, expires = nil, action = nil, content = nil, err = nil, -- room: setting them must not fail
  }, Ask)
  table.insert(call.asks, self)
  local ok, err = pcall(put, call)
  if ok and not self.over then return self end
  if ok then return nil, self end
  self:cancel()
  error(err, 0)
end

return M
