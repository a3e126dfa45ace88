--- Fibers: coroutines that wait for callbacks, and can be cancelled at any wait.
---
--- C calls back, Lua awaits: a binding offers `start(…, callback) -> handle | nil, message, code`;
--- `await` turns it into straight code.  A cancelled fiber gets an error at its current wait, or at its
--- next one; the error unwinds it, so every to-be-closed variable on the way is closed.  A wait inside
--- such a close handler works (`shield`), elsewhere every further wait raises again: `pcall` cannot
--- swallow a cancellation for longer than one wait.
---
--- A fiber with a budget runs foreign code in slices of the budget.  Its waits are begun and ended
--- here, on the host's side: its own coroutine only yields what it asks for, so that it can be stopped
--- at any instruction and leaves nothing half done.
---
--- Where memory runs out on the way from what has happened to the fiber that waits for it, no fiber waits for ever: the loop
--- looks again soon after (lib.async.rescue).  A handle of C calls back again.  One of Lua has `recheck(handle, callback)`, which calls
--- back where what it waits for is there; a fiber that was resumed and never ran gets an error at its wait.  A handle is closed until
--- that has come to its end: its `__close` may be called again where memory ran out in it, and does what is still to be done.

local budgets = require "core.budget"
local errors = require "lib.errors"
local log = require "core.log"
local rescue = require "lib.async.rescue"
local timer = require "core.timer"
local turn = require "lib.async.turn"

local M = {}

---@class Fiber
---@field status "running"|"waiting"|"done"
---@field cancel_reason? any   set once cancelled
---@field traceback? string    set once it ended with an error: text and place
---@field quiet? boolean       its error is not logged, somebody will ask for it
---@field package thread thread
---@field package ticket integer    number of the current wait: a late answer to an earlier one is refused
---@field package shielded integer  depth of shields: waits inside do not raise a cancellation
---@field on_end? fun(self: Fiber)  called once it has ended; of one that runs already, by its owner alone
---@field package joiners? function[]
---@field package ok boolean
---@field package values table
---@field package budget? core.budget.Budget
---@field package unstarted? boolean   its first slice waits for a turn
---@field package op? table           what it waits for: a to-be-closed value; until it is closed
---@field package next_unclosed? Fiber  of the list of those that have ended, and whose handle is still to be closed
---@field package wake? fun(...)       the callback of its wait
---@field package lost? boolean       memory ran out as it was resumed: its wait raises
---@field stopped? "cpu"|"memory"     the limit at which its budget stopped it
local Fiber = {}
Fiber.__index = Fiber
Fiber.__name = "Fiber"

---@class Cancelled
---@field reason any
local Cancelled = { __name = "Cancelled" } -- no __index: a value must not lead to what all of them share

function Cancelled:__tostring()
  return "cancelled: " .. tostring(self.reason)
end

local metatable_of = debug.getmetatable -- __metatable may name any value, one with an __eq that never ends
local running, yield = coroutine.running, coroutine.yield
local create_plain, resume_plain = budgets.create_plain, budgets.resume_plain
local by_thread = {} ---@type table<thread, Fiber>  those that have not ended
local alive = 0
local NOTHING = { n = 0 }
local OUT_OF_MEMORY = "not enough memory"
local NO_MEMORY = { n = 1, OUT_OF_MEMORY }

--- Whether an error value is a cancellation.
---@param err any
---@return boolean
function M.is_cancelled(err)
  return rawequal(metatable_of(err), Cancelled)
end

--- The fiber that runs now, or nil outside of fibers.
---@return Fiber?
function M.current()
  return by_thread[running()]
end

--- Whether a coroutine is a fiber that has not ended.
---@param thread thread
---@return boolean
function M.is_fiber(thread)
  return by_thread[thread] ~= nil
end

--- How many fibers have not ended.
---@return integer
function M.count()
  return alive
end

--- Those that have not ended, in no order.
---@return Fiber[]
function M.all()
  local all = {}
  for _, self in pairs(by_thread) do all[#all + 1] = self end
  return all
end

-- An error on its way out of a fiber, with the place it came from.
local Traced = {}

local function trace(err)
  if M.is_cancelled(err) then return err end
  return setmetatable({ value = err, text = debug.traceback(tostring(err), 2) }, Traced)
end

local function settle_values(self, ok, ...)
  local err = ...
  if not ok and rawequal(getmetatable(err), Traced) then
    self.traceback, self.values = err.text, { n = 1, err.value }
  else
    self.values = select("#", ...) > 0 and table.pack(...) or NOTHING
  end
  self.ok = ok
end

local unclosed ---@type Fiber?  the first of those that have ended, and whose handle is still to be closed

-- A handle is kept until its end: closing it calls functions, for which memory may run out.
local function close_op(self)
  do local _ <close> = self.op end
  self.op = nil
end

local function close_unclosed()
  while unclosed do
    local self = unclosed --[[@as Fiber]]
    local ok, err = pcall(close_op, self)
    if not ok and errors.is_out_of_memory(err) then error(err, 0) end
    unclosed, self.next_unclosed, self.op = self.next_unclosed, nil, nil
    if not ok then log.write("error", "the end of a wait: " .. tostring(err)) end
  end
end

-- The count and the table of fibers are right even when memory is out: that part allocates nothing.
local function finish(self, ...)
  self.status = "done"
  if self.op ~= nil then self.next_unclosed, unclosed = unclosed, self end
  if by_thread[self.thread] then
    by_thread[self.thread] = nil
    alive = alive - 1
  end
  if not pcall(settle_values, self, ...) then self.ok, self.values = false, NO_MEMORY end
  local joiners, on_end = self.joiners, self.on_end
  self.joiners = nil
  if on_end then on_end(self) end
  if joiners then
    for _, joiner in ipairs(joiners) do joiner() end
  elseif self.traceback and not self.quiet then
    log.write("error", "a fiber ended with an error: " .. self.traceback)
  end
  if unclosed then close_unclosed() end
end

-- Coroutines whose fibers have ended wait here for the next ones: making one, letting its stack grow and collecting it costs more
-- than many a fiber does.  As many as calls run at once: with fewer each burst of answers makes some anew.
local idle, MOST_IDLE = {}, 256 ---@type thread[], integer

-- Ends the coroutine, or gives what the next fiber in it begins with.
local function next_in(thread)
  if #idle >= MOST_IDLE then return nil end
  idle[#idle + 1] = thread
  return yield()
end

-- Runs a fiber to its end; gives the coroutine that is free then.
local function run(self, fn, ...)
  by_thread[self.thread] = self
  alive = alive + 1
  finish(self, xpcall(fn, trace, ...))
  local thread = self.thread
  self.thread = nil
  return thread
end

local body ---@type function

-- By tail calls: a coroutine that waits here holds nothing of what the last fiber was given.
local function wait_for_next(thread)
  return body(next_in(thread))
end

function body(self, fn, ...)
  if self then return wait_for_next(run(self, fn, ...)) end
end

local function log_lost(self, err)
  log.write("error", debug.traceback(self.thread, tostring(err)))
end

-- Outside of the xpcall there is only this module's own code; it fails where memory or the C stack is
-- at its end.  Whoever joins the fiber hears of it.
local function end_lost(self, err)
  pcall(log_lost, self, err)
  if self.status == "done" then return end
  pcall(coroutine.close, self.thread)
  finish(self, false, err)
end

local slice_ended ---@type fun(self: Fiber, outcome: string, ...)

local function note_spent(self, before, ...)
  turn.spend(self.budget:used() - before)
  return slice_ended(self, ...)
end

local function resume(self, ...)
  self.status = "running"
  if self.budget then return note_spent(self, self.budget:used(), self.budget:resume(self.thread, ...)) end
  local ok, err = resume_plain(self.thread, ...)
  if not ok then end_lost(self, err) end
end

--- Starts a fiber; it runs at once, up to its first wait.
---@param fn function
---@param ... any  arguments of `fn`
---@return Fiber
function M.spawn(fn, ...)
  local self = setmetatable({
    thread = table.remove(idle) or create_plain(body), ticket = 0, shielded = 0, status = "running",
    ok = false, values = NOTHING, -- of its end, there now so that setting them needs no memory
    joiners = nil, cancel_reason = nil, op = nil, wake = nil, lost = false, traceback = nil, quiet = nil,
    on_end = nil, next_unclosed = nil, -- room for them
  }, Fiber)
  resume(self, self, fn, ...)
  return self
end

-- The end of a shield.
function Fiber:__close()
  self.shielded = self.shielded - 1
end

local function is_to_raise(self)
  return self.cancel_reason ~= nil and self.shielded == 0
end

local function cancellation(self)
  return setmetatable({ reason = self.cancel_reason }, Cancelled)
end

local function raise_if_cancelled(self)
  if is_to_raise(self) then error(cancellation(self), 0) end
end

-- Calls start(…, callback); the short forms spare a table at each wait.
local function begin(start, callback, ...)
  local count = select("#", ...)
  if count == 0 then return start(callback) end
  local a, b = ...
  if count == 1 then return start(a, callback) end
  if count == 2 then return start(a, b, callback) end
  local args = table.pack(...)
  args[count + 1] = callback
  return start(table.unpack(args, 1, count + 1))
end

local function raise_lost(self)
  self.lost = false
  error(OUT_OF_MEMORY, 0)
end

-- The wait of a fiber without a budget is over.  It stands where `await` stood, and closes the handle itself: calls that went deeper than
-- those before might find no memory, and the answer would be lost.
local function settle(self, ...)
  self.ticket, self.wake = self.ticket + 1, nil
  do local _ <close> = self.op end
  self.op = nil
  if self.lost then raise_lost(self) end
  raise_if_cancelled(self)
  return ...
end

-- Fibers with a budget ------------------------------------------------------------------------------

local function end_wait(self)
  self.ticket, self.wake = self.ticket + 1, nil
  close_op(self)
end

-- Answers what the fiber waits for; with `raise` it is raised there.
local function answer(self, raise, ...)
  self.status = "running"
  end_wait(self)
  if self.unstarted then return finish(self, false, cancellation(self)) end -- nothing else ends that wait
  if is_to_raise(self) then return resume(self, true, cancellation(self)) end
  return resume(self, raise, ...)
end

-- What is known at once is answered in the next turn of the loop: a fiber that asks such things for ever
-- must not keep the others waiting.
local function answer_later(self, ...)
  local values = table.pack(...)
  self.op = turn.defer(function() answer(self, table.unpack(values, 1, values.n)) end)
  self.status = "waiting"
end

-- Begins the wait that the fiber yielded.
local function serve(self, start, ...)
  local ticket = self.ticket
  local function callback(...)
    if self.ticket ~= ticket or self.status ~= "waiting" then return end
    if turn.has_room() then return answer(self, false, ...) end
    end_wait(self)
    answer_later(self, false, ...)
  end
  local ok, op, message, code = pcall(begin, start, callback, ...)
  if not ok then return answer_later(self, true, op) end
  if op == nil then return answer_later(self, false, nil, message, code) end
  self.op, self.wake, self.status = op, callback, "waiting"
end

local stop_reasons = {
  cpu = "it used up the processor time that it may use between two waits",
  memory = "it used up its memory",
}

local function traced(value, text)
  return setmetatable({ value = value, text = text or "an error without a traceback" }, Traced)
end

function slice_ended(self, outcome, ...)
  if outcome == "waiting" then return serve(self, ...) end
  if outcome == "done" then return finish(self, true, ...) end
  local value, text = ...
  if outcome == "stopped" then
    self.stopped = value
    local message = stop_reasons[value]
    return finish(self, false, traced(errors.new(message, { code = value }), message .. "\n" .. (text or "")))
  end
  if M.is_cancelled(value) then return finish(self, false, value) end
  finish(self, false, traced(value, text))
end

local function start_later(self, ...)
  local args = table.pack(...)
  self.status, self.unstarted = "waiting", true
  self.op = turn.defer(function()
    end_wait(self)
    self.unstarted = nil
    resume(self, table.unpack(args, 1, args.n))
  end)
end

--- Starts a fiber in slices of `budget`, now or, where slices have taken their share of this turn, in a later one.  When the
--- budget stops it, it ends with an Error of code "cpu" or "memory", and what it left to be closed is closed by `close_in`.
---@param budget core.budget.Budget
---@param fn function
---@param ... any  arguments of `fn`
---@return Fiber
function M.spawn_in(budget, fn, ...)
  local self = setmetatable({
    ticket = 0, shielded = 0, status = "running", budget = budget, quiet = true,
    ok = false, values = NOTHING, joiners = nil, on_end = nil, cancel_reason = nil, op = nil, wake = nil, stopped = nil,
    traceback = nil, thread = nil, next_unclosed = nil, -- room for them
  }, Fiber)
  self.thread = budget:create(fn)
  by_thread[self.thread] = self
  alive = alive + 1
  local ok, err = pcall(turn.has_room() and resume or start_later, self, ...)
  if ok or errors.is_out_of_memory(err) then return self end -- that ends it as any other that got stuck
  error(err, 0)
end

--- Closes the to-be-closed variables that a fiber left when its budget stopped it, with another budget.
--- They cannot wait.
---@param budget core.budget.Budget
---@return boolean ok, any err
function Fiber:close_in(budget)
  return budget:close(self.thread)
end

--- Where a fiber of a budget waits, as a traceback.
---@return string
function Fiber:where()
  return debug.traceback(self.thread) --[[@as string]]
end

local function answered(raise, ...)
  if raise then error((...), 0) end
  return ...
end

-- Waiting --------------------------------------------------------------------------------------------

-- Memory ran out as it was resumed: who calls back again is heard.
local function is_stuck(self)
  return self.status == "running" and coroutine.status(self.thread) == "suspended"
end

-- What ends the wait that begins now; called later than that, it does nothing.
local function resumer(self)
  local ticket = self.ticket
  return function(...)
    if self.ticket == ticket and (self.status == "waiting" or is_stuck(self)) then resume(self, ...) end
  end
end

-- Memory ran out, or there was no way to yield, and the last wait was left without its end.
local function end_last_wait(self)
  self.status, self.ticket, self.wake = "running", self.ticket + 1, nil
  close_op(self)
end

--- Calls `start(…, callback)` and waits for the callback; returns what it was called with.
--- Where `start` returns nil, message, code, so does `await`, without a wait.  The handle is closed
--- when the wait ends, however it ends.
---@param start fun(...): any, ...
---@param ... any
---@return any ...
function M.await(start, ...)
  local self = by_thread[running()]
  if not self then error("fiber.await: not inside a fiber", 2) end
  raise_if_cancelled(self)
  if self.budget then return answered(yield(start, ...)) end
  if self.op ~= nil then end_last_wait(self) end
  local callback = resumer(self)
  local op, message, code = begin(start, callback, ...)
  if op == nil then return nil, message, code end
  self.op, self.wake, self.status = op, callback, "waiting"
  return settle(self, yield())
end

local withdrawable = {} ---@type table<Fiber, { op: table, withdrawn: boolean }>  those in await_withdrawable

local function forget(self)
  withdrawable[self] = nil
end

-- After a wait that a cancellation could not end, its answer is returned: the next wait raises.
local function settle_withdrawable(self, guard, ...)
  self.ticket, self.wake = self.ticket + 1, nil
  do local _ <close> = self.op end
  self.op = nil
  if self.lost then raise_lost(self) end
  if is_to_raise(self) and guard.withdrawn then error(cancellation(self), 0) end
  return ...
end

--- Like `await`, for what cannot be called back once it is under way.  A cancellation asks the handle, once:
--- where `withdraw()` says true it never began, and never will, and the wait raises; else the wait goes on and returns the
--- answer, and the cancellation is raised by the fiber's next wait.  Not for fibers with a budget.
---@param start fun(...): any, ...   its handle has `withdraw() -> boolean`
---@param ... any
---@return any ...
function M.await_withdrawable(start, ...)
  local self = by_thread[running()]
  if not self or self.budget then error("fiber.await_withdrawable: not inside a fiber of the host", 2) end
  raise_if_cancelled(self)
  if self.op ~= nil then end_last_wait(self) end
  local callback = resumer(self)
  local guard <close> = setmetatable({ op = nil, withdrawn = false }, { __close = function() forget(self) end })
  withdrawable[self] = guard --[[@as { op: table, withdrawn: boolean }]] -- a wait that has begun has its handle
  local op, message, code = begin(start, callback, ...)
  if op == nil then return nil, message, code end
  guard.op = op
  self.op, self.wake, self.status = op, callback, "waiting"
  return settle_withdrawable(self, guard, yield())
end

--- Waits `seconds` of real time.  Code that follows the simulator's clock uses lib.async.clock.
---@param seconds number
function M.sleep(seconds)
  M.await(timer.after, math.max(0, math.ceil(seconds * 1000)))
end

--- Lets the loop turn: what is ready by now runs first.
---@param await? fun(start: fun(callback: fun()): table)  default: `await`
function M.next_turn(await)
  (await or M.await)(turn.defer)
end

-- Its current wait raises.
local function raise_at_wait(self)
  if self.budget then answer(self) else resume(self) end
end

--- Asks the fiber to end: its current or next wait raises.  Does nothing once it has ended.
---@param reason? any  default "cancelled"
function Fiber:cancel(reason)
  if self.status == "done" or self.cancel_reason ~= nil then return end
  self.cancel_reason = reason == nil and "cancelled" or reason
  if self.status ~= "waiting" or self.shielded > 0 then return end
  local guard = withdrawable[self]
  if guard then
    guard.withdrawn = guard.op:withdraw()
    if not guard.withdrawn then return end
  end
  raise_at_wait(self)
end

local Join = {}
Join.__index = Join
function Join.__close() end

function Join:recheck(callback)
  if self.task.status == "done" then callback() end
end

--- Waits for the fiber's end.
---@return boolean ok      false: it ended with an error
---@return any ...         what it returned, or the error
function Fiber:join()
  if self.status ~= "done" then
    M.await(function(callback)
      self.joiners = self.joiners or {}
      table.insert(self.joiners, callback)
      return setmetatable({ task = self }, Join)
    end)
  end
  return self.ok, table.unpack(self.values, 1, self.values.n)
end

local has_ended = false -- any fiber, in this look

-- A fiber that was to go on, and has not run.  What it holds is closed: a plain one unwinds by the error; of one with a budget
-- that is left to `close_in`.
local function end_stuck(self)
  has_ended = true
  if not self.budget then
    self.lost = true
    return resume(self)
  end
  self.wake, self.stopped = nil, "memory"
  finish(self, false, OUT_OF_MEMORY)
end

-- Whether its current wait can raise: one that has ended, and whose results found no room, is "suspended", too, and stands nowhere.
local function can_raise(self)
  return is_to_raise(self) and not withdrawable[self] and (self.unstarted or debug.getinfo(self.thread, 0, "l") ~= nil)
end

local function look_after(self)
  if self.status == "done" then return end
  local state = coroutine.status(self.thread)
  if state == "dead" then
    has_ended = true
    return end_lost(self, OUT_OF_MEMORY)
  end
  if state ~= "suspended" then return end
  if can_raise(self) then return raise_at_wait(self) end
  if self.status == "running" then return end_stuck(self) end
  local op = self.op
  if op == nil then return end_stuck(self) end
  if type(op) == "table" and op.recheck then op:recheck(self.wake) end
end

-- Memory ran out somewhere: whoever waits for what has happened already goes on.
rescue.add(M, function()
  if unclosed then close_unclosed() end
  repeat -- another one may wait for what has ended
    has_ended = false
    rescue.each(M.all(), look_after)
  until not has_ended
end)

--- Calls `fn` with waits that a cancellation does not interrupt: for clean-up.
---@param fn function
---@param ... any
---@return any ...
function M.shield(fn, ...)
  local self = assert(M.current(), "fiber.shield: not inside a fiber")
  self.shielded = self.shielded + 1
  local _ <close> = self -- needs no memory
  return fn(...)
end

return M
