--- A call: one use of a tool, a prompt or a resource.  It runs in a fiber of its own, and belongs to an account.
---
--- A call knows no protocol and no request.  Whoever waits for it is its *listener*: a JSON-RPC request (lib.mcp.request), a
--- terminal.  There is one at a time, for a result is given once and a question is put to one person.  A listener may leave
--- before the end: what the call asks then waits until another one attaches, and so does its result, where somebody can come
--- for it (`outlive`, or a pending input).

local asks = require "lib.calls.ask"
local contexts = require "lib.calls.context"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local log = require "core.log"
local receipts = require "lib.calls.receipts"

local M = {}

---@class ProgressEntry
---@field progress number
---@field total? number
---@field message? string

---@class Listener  who waits for a call
---@field call? Call          the one that it listens to, or did
---@field note? string        what stands before the result of a call that it joined
---@field answer_by? number  moment of lib.async.clock at which it wants an answer
---@field settled fun(self: Listener, call: Call)  the call is over: `call.outcome`.  In a fiber or not
---@field ended fun(self: Listener)                the same of a call that this listener has cancelled
---@field progress fun(self: Listener, entry: ProgressEntry)
---@field begun fun(self: Listener, receipt: Receipt, quiet: boolean?)  the call has begun something that costs money; quiet: the
---result is about to tell it
---@field log? fun(self: Listener, level: string, text: string)  takes what the call logs; default: the log
---@field question fun(self: Listener, ask: Ask): Error?  puts a question; an error where it cannot.  It may detach meanwhile
---@field waits fun(self: Listener, waits: boolean)       whether the call waits: for time, a job or a person
---@field may_leave fun(self: Listener)                   the call goes on without it: it detaches when its patience is over
---@field displaced fun(self: Listener)                   another one has taken its place

---@class Outcome  what has come of a call: a result, an error, or (`ok` is false) what was raised inside of the server
---@field ok boolean
---@field result any
---@field err? Error

---@class PendingInput  in the place of a listener that has left with a question, which must come back with the answer
---@field ask Ask
---@field settled fun(self: PendingInput, call: Call)  the call is over before that
---@field close fun(self: PendingInput)                it comes back, or is not waited for any longer

---@class Lasting  of a call that outlives its listeners
---@field key string            what a call must have in common with this one to be the same
---@field name string           of what runs
---@field pending fun(call: Call, note?: string): table  the result for who does not wait any longer
---@field latest? ProgressEntry  for who attaches next

---@class Call
---@field id? string            once somebody may come back to it: see AccountCalls.name
---@field account? Account
---@field book AccountCalls     where it is found by who comes back to it; nil: nobody can
---@field feature table         the tool, prompt or resource
---@field ctx Context           what its code sees
---@field fiber? Fiber          once it has started
---@field receipts Receipts     what it has begun that costs money
---@field outcome? Outcome      once it is over
---@field listener? Listener
---@field canceller? Listener  the one that has cancelled it; another one may come while it ends
---@field lasting? Lasting
---@field told? boolean         of a lasting one: somebody was answered that it goes on, and may come back
---@field pending_input? PendingInput
---@field asks Ask[]            questions that are open
---@field private work fun(call: Call): any, Error?
---@field private room Outcome
local Call = {}
Call.__index = Call

---@class CallOptions
---@field feature table
---@field work fun(call: Call): any, Error?  what it does, in a fiber
---@field account? Account     whose call it is
---@field book? AccountCalls   the calls of that account; none: nobody can come back to it
---@field listener? Listener
---@field arguments? any       see Context.take_arguments
---@field client? table        who asks, as the code sees it

---@param options CallOptions
---@return Call
function M.new(options)
  local listener = options.listener
  local self = setmetatable({
    account = options.account, book = options.book, feature = options.feature, work = options.work, listener = listener,
    receipts = receipts.new(), asks = {}, room = { ok = false, result = nil, err = nil },
    -- room: setting them must not fail, or nobody hears of the end.  With 17 fields it would take twice the memory
    fiber = nil, outcome = nil, id = nil, lasting = nil, told = nil, canceller = nil, pending_input = nil, ctx = nil,
  }, Call)
  self.ctx = contexts.new {
    owner = self, account = options.account, tool = options.feature.name, arguments = options.arguments, client = options.client,
    receipts = self.receipts, answer_by = listener and listener.answer_by,
    -- room, and no table that grows
    runcomfy = nil, effects = nil, cancelled = nil, draining = nil, has_result = nil, waits = nil, on_drain = nil, wait_of_drain = nil,
  }
  return self
end

-- The end --------------------------------------------------------------------------------------------

--- Whether there is something that may have been paid for.
---@param outcome Outcome
---@return boolean
function M.has_result(outcome)
  local result = outcome.ok and outcome.result
  return result ~= nil and result ~= false and not (type(result) == "table" and result.pending)
end

-- Whoever comes for a call that another one has cancelled waits for an answer, too.
local function say_cancelled(self)
  local outcome = self.outcome --[[@as Outcome]]
  if not self.ctx.cancelled or M.has_result(outcome) then return end
  local err = errors.new(("run %s was cancelled"):format(self.id), { code = "cancelled" })
  outcome.ok, outcome.result, outcome.err = true, nil, receipts.name_in(self.receipts, err)
end

-- Who listens now gets the outcome: nobody else does.
local function give(self, listener)
  say_cancelled(self)
  if self.id then self.book:give(self) end
  listener:settled(self)
end

-- What it made was paid for, and reaches nobody, unless another one listens than has cancelled it.
local function give_up(self, outcome)
  local listener = self.listener
  local joined = listener ~= self.canceller and listener or nil
  if joined and M.has_result(outcome) then return give(self, joined) end
  if M.has_result(outcome) or self.ctx.has_result then receipts.unheard(self.ctx.tool, self.receipts) end
  if self.id then self.book:forget(self, "it was cancelled, with the call that waited for it") end
  if not joined then return listener and listener:ended() end
  say_cancelled(self)
  joined:settled(self)
end

-- The result says that another call goes on in this one's place.
local function hand_over(self, result)
  local listener = self.listener
  self.listener = nil
  if not listener then return end
  if self.ctx.cancelled then return listener:ended() end
  listener.note = result.note
  result.joined:attach(listener)
end

--- The call is over.
---@param ok boolean
---@param result any
---@param err? Error
function Call:settle(ok, result, err)
  local outcome = self.room
  outcome.ok, outcome.result, outcome.err = ok, result, err
  self.receipts.ended, self.outcome = true, outcome
  if ok and type(result) == "table" and result.joined then return hand_over(self, result) end
  if self.ctx.cancelled then return give_up(self, outcome) end
  if self.listener then return give(self, self.listener) end
  if self.id then self.book:keep(self) end
  if self.pending_input then self.pending_input:settled(self) end
end

local function log_failure(ok, problem)
  if not ok then log.write("error", "a listener could not be told: " .. tostring(problem)) end
end

-- Its open questions, as they are now: what is done with one may close others.
local function open_asks(self)
  return table.move(self.asks, 1, #self.asks, 1, {})
end

--- Nobody will answer its open questions.
---@param err Error
function Call:fail_questions(err)
  for _, ask in ipairs(open_asks(self)) do ask:fail(err) end
end

-- Fibers that the call has left behind may wait for an answer: nobody gives one to a call that is over.
local function close_questions(self)
  self:fail_questions(errors.new("The call that asked is over: nobody is asked any more.", { code = "cannot_ask" }))
end

local function run(self)
  self:settle(pcall(self.work, self))
  if #self.asks > 0 then log_failure(pcall(close_questions, self)) end
end

--- Starts it.  Raises where memory runs out for that.
function Call:start()
  local task = fiber.spawn(run, self)
  self.fiber = task
  if self.ctx.cancelled then task:cancel("the connection has ended") end
end

--- Tells it to end; what it undoes at its end is undone.
---@param reason any
function Call:cancel(reason)
  if self.outcome then return end
  self.ctx.cancelled, self.canceller = true, self.listener
  self:end_input()
  if self.fiber then self.fiber:cancel(reason) end
end

-- Listeners ------------------------------------------------------------------------------------------

-- Puts the questions that nobody was asked yet.
local function put_questions(self)
  for _, ask in ipairs(open_asks(self)) do
    local listener = self.listener
    if listener and not ask.put then ask:put_to(listener) end
    if not self.listener and not ask.put then ask:wait_for_listener() end
  end
end

-- What fails for want of memory is done again: see `look`.
local function welcome(self, listener)
  local lasting = self.lasting
  log_failure(pcall(listener.waits, listener, self.ctx:is_waiting()))
  if lasting and lasting.latest then log_failure(pcall(listener.progress, listener, lasting.latest)) end
  log_failure(pcall(put_questions, self))
  if self.lasting and self.listener == listener then log_failure(pcall(listener.may_leave, listener)) end
end

--- Lets somebody wait for it from now on; whoever did so far is answered.  Raises nothing.
---@param listener Listener
---@param ask? Ask     a question that comes back with its answer
---@param action? "accept"|"decline"|"cancel"
---@param content? any
function Call:attach(listener, ask, action, content)
  local before = self.listener
  self.listener, listener.call = listener, self
  self.ctx.answer_by = not self.lasting and listener.answer_by or nil
  self:end_input()
  if before then log_failure(pcall(before.displaced, before)) end
  if self.outcome then return log_failure(pcall(give, self, listener)) end
  local answer = ask and action and ask:take_answer(action, content)
  if ask and not action then ask.put = false end -- asked again: a client may leave answers out
  welcome(self, listener)
  if answer then answer() end
end

--- Nobody waits for it any longer; it goes on.
---@param listener Listener
function Call:detach(listener)
  if self.listener == listener then self.listener = nil end
end

--- The listener leaves with a question, and is to come back with the answer.
---@param listener Listener
---@param input PendingInput
function Call:await_input(listener, input)
  self:detach(listener)
  self.pending_input, self.book.inputs = input, self.book.inputs + 1
end

--- Whoever left with a question comes back, or is not waited for any longer.
function Call:end_input()
  local input = self.pending_input
  if not input then return end
  self.pending_input, self.book.inputs = nil, self.book.inputs - 1
  input:close()
end

--- From now on it goes on without a listener, and keeps its result for who comes for it.
---@param lasting Lasting
function Call:outlive(lasting)
  self.book:name(self)
  self.lasting, self.ctx.answer_by = lasting, nil
  if self.listener then self.listener:may_leave() end
end

--- Asks the person, and waits for the answer; raises an Error where there is none.  In a fiber.
---@param form Form
---@param message string
---@return "accept"|"decline"|"cancel" action, any content
function Call:ask(form, message)
  local _ <close> = self.ctx:wait()
  local ask, at_once = fiber.await(asks.open, self, form, message, put_questions)
  ask = ask or at_once
  if ask.err then error(ask.err, 0) end
  return ask.action, ask.content
end

--- Looks whether something was lost for want of memory: its end, a question, who is told that it goes on.
function Call:look()
  if not self.outcome and self.fiber and self.fiber.status == "done" then
    return self:settle(false, "not enough memory for the end of the call")
  end
  if self.outcome and not self.listener and not self.ctx.cancelled then return self.book:keep(self) end
  if self.outcome then return end
  put_questions(self)
  if self.lasting and self.listener then self.listener:may_leave() end
end

return M
