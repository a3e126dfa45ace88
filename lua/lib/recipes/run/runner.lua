--- Runs a recipe's function: in a fiber of its own under a budget, with the limits of a call, and with its
--- clean-ups at the end, whatever the end is.

local abandon = require "lib.recipes.run.abandon"
local calls = require "lib.recipes.run.call"
local cleanup = require "lib.recipes.run.cleanup"
local clock = require "lib.async.clock"
local copies = require "lib.recipes.boundary.copies"
local errors = require "lib.errors"
local failure = require "lib.recipes.run.failure"
local fiber = require "lib.async.fiber"
local insist = require "lib.async.insist"
local log = require "core.log"
local members = require "lib.recipes.rc.members"
local meter = require "lib.async.meter"
local opaque = require "lib.recipes.boundary.opaque"
local receipts = require "lib.calls.receipts"
local under_way = require "lib.recipes.run.under_way"

local M = {}

-- Seconds of lib.async.clock that clean-ups wait for a write of the call whose answer is due; a client that has gone may kill after four.
local WRITES_BOUND, WRITES_BOUND_LEFT = 3, 1

-- … and for the calls of recipes that it has called, whose clean-ups come first and have 5 seconds.
local INNER_BOUND, INNER_BOUND_LEFT = 6, 1.5

---@class RunOptions
---@field limits? table                        fields of CallLimits; default: `calls.defaults`
---@field prepare? fun(call: CallState)        runs before the recipe does: makes what it is given
---@field take? fun(value: any): any           makes the host's value of each that the function returned; raises why not
---@field on_value? fun(value: any): any       where there is no `take`: takes an opaque value of the results (content); default: refused
---@field nested? boolean                      such values may stand inside of tables, too

---@class RunOutcome
---@field values table     what the function returned, copied: { n = …, … }
---@field notes? string[]  clean-ups that failed

--- Starts a function of the recipe beside the one that runs, under the same budget.  On the host's side; the
--- caller joins it.
---@param call CallState
---@param fn function
---@param ... any
---@return Fiber
function M.spawn(call, fn, ...)
  call:make_room()
  local task = fiber.spawn_in(call.budget, fn, ...)
  call:keep(task)
  return task
end

-- Waits for the end of the function.  A cancellation of the caller is passed on; what follows is shielded from it.
local function join_main(call)
  local ok, err = pcall(call.main.join, call.main)
  if ok then return end
  if not fiber.is_cancelled(err) then error(err, 0) end
  if call.phase == "cleanup" then -- in a worker: the function has ended, and the next wait hears of the cancellation
    fiber.shield(call.main.join, call.main)
    return
  end
  call.cancelled = err
  call:stop "cancelled"
end

local function join_all(call)
  call:stop "over"
  for _, task in ipairs(call.fibers) do task:join() end
end

local function take_value(value, options, import)
  if not opaque.open(value) then return members.settle(import(value), { meter = meter.new() }) end
  if not options.on_value then error("the result holds a value of rc that cannot stand there", 0) end
  return import(value)
end

-- What the function returned, made the host's.
local function take_results(call, options, ...)
  local values, import = table.pack(...), copies.importer(options.on_value, options.nested)
  for i = 1, values.n do
    local ok, value = fiber.shield(pcall, options.take or take_value, values[i], options, import) -- the loop turns meanwhile
    if not ok then
      return nil, errors.new(("recipe '%s' returned what is no result: %s"):format(call.recipe.name, value), { code = "bad_result" })
    end
    values[i] = value
  end
  return { values = values }
end

-- Of a call that ran in a worker: what it has given is taken there, and lies in `call.elsewhere`; an error is told here like any other.
local function given_elsewhere(call)
  if call.elsewhere.err then return nil, call.elsewhere.err end
  return { values = { n = 0 } }
end

local function conclude(call, options, ok, ...)
  local main = call.main
  if call.ended_there then -- by itself
    call.elsewhere = call.ended_there
    return given_elsewhere(call)
  end
  if call.timed_out then return nil, failure.limited("timeout", call, call.waited_at) end
  if call.reason == "client_left" and not ok then return nil, failure.limited("client_left", call, call.waited_at or main.traceback) end
  local limit = call.budget:expired()
  if limit then
    local at = main
    for _, task in ipairs(call.fibers) do at = task.stopped and task or at end
    return nil, failure.limited(limit, call, at.traceback)
  end
  if ok and call.elsewhere then return given_elsewhere(call) end
  if ok then return take_results(call, options, ...) end
  return nil, failure.raised((...), main.traceback, call)
end

local function add_notes(call, outcome, err)
  if not call.notes then return outcome, err end
  if outcome then
    outcome.notes = call.notes
  else
    err.message = err.message .. "\n" .. table.concat(call.notes, "\n")
    err.notes = call.notes
  end
  return outcome, err
end

local function start(call, fn, args, options)
  call.budget = call:new_budget()
  call.fn, call.deadline = fn, clock.now() + call.limits.seconds
  if options.prepare then options.prepare(call) end
  call.main = M.spawn(call, fn, table.unpack(args, 1, args.n or #args))
end

-- Host calls that were cancelled: what they still undo, within bounds of their own, is done before the call is over.
local function join_ending(call)
  for _, task in ipairs(call.ending) do task:join() end
end

-- The time is the function's: one that has ended has its result, however long its clean-ups take.
local function join_in_time(call)
  local _ <close> = clock.after(math.max(0, call.deadline - clock.now()), function()
    if call.phase ~= "run" then return end -- in a worker its clean-ups have begun
    call.timed_out, call.waited_at = true, call.main:where()
    call:stop "timeout"
  end)
  join_main(call)
end

--- Waits, within bounds, for what the clean-ups of a call undo: it must be done, and what was done behind it undone.  In a fiber.
---@param call table  CallState
function M.rest(call)
  local left = call.reason == "client_left"
  if call.writes > 0 then fiber.await(call.none, call, "writes", left and WRITES_BOUND_LEFT or WRITES_BOUND) end
  if call.inner > 0 then fiber.await(call.none, call, "inner", left and INNER_BOUND_LEFT or INNER_BOUND) end
  if call.writes == 0 or not call:has_to_undo() then return end
  log.write("warning", ("recipe '%s': its clean-ups begin while %d of its writes have no answer; look at what is set when they have one")
    :format(call.recipe.name, call.writes))
end

-- In a worker what it undoes is the host's to know.
local function wait_for_rest(call)
  local ctx = call.ctx
  if not (ctx and ctx.rest) then return M.rest(call) end
  if call.cancelled or call:has_to_undo() then ctx:rest() end
end

-- All that follows the function's end.  Where memory runs out it is called again: what is done already does nothing then.
local function finish(call)
  join_all(call)
  local given_up = abandon.of_given_up(call) -- beside the clean-ups, which may take their time
  wait_for_rest(call)
  cleanup.run(call)
  join_ending(call)
  if given_up then
    abandon.begin(call) -- what a submit that was under way has brought
    join_ending(call)
  end
  if call.cancelled then abandon.report(call, "was cancelled") end
end

local function run_to_end(call, fn, args, options)
  start(call, fn, args, options)
  insist("the wait for a recipe", join_in_time, call)
  fiber.shield(insist, "the end of a recipe's call", finish, call)
  if call.cancelled then error(call.cancelled, 0) end
  return conclude(call, options, call.main:join())
end

-- Every end but success names what goes on; where memory ran out, also what has ended: its result may be lost.
local function name_open(call, outcome, err)
  if outcome then return outcome, err end
  abandon.report(call, "failed")
  call.requests:name_in(err)
  if errors.is_out_of_memory(err) and call.ctx then receipts.name_in(call.ctx.receipts, err) end
  return nil, err
end

local Listening = {}

function Listening:__close()
  if self.ctx then self.ctx:on_draining(nil) end
end

-- The outermost call is told when its client leaves.
local function listen(call)
  local ctx = call.ctx
  local self = setmetatable({ ctx = not call.parent and ctx and ctx.on_draining and ctx or nil }, Listening)
  if self.ctx then ctx:on_draining(function() call:drain() end, true) end -- the call says itself when it waits
  return self
end

--- Runs `fn(…)` of a recipe, in a plain fiber, and waits for its end and for its clean-ups.  A cancellation
--- of the caller's fiber ends the recipe, waits for the clean-ups, and is raised then; nothing else raises.
---@param recipe Recipe      name, environment
---@param fn function        runs in the recipe's environment
---@param args table         its arguments: { n = …, … }
---@param ctx? table         the host's context
---@param options? RunOptions
---@return RunOutcome|nil outcome, Error? err
---@return_overload RunOutcome
---@return_overload nil, Error
function M.run(recipe, fn, args, ctx, options)
  options = options or {}
  local call = calls.new(recipe, options.limits, ctx)
  local _ <close> = setmetatable({}, { __close = function() call:forget(call.budget) end })
  local _ <close> = call.parent and call.parent:begin_inner() or under_way.add(call) -- that one is waited for at the program's end
  local _ <close> = listen(call)
  return name_open(call, add_notes(call, run_to_end(call, fn, args, options)))
end

return M
