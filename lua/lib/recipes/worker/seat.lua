--- One worker with what runs in it: its messages, and the effects of its calls.

local answers = require "lib.recipes.worker.answers"
local astray = require "lib.recipes.worker.astray"
local clock = require "lib.async.clock"
local core_clock = require "core.clock"
local crossing = require "lib.recipes.worker.crossing"
local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local lines = require "lib.recipes.rc.lines"
local redaction = require "lib.redaction"
local rescue = require "lib.async.rescue"

local M = {}

local MOST_WORDS = 1000 -- bytes of progress, as rc.context has it
local MOST_EFFECTS = 4096             -- of a call that are under way at once: a function of rc.map waits for one
local MOST_STEPS = 100000            -- … in all: each is known as long as the call runs, in case that it is run again
local MOST_NAMES = 64 * 1024 * 1024 -- bytes of the names of a call's branches
local MOST_NAMED = 1000              -- names under which it writes lines
local END_SECONDS = 30
local LONG = 64 * 1024               -- bytes of an effect from which all are counted
local MOST_BYTES = 512 * 1024 * 1024 -- of what the calls of a worker have asked for, and is under way

---@class WorkerListener  what a call tells, and asks
---@field effect fun(effect: Effect, cleans: boolean): any, Error?  performs it, perhaps for a clean-up; in a fiber, which is
---  cancelled where the recipe waits no more.
---  Another worker asks for the same again: what was done is not to be done again then (lib.calls.replay)
---@field noted? fun(effect: Effect, answer: any)  time: what the worker has answered itself
---@field known? fun(): table<string, any>         … and so far, by branch and number: what it is to answer again
---@field ahead? fun(): number  seconds that the recipe's clock runs ahead of ours
---@field written? fun(): integer  how much the call has changed outside
---@field undoes? fun()     it has registered what it is to undo at its end
---@field lost? fun(why: string)  they were not run to their end, and will not be
---@field rest? fun()       its clean-ups begin: waits, in a fiber, for what they may have to undo
---@field progress? fun(done: number, total: number?, message: string?)
---@field log? fun(level: string, text: string)

---@class SeatedCall
---@field message WorkerMessage      that begins it
---@field began number               lib.async.clock
---@field listener WorkerListener
---@field callback fun(result: any, err: Error?)
---@field asked AskedEffects
---@field seat? WorkerSeat           where it runs
---@field count integer              effects under way
---@field last table<string, integer>  number of the last effect, by branch
---@field names integer              bytes of these
---@field bytes integer              of the effects under way
---@field ending_since? number       the worker is to end it, and waits for nothing of ours: since when, in real time
---@field is_overdue? boolean        … and it has not ended it
---@field deadline? number           seconds from its beginning
---@field ends_at? integer           it is to end, with its clean-ups, where it has asked for so many effects
---@field unasked? integer           … of which it has still to ask for so many, when it is run again
---@field undoes_in? WorkerSeat      where it has registered something to undo, the last of these
---@field astray integer              times that it was run again and did something else
---@field verdict? Error             what it ends with then, whatever its clean-ups do
---@field resting? WorkerSeat        where its clean-ups have begun
---@field lone_ends integer          workers that have ended while it alone ran there, and at one place
---@field lone_ends_in_all integer
---@field lone_end_at? integer       what it had asked for when the last of them did
---@field judged? WorkerSeat         the last of those that has ended, and whether it goes on then
---@field goes_on? boolean
---@field is_over? boolean           with this:
---@field result? any
---@field err? Error
---@field told? boolean              the worker is to end it
---@field rest_task? Fiber           waits for what its clean-ups may have to undo
---@field rested? WorkerSeat         whose worker was told that they may begin
---@field lines integer              that the worker in which it runs has written for it
---@field lines_told? integer        … and the workers before that one

---@class WorkerSeat
---@field process WorkerProcess
---@field calls table<string, SeatedCall>
---@field loads table<string, WorkerLoad>  by recipe
---@field alone? boolean  it has ended, and a call alone ran there
---@field account? string  whose calls alone run here; nil: of the first account, or as they come
---@field package given integer  answers that its worker was sent
---@field private looks boolean  it is to say when it has done what it can without us
---@field private sent table<string, true>  the recipes that it was sent
---@field private names table<string, true>  under which it has written lines
---@field private named integer  how many
---@field private end_seconds number  that it may take to end a call
---@field lone boolean  it has only calls whose worker has ended, and gets no others
---@field package on_astray fun(call: SeatedCall)  has it run again elsewhere
---@field package dropped table<string, true>  calls that it had, and that run elsewhere now
local Seat = {}
Seat.__index = Seat

---@param lone boolean
---@param end_seconds? number  that it may take to end a call that is to end; default 30: its clean-ups have 5, what runs then as many
---@return WorkerSeat
function M.new(lone, end_seconds)
  local self = setmetatable({
    calls = {}, loads = {}, sent = {}, names = {}, named = 0, end_seconds = end_seconds or END_SECONDS, lone = lone, process = nil,
    alone = nil, account = nil, given = 0, looks = false, on_astray = nil, dropped = {},
  }, Seat)
  rescue.add(self, Seat.recover)
  return self
end

--- Has a recipe loaded.
---@param message WorkerMessage
function Seat:load(message)
  self.process:send(message)
  self.sent[message.recipe] = true
end

--- Whether it was sent a recipe.
---@param recipe string
---@return boolean
function Seat:has(recipe)
  return self.sent[recipe] == true
end

--- Whether anything is under way.
---@return boolean
function Seat:is_busy()
  return next(self.calls) ~= nil or next(self.loads) ~= nil
end

local USUAL_MS = 2000 -- that a call's code may compute between two waits, for which a worker's turn has time

--- Seconds beyond the usual that its calls may compute between two waits.
---@return number
function Seat:computes()
  local most = USUAL_MS
  for _, call in pairs(self.calls) do most = math.max(most, call.message.limits.recipe_cpu_ms or 0) end
  return (most - USUAL_MS) / 1000
end

-- The ends of calls ------------------------------------------------------------------------------------

-- Where memory runs out on the way, whoever waits finds it over by itself, and closes what it asked for.
local function notify_end(call)
  call.asked:close()
  call.callback(call.result, call.err)
end

-- Where nobody can say that the clean-ups were done, `lost` says why; where memory runs out for that it is called again.
local function over(call, result, err, lost)
  if call.is_over then return end
  if lost and call.undoes_in and call.listener.lost then
    call.listener.lost(lost)
    call.undoes_in = nil -- told once
  end
  if call.verdict then result, err = nil, call.verdict end
  call.result, call.err, call.seat = result, err, nil
  call.is_over = true -- behind these, for which there may be no memory
  local ok, problem = pcall(notify_end, call)
  if not ok and not errors.is_out_of_memory(problem) then error(problem, 0) end
end

--- Ends a call that runs nowhere.
---@param call SeatedCall
---@param err Error
function M.fail(call, err)
  over(call, nil, err, err.message)
end

-- Effects ------------------------------------------------------------------------------------------

local TOO_MANY = {
  message = ("a call may take %d steps: calls of tools, requests, waits, files; polls within a wait do not count"):format(MOST_STEPS),
  code = "too_many_steps",
}

local function effect_of(message)
  return {
    call = message.call, branch = message.branch, seq = message.seq, kind = message.effect, name = message.name, input = message.input,
  }
end

-- Whether a branch is where the host numbers what it does for an effect (State.below): no code is there.
local function is_below_effect(call, branch)
  local from = 1
  while from <= #branch do
    local slash = branch:find("/", from, true) or #branch + 1
    local seq = math.tointeger(tonumber(branch:sub(from, slash - 1)))
    local entry = seq and call.asked:at { branch = branch:sub(1, math.max(0, from - 2)), seq = seq }
    if entry and entry.asked then return true end
    from = slash + 1
  end
  return false
end

-- A branch counts its effects: each number is above the last one.  That it has come is noted once all is done for it (`note`): where
-- memory runs out it comes again.
local function check_number(call, message)
  local last = call.last[message.branch]
  if not last then
    if is_below_effect(call, message.branch) then return "a branch below an effect" end
    call.last[message.branch] = -1
    call.names = call.names + #message.branch
  end
  if last and message.seq <= last then return "the effects of a branch are out of order" end
  if call.last[effects.below(message)] then return "an effect above a branch" end
  if call.names > MOST_NAMES then return "too many branches" end
end

local function note_number(call, message)
  call.last[message.branch] = message.seq
end

-- Messages ---------------------------------------------------------------------------------------------

local handlers = {}

-- Whether so much more is too much to be under way at once.
local function is_too_much(self, size)
  if size < LONG then return false end
  for _, call in pairs(self.calls) do size = size + call.bytes end
  return size > MOST_BYTES
end

local function take_effect(call, effect, cleans, size)
  local entry = call.asked:at(effect)
  if entry then
    answers.ask_again(call, effect, entry, size)
  elseif call.ends_at and not cleans and effect.kind ~= "module" then
    call.asked:add(effect, cleans).left = true -- the worker has not heard of it yet: nothing more is begun
  elseif call.asked.count >= (cleans and 2 * MOST_STEPS or MOST_STEPS) then
    answers.send(call, effect, { err = TOO_MANY })
  else
    answers.start(call, effect, call.asked:add(effect, cleans), size)
  end
end

function handlers.effect(self, message, call, size)
  local is_new = message.effect ~= "module" and not call.asked:at(message)
  if is_new and astray.look(self, call) then return end
  local problem = check_number(call, message)
  if problem then return problem end
  if call.count >= MOST_EFFECTS or is_too_much(self, size) then return "too many effects at once" end
  take_effect(call, effect_of(message), message.cleans == true, size)
  note_number(call, message)
end

function handlers.leave(_, message, call)
  local entry = call.asked:at(message)
  if not entry or entry.done then return end -- the answer was on its way
  if not entry.left then call.count, call.bytes = call.count - 1, call.bytes - entry.size end
  entry.left = true
  if entry.fiber then entry.fiber:cancel "the recipe waits no more" end
  answers.give_held(call)
end

function handlers.noted(_, message, call)
  local problem = check_number(call, message)
  if problem then return problem end
  if call.listener.noted then call.listener.noted(effect_of(message), message.answer) end
  note_number(call, message)
end

function handlers.undoes(self, _, call)
  if call.listener.undoes then call.listener.undoes() end
  call.undoes_in = self
end

local function notify_rested(self, call)
  if call.seat ~= self or call.rested == self then return end
  self.process:send { kind = "rested", call = call.message.call, wall = clock.wall() }
  call.ending_since, call.rested = core_clock.monotonic(), self
end

-- Once in each worker that runs it: nothing waits any more when it is run again.
function handlers.rest(self, _, call)
  if astray.look(self, call) then return end
  if call.resting == self then return "it has begun its clean-ups twice" end
  call.ending_since = nil
  call.rest_task = fiber.spawn(function()
    if call.listener.rest then pcall(call.listener.rest) end
    notify_rested(self, call)
  end)
  call.resting = self
end

function handlers.progress(_, message, call)
  local words = message.message and redaction.brief(message.message, MOST_WORDS)
  if call.listener.progress then call.listener.progress(message.done, message.total, words) end
end

-- The worker knows no secret that it could cut.
function handlers:done(message, call)
  local problem = call.message.feature == "tool" and not message.err and crossing.cut(message.result) or nil
  if problem then return problem end
  local err = message.err and crossing.told(message.err)
  if self.calls[message.call] ~= call then return end -- the loop has turned: the worker may have ended, and the call runs elsewhere
  local is_gone, lost = astray.look_at_end(self --[[@as WorkerSeat]], call, err)
  if is_gone then return end
  over(call, message.result, err, lost)
  self.calls[message.call] = nil -- at last: where memory runs out before, the message comes again
end

-- What is written under each name is limited by itself (rc.lines): there are not as many as it likes.
local function name_of(self, name)
  if self.names[name] then return name end
  if self.named == MOST_NAMED then return "" end
  self.names[name], self.named = true, self.named + 1
  return name
end

-- A call that is run again writes again what it wrote.
local function is_new_line(call)
  call.lines = call.lines + 1
  if call.lines <= call.lines_told then return false end
  call.lines_told = call.lines
  return true
end

local function take_log(self, message)
  local call, text = message.call and self.calls[message.call], redaction.brief(message.text, lines.LONGEST)
  if call and not is_new_line(call) then return end
  if call and call.listener.log then
    call.listener.log(message.level, text)
  else
    lines.write(name_of(self, message.name), message.level, text)
  end
end

local function take_loaded(self, message)
  local load = self.loads[message.recipe]
  if not load then return not self.sent[message.recipe] and "a recipe that nobody has sent" or nil end
  load.answer, self.loads[message.recipe] = message, nil
  load.callback(message)
end

--- Takes a message of the worker's.
---@param message WorkerMessage
---@param size integer  its bytes
---@return string? problem  why it cannot come in this moment
function Seat:take(message, size)
  if message.kind == "log" then return take_log(self, message) end
  if message.kind == "loaded" then return take_loaded(self, message) end
  local call = self.calls[message.call]
  if not call then return message.kind ~= "leave" and not self.dropped[message.call] and "a call that there is not" or nil end
  return handlers[message.kind](self, message, call, size)
end

-- Calls ------------------------------------------------------------------------------------------------

local function send_call(self, call)
  if call.listener.known then call.message.known = call.listener.known() end
  self.process:send(call.message)
  answers.end_where_it_stood(call)
end

--- Lets a call run here: from its beginning, with what its record has.
---@param call SeatedCall
function Seat:seat(call)
  call.judged, call.goes_on, call.told = nil, nil, call.ends_at ~= nil
  call.seat, call.last, call.names = self, {}, 0
  call.lines, call.lines_told = 0, call.lines_told or 0
  call.unasked = call.ends_at
  call.ending_since = call.ends_at and core_clock.monotonic()
  self.calls[call.message.call] = call
  local ok, err = pcall(send_call, self, call)
  if ok then return end
  self.calls[call.message.call] = nil
  error(err, 0)
end

--- The call is to end where it stands, with its clean-ups.  Where memory runs out it is called again.
---@param call SeatedCall
function M.cancel(call)
  if call.is_over then return end
  call.ends_at = call.ends_at or call.asked.count
  if not call.told then answers.begin_end(call) end
  call.told = true
  call.asked:leave(function(entry) -- at once, as it would be here: what they leave undone is theirs to see to
    call.count, call.bytes = call.count - 1, call.bytes - entry.size
  end)
  answers.give_held(call)
end

local function recover(self, call)
  if call.is_over then return end
  for _, entry in ipairs(call.asked:lost()) do
    answers.recover(call, entry)
  end
  local task = call.rest_task
  if call.resting == self and task and task.status == "done" then notify_rested(self, call) end
end

--- Memory ran out somewhere: what is due to the worker, and was not sent, is sent.
function Seat:recover()
  local calls = {}
  for _, call in pairs(self.calls) do calls[#calls + 1] = call end
  rescue.each(calls, function(call) recover(self, call) end)
end

-- Code that runs again and does something else may never ask for what it had asked for: that is so where all of it waits for us.
local function look_at_order(self, given)
  local calls = {}
  for _, call in pairs(self.calls) do calls[#calls + 1] = call end
  for _, call in ipairs(calls) do
    local order = call.asked.order
    if order:is_stuck() then
      if self.given == given then order:give_up() end
      answers.give_held(call)
    end
  end
end

--- Gives what is held for an answer that nobody has asked for, if nobody will.
function Seat:look_at_order()
  if self.looks then return end
  local given = self.given
  self.process:settle(function()
    self.looks = false
    look_at_order(self, given)
  end)
  self.looks = true
end

-- Code that runs again may compute up to where it was, on a machine that gives it a twelfth of its time (see WorkerTurn).
local function may_take(self, call)
  return (self.end_seconds + 12 * (call.message.limits.recipe_cpu_ms or 0) / 1000) / math.min(1, clock.is_virtual() and 1 or clock.speed())
end

--- Looks for calls that the worker was to end long ago.
---@return string? problem
function Seat:look()
  local now, problem = core_clock.monotonic(), nil
  for _, call in pairs(self.calls) do
    if call.ending_since and now - call.ending_since > may_take(self, call) then
      call.is_overdue, problem = true, "it did not end a call that was to end"
    end
  end
  return problem
end

return M
