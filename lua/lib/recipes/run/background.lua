--- Runs of recipes for clients: a run outlives the call that began it.
---
--- A client waits for an answer as long as it bears (`ctx.answer_by`, see lib.mcp.patience); a recipe may take longer.  Then the
--- call is answered with `pending`, the ids of open requests and the run's handle, and the run goes on in the background.
--- Another call takes part in it in two ways: `run_recipe` with `collect`, or the same call again, which joins a run whose
--- caller has been answered with `pending`.  The result is given once, to whoever is attached when it is there, or who comes first.

local canonical = require "lib.recipes.run.canonical"
local clock = require "lib.async.clock"
local context = require "lib.mcp.context"
local elicitation = require "lib.mcp.elicitation"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local guard = require "lib.features.guard"
local host = require "core.host"
local json = require "core.json"
local log = require "core.log"
local open_requests = require "lib.recipes.run.open_requests"
local receipts = require "lib.calls.receipts"
local results = require "lib.recipes.run.results"
local under_way = require "lib.recipes.run.under_way"

local M = {}

local MOST_RUNNING = 100 -- in the background at once
local TRIES, PAUSE = 200, 0.005 -- seconds between two of a wait that memory runs out for
local ASK_SECONDS = 600  -- of lib.async.clock, for which a question waits for somebody who can be asked

---@class RunSubject  what is run
---@field name string        of the tool
---@field recipe table       the version of it
---@field account string     whose money it spends
---@field input table
---@field collects boolean   whether run_recipe is offered

---@class Run
---@field id string          the handle
---@field key string         account, recipe and arguments
---@field subject RunSubject
---@field began number       moment of lib.async.clock
---@field ctx Context        the recipe's
---@field caller? Context    whoever waits for it now
---@field answered boolean   a call was answered with `pending`
---@field outcome? table     { ok, result, err }, once it has ended
---@field package room table    where the outcome goes
---@field package task? Fiber
---@field package wake? fun()    of the fiber that waits
---@field package latest? table  the newest progress
---@field package on_leave? fun()
---@field package asking table<fun(), true>  questions that wait for a call to be attached
---@field package waits boolean      it waits for time, a job or a person
---@field package told? table        the mark of its caller, while it does

---@class Runs
---@field private running table<Run, true>
---@field private results RunResults  those that have ended and wait for somebody
---@field private mark fun(result?: table, err?: Error): table?, Error?
local Runs = {}
Runs.__index = Runs

---@param mark? fun(result?: table, err?: Error): table?, Error?  what the simulator does to every result
---@return Runs
function M.new(mark)
  local kept = results.new()
  under_way.tell_also(kept, kept.uncollected)
  return setmetatable({ running = {}, results = kept, mark = mark or function(...) return ... end }, Runs)
end

-- The recipe's context -------------------------------------------------------------------------------

local NOBODY = "Nobody could be asked: the call that began this run was answered with 'pending', and no other call has joined it "
  .. "within %d s."

local Asking = {}
Asking.__index = Asking

function Asking:__close()
  self.run.asking[self.wake] = nil
  self.timer:cancel()
end

local function wait_for_caller(run, until_moment, callback)
  run.asking[callback] = true
  return setmetatable({ run = run, wake = callback, timer = clock.after(math.max(0, until_moment - clock.now()), callback) }, Asking)
end

-- The question waits until somebody is there: failing the recipe would cost what it has paid for by now.
local function ask_caller(run, form)
  local latest = clock.now() + ASK_SECONDS
  if not run.caller then
    log.write("info", ("run %s of recipe '%s' has a question, and nobody waits for it"):format(run.id, run.subject.name))
  end
  while not run.caller do
    if clock.now() >= latest then error(errors.new(NOBODY:format(ASK_SECONDS), { code = "cannot_ask" }), 0) end
    fiber.await(wait_for_caller, run, latest)
  end
  return elicitation.through(form, run.caller)
end

-- Whoever is attached hears whether the run waits.
local function tell_waits(run)
  if run.told then run.told:__close() end
  run.told = run.waits and run.caller and run.caller:wait() or nil
end

-- What the recipe tells and asks goes to whoever is attached.
local function context_of(run, caller)
  local ctx = context.new { tool = run.subject.name, account = caller.account, client = caller.client, receipts = caller.receipts }
  function ctx.progress(_, ...)
    run.latest = table.pack(...)
    if run.caller then run.caller:progress(...) end
  end
  function ctx.receipt(_, receipt)
    table.insert(ctx.receipts.list, receipt)
    if run.caller then run.caller:announce(receipt) end
  end
  function ctx.ask(form) return ask_caller(run, form) end
  function ctx.on_leaving(_, fn)
    run.on_leave = fn
    if run.caller then run.caller:on_leaving(fn, true) end
  end
  ctx.pass = { set_waiting = function(_, waits)
    run.waits = waits
    tell_waits(run)
  end }
  return ctx
end

-- Attaching ------------------------------------------------------------------------------------------

local function detach(run)
  local caller = run.caller
  run.caller = nil
  tell_waits(run)
  caller:on_leaving(nil)
  caller.receipts = { list = run.ctx.receipts.list, branches = false, ended = false } -- the run's are not over with this call
end

-- Whoever waited for it so far is answered: who gave up silently must not keep the result from who asks now.
local function attach(run, caller)
  if run.caller then
    detach(run)
    if run.wake then run.wake() end
  end
  run.caller = caller
  caller.receipts = run.ctx.receipts
  tell_waits(run)
  if run.on_leave then caller:on_leaving(run.on_leave, true) end
  if run.latest then caller:progress(table.unpack(run.latest, 1, run.latest.n)) end
  for wake in pairs(run.asking) do clock.after(0, wake) end
end

-- Beginning and ending -------------------------------------------------------------------------------

function Runs:settle(run, ok, result, err)
  local outcome = run.room
  outcome.ok, outcome.result, outcome.err = ok, result, err
  self.running[run] = nil
  run.outcome, run.task = outcome, nil
  run.ctx.receipts.ended = true
  if run.caller then return run.wake and run.wake() end
  self.results:keep(run)
  log.write("info", ("run %s of recipe '%s' has ended; its result waits to be collected"):format(run.id, run.subject.name))
end

local function count_background(self)
  local count = 0
  for run in pairs(self.running) do
    if not run.caller then count = count + 1 end
  end
  return count
end

local function new_id()
  return "run-" .. host.random(9):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
end

function Runs:begin(subject, key, work, caller)
  if count_background(self) >= MOST_RUNNING then
    return nil, errors.new(("%d runs of recipes go on in the background: collect them, or wait until one has ended. Nothing was begun.")
      :format(MOST_RUNNING), { code = "busy" })
  end
  local run = {
    id = new_id(), key = key, subject = subject, began = clock.now(), answered = false, waits = false,
    room = { ok = false, result = nil, err = nil }, asking = {},
    outcome = nil, task = nil, caller = nil, wake = nil, told = nil, -- room: setting them must not fail, or nobody hears of the end
  }
  run.ctx = context_of(run, caller)
  self.running[run] = true
  attach(run, caller)
  local task = fiber.spawn(function() self:settle(run, xpcall(work, guard.on_raise, run.ctx)) end)
  if not run.outcome and task.status == "done" then self:settle(run, false, "not enough memory to begin the run") end
  if not run.outcome then run.task = task end
  return run
end

-- Its caller has cancelled: the run ends, and its clean-ups run.
local function give_up(self, run, caller, err)
  if run.caller ~= caller then error(err, 0) end
  run.ctx.cancelled = true
  local task = run.task
  if task then
    task:cancel(err.reason)
    fiber.shield(task.join, task)
  end
  local outcome = run.outcome
  if outcome and outcome.ok and outcome.result then receipts.unheard(run.subject.name, run.ctx.receipts) end
  self.results:forget(run, "it was cancelled, with the call that waited for it")
  error(err, 0)
end

-- Waiting --------------------------------------------------------------------------------------------

local Waiting = {}
Waiting.__index = Waiting

function Waiting:__close()
  if self.run.wake == self.wake then self.run.wake = nil end
  self.caller.on_move = nil
  if self.timer then self.timer:cancel() end
end

-- Memory may have run out as the run's end was told, or before it was kept.
function Waiting:recheck(callback)
  local run = self.run --[[@as table]]
  if run.outcome or run.caller ~= self.caller or run.task and run.task.status == "done" then callback() end
end

local function start_waiting(run, caller, callback)
  run.wake, caller.on_move = callback, callback
  local timed = caller.answer_by and not caller:is_parked()
  return setmetatable({
    run = run, caller = caller, wake = callback,
    timer = timed and clock.after(math.max(0, caller.answer_by - clock.now()), callback) or nil,
  }, Waiting)
end

-- While a question is the answer to its request the client waits for nothing.
local function is_due(caller)
  return caller.answer_by ~= nil and not caller:is_parked() and clock.now() >= caller.answer_by
end

-- Until the run has ended, the caller wants an answer, or another one has taken its place.
function Runs:wait(run, caller)
  while not run.outcome and run.caller == caller and not is_due(caller) do
    if run.task and run.task.status == "done" then return self:settle(run, false, "not enough memory for the end of the run") end
    fiber.await(start_waiting, run, caller)
  end
end

function Runs:wait_again(run, caller)
  fiber.sleep(PAUSE)
  self:wait(run, caller)
end

-- Answering ------------------------------------------------------------------------------------------

local function seconds_since(moment)
  return math.floor(clock.now() - moment + 0.5)
end

local function joined_note(run, subject)
  local note = ("This is run %s, begun %d s ago by an earlier call with the same arguments, which this call has joined: nothing new "
    .. "was begun."):format(run.id, seconds_since(run.began))
  if run.subject.recipe == subject.recipe then return note end
  return note .. " The recipe has changed since; the run is that of the version before."
end

local PENDING_KEYS = { "ok", "pending", "run", "recipe", "joined", "open_requests" }

-- The answer to a call that does not wait any longer.
function Runs:pending(run, note, joined)
  local requests = run.ctx.requests
  local again = run.subject.collects and ("call run_recipe with collect = \"%s\", or make"):format(run.id) or "make"
  local text = ("Recipe '%s' is not finished after %d s; it goes on in the background as run %s. To wait on, %s the same call "
    .. "again, which joins this run."):format(run.subject.name, seconds_since(run.began), run.id, again)
  if next(run.asking) then text = text .. " It has a question, which whoever joins it is asked." end
  local open = requests and requests:text()
  run.answered = true
  local result = {
    pending = true, text = (note and note .. "\n" or "") .. text .. (open and "\n" .. open or ""),
    data = json.ordered(PENDING_KEYS, {
      ok = true, pending = true, run = run.id, recipe = run.subject.name, joined = joined or nil,
      open_requests = open_requests.data(requests and requests:list() or {}) or json.as_array {},
    }),
  }
  log.write("info", ("the call of '%s' was answered with 'pending'; run %s goes on%s"):format(run.subject.name, run.id,
    open and ". " .. open or ""))
  return self.mark(result)
end

-- A result is given once.
function Runs:deliver(run, note)
  self.results:take(run)
  local outcome = run.outcome
  if not outcome.ok then
    if fiber.is_cancelled(outcome.result) then
      return nil, errors.new(("run %s was cancelled"):format(run.id), { code = "cancelled" })
    end
    local raised = errors.wrap(guard.caught("recipe '%s'", run.subject.name, outcome.result))
    return nil, receipts.name_in(run.ctx.receipts, raised)
  end
  local result, err = outcome.result, outcome.err
  if not note then return result, err end
  if result then
    result.text = result.text and note .. "\n" .. result.text or note
  else
    err = errors.wrap(err)
    err.message = note .. "\n" .. err.message
  end
  return result, err
end

function Runs:attend(run, caller, note)
  local ok, err = pcall(self.wait, self, run, caller)
  for _ = 1, TRIES do -- no memory to wait with: that is no reason to leave it
    if ok or not errors.is_out_of_memory(err) then break end
    ok, err = pcall(self.wait_again, self, run, caller)
  end
  if not ok then
    if fiber.is_cancelled(err) then give_up(self, run, caller, err) end
    if run.caller == caller then detach(run) end
    run.answered = true -- with an error of our own: the run goes on, and who calls again joins it
    error(err, 0)
  end
  local is_ours = run.caller == caller
  if is_ours then detach(run) end
  if is_ours and run.outcome then return self:deliver(run, note) end
  return self:pending(run, note, note ~= nil)
end

-- Calls ----------------------------------------------------------------------------------------------

-- A run that somebody was told of, and nobody waits for now.
function Runs:joinable(key)
  local oldest = self.results:find(key)
  for run in pairs(self.running) do
    if run.key == key and run.answered and not run.caller and not (oldest and oldest.began <= run.began) then oldest = run end
  end
  return oldest
end

--- Runs `work` for a call, or joins the call to a run that goes on.  Where no client asks, it is run as it is.
---@param subject RunSubject
---@param work fun(ctx: Context): CallResult?, Error?
---@param caller Context
---@return CallResult|nil result, Error? err
---@return_overload CallResult
---@return_overload nil, Error
function Runs:call(subject, work, caller)
  if not caller.request or caller.chain then return work(caller) end
  local key = ("%s\n%s\n%s"):format(subject.account, subject.name, canonical.text(subject.input))
  subject.input = nil -- the recipe's, from now on
  local run = self:joinable(key)
  if run then
    attach(run, caller)
    return self:attend(run, caller, joined_note(run, subject))
  end
  local begun, err = self:begin(subject, key, work, caller)
  if not begun then return nil, err end
  return self:attend(begun, caller)
end

function Runs:find(id, account)
  local found = self.results:get(id)
  for run in pairs(self.running) do
    if run.id == id then found = run end
  end
  return found and found.subject.account == account and found or nil
end

local ASKED = "It waits for the answer to a question, which is to come with the 'requestState' of the call that was asked."

--- Goes on with a run by its handle: waits as its call did; gives its result, once, or again `pending`.
---@param id string
---@param account string
---@param caller Context
---@param recipe? string  what the caller takes it for: a result is given once, and not to who expects another's
---@return CallResult|nil result, Error? err, string? name  of the recipe
---@return_overload CallResult
---@return_overload nil, Error
function Runs:collect(id, account, caller, recipe)
  local run = self:find(id, account)
  if not run then return nil, errors.new(self.results:what_became_of(id, account), { code = "unknown_run" }) end
  if recipe and recipe ~= run.subject.name then
    return nil, errors.new(("Run %s is one of recipe '%s', not of '%s'. Nothing was collected, and nothing was begun."):format(run.id,
      run.subject.name, receipts.shown(recipe)), { code = "unknown_run" })
  end
  local result, err
  if run.caller and run.caller:is_parked() then
    result = self:pending(run, ASKED)
  else
    attach(run, caller)
    result, err = self:attend(run, caller)
  end
  return result, err, run.subject.name
end

return M
