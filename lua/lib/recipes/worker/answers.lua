--- What is performed for a call that runs in a worker, and the answers that it is given there: see lib.recipes.worker.seat.

local clock = require "lib.async.clock"
local core_clock = require "core.clock"
local crossing = require "lib.recipes.worker.crossing"
local fiber = require "lib.async.fiber"
local insist = require "lib.async.insist"

local M = {}

local NO_MEMORY = { message = "not enough memory", code = "internal" }
local LONG = 64 * 1024 -- bytes of a message from which what it asks for begins in a turn of its own

-- Its fields may hold ids of paid requests: none is left out for want of memory.  nil: there was none for a second.
local function told(err)
  return fiber.shield(insist, "telling a recipe what went wrong", crossing.problem, err)
end

-- What is done for a recipe raises nothing here, whatever the worker has put into it.
---@return { value: any, err: any, written: boolean? }
local function perform(call, effect, cleans)
  local ok, value, err = pcall(call.listener.effect, effect, cleans)
  if ok and err == nil then return { value = value } end
  return { err = told(ok and err or value) or NO_MEMORY }
end

--- Answers what was not performed, or was.
---@param call SeatedCall
---@param effect Effect
---@param outcome { value: any, err: any, written: boolean? }
function M.send(call, effect, outcome)
  local message = { kind = "answer", call = effect.call, branch = effect.branch, seq = effect.seq, wall = clock.wall() }
  message.value, message.err = outcome.value, outcome.err
  if outcome.written then message.written = true end
  local ahead = call.listener.ahead and call.listener.ahead() or 0
  if ahead > 0 then message.ahead = ahead end
  local process = (call.seat --[[@as WorkerSeat]]).process
  local ok, problem = pcall(process.send, process, message)
  if ok then return end
  message.value, message.err = nil, crossing.problem(problem)
  process:send(message)
end

-- Nobody knows what came of it: it may have changed something.
local LOST = { err = NO_MEMORY, written = true }

local function nothing_written()
  return 0
end

local function give(call, entry)
  if entry.asked and call.seat then
    M.send(call, entry.effect, entry.outcome)
    call.asked.order:went(entry)
    call.seat.given = call.seat.given + 1
  end
  entry.done, entry.fiber, entry.outcome, entry.effect = true, nil, nil, nil
  call.count, call.bytes = call.count - 1, call.bytes - entry.size
end

-- Whether the call is run again up to where it is to end: it gets nothing new before.
local function is_to_end(call)
  return call.unasked ~= nil
end

--- Gives what was held for another answer, if that was given or will not be.
---@param call SeatedCall
function M.give_held(call)
  local order = call.asked.order
  local entry = order:ready(is_to_end(call))
  while entry do
    give(call, entry)
    entry = order:ready(is_to_end(call))
  end
  M.end_where_it_stood(call)
  if order:is_stuck() and call.seat then call.seat:look_at_order() end
end

local function answer(call, entry)
  if entry.done or entry.left then return end -- it is not waited for
  if entry.asked and call.seat and not call.asked.order:may_go(entry, is_to_end(call)) then
    call.asked.order:hold(entry)
  else
    give(call, entry)
  end
  M.give_held(call)
end

-- It is done also where the worker that has asked for it has ended meanwhile: the next one will ask, too.
local function execute(call, entry)
  if call.seat then call.seat.process.room:await() end -- a worker that does not read what it asks for gets no more
  if entry.size >= LONG then fiber.next_turn() end -- it was read and checked in this one
  local written = call.listener.written or nothing_written
  entry.written_before = entry.written_before or written()
  entry.begun = true
  local outcome = perform(call, entry.effect, entry.cleans)
  outcome.written = written() > entry.written_before -- or beside it: then perhaps
  entry.outcome = outcome
  answer(call, entry)
end

local function begin(call, entry)
  entry.fiber = nil
  local started = fiber.spawn(execute, call, entry)
  if not entry.done then entry.fiber = started end
end

--- Has an effect performed.
---@param call SeatedCall
---@param effect Effect
---@param entry AskedEffect
---@param size integer  bytes of the message that asks for it
function M.start(call, effect, entry, size)
  entry.effect = effect
  call.count, call.bytes, entry.size = call.count + 1, call.bytes + size, size
  local ok, err = pcall(begin, call, entry)
  if ok then return end
  call.count, call.bytes = call.count - 1, call.bytes - size
  error(err, 0)
end

local function send_cancel(call)
  call.ending_since = core_clock.monotonic()
  call.seat.process:send { kind = "cancel", call = call.message.call }
end

--- Ends it where it is to end: once it has asked for all that it had asked for, and was given what it had been given.
---@param call SeatedCall
function M.end_where_it_stood(call)
  if call.unasked ~= 0 or not call.seat or not call.asked.order:is_at_end() then return end
  send_cancel(call)
  call.unasked = nil
  M.give_held(call)
end

-- Whether it stands there: it gets no answer there any more.
local function ends_here(call, entry, is_new)
  if not call.unasked or entry.serial > call.ends_at then return false end
  if is_new then call.unasked, call.ending_since = call.unasked - 1, core_clock.monotonic() end
  if call.unasked > 0 or entry.nth then return false end
  M.end_where_it_stood(call)
  return true
end

--- Another worker asks for what was asked for before: what is still performed since then has its answer when that is done.
---@param call SeatedCall
---@param effect Effect
---@param entry AskedEffect
---@param size integer
function M.ask_again(call, effect, entry, size)
  local is_new = not entry.asked
  entry.asked = true
  if ends_here(call, entry, is_new) then
    entry.left = not entry.done
  elseif entry.done then
    entry.done, entry.begun = false, false
    M.start(call, effect, entry, size)
  elseif entry.outcome and not entry.left then -- it was held for its turn as the worker before ended
    answer(call, entry)
  elseif not entry.fiber and not entry.left then -- memory ran out as it was to begin
    M.start(call, effect, entry, size)
  end
end

--- Ends it at once, or where it stood before it was run again.
---@param call SeatedCall
function M.begin_end(call)
  call.asked.order:mark_end()
  call.unasked, call.ending_since = call.asked:missing(), core_clock.monotonic()
  M.end_where_it_stood(call)
end

--- Memory ran out on the way to its answer: it has it now.
---@param call SeatedCall
---@param entry AskedEffect
function M.recover(call, entry)
  if not entry.begun then return begin(call, entry) end
  entry.outcome = entry.outcome or LOST
  answer(call, entry)
end

return M
