--- Many at once: `rc.all` and `rc.map`.
---
--- The recipe's functions run in fibers of the recipe's budget; a fiber of the host starts them, waits for
--- them, and ends those that are left when one fails or the call ends.

local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local insist = require "lib.async.insist"
local json = require "core.json"
local meter = require "lib.async.meter"
local numbers = require "lib.recipes.rc.numbers"
local rc_error = require "lib.recipes.boundary.rc_error"
local work = require "lib.recipes.rc.work"

local M = {}

local DEFAULT_CONCURRENCY = 4
local MOST = 1000        -- functions of a call that run at once, in all its groups: more wait for their turn
local START_STEPS = 100  -- of the meter, for a function that is started: some ten microseconds

---@class rc.Group
---@field state rc.State
---@field tally rc.Tally
---@field call CallState
---@field step fun(index: integer)  runs one of the recipe's functions, in a fiber of its budget
---@field count integer
---@field bears boolean             memory that runs out for one of them does not end the others
---@field next integer
---@field running table<Fiber, true>
---@field alive integer             how many of them
---@field failed? boolean
---@field failure any               what the first one raised
---@field newest? Fiber              the one started last, until it is among those that run
---@field on_end fun(task: Fiber)
---@field wake? fun()
local Group = {}
Group.__index = Group

-- Whether one function may fail so without ending the others: memory ran out for it, and they may have been paid for.
local function is_borne(self, err)
  return self.bears and errors.is_out_of_memory(err) and not self.call.budget:expired()
end

local function note_end(self, task)
  if not self.running[task] then return end
  local ok, err = task:join() -- has ended: no wait
  self.running[task] = nil
  self.alive = self.alive - 1
  self.call.branches = self.call.branches - 1
  if not ok and not self.failed and not is_borne(self, err) then self.failed, self.failure = true, err end
  if not self.failed then pcall(self.state.tick, self.state, self.tally) end -- without memory the next one tells it
  if self.wake then self.wake() end
end

-- Those whose end was not noted: memory ran out as it was told.
local function note_ended(self)
  for task in pairs(self.running) do
    if task.status == "done" then note_end(self, task) end
  end
end

-- Takes in the function that was started last.  Nobody but the group waits for its end; that must not depend on memory for a fiber
-- that does.
local function take_newest(self)
  local task = self.newest
  self.running[task] = true
  self.call:keep(task)
  task.on_end = self.on_end
  self.newest = nil
  if task.status == "done" then note_end(self, task) end
end

-- Where memory runs out it is called again, and goes on with the one that it has started.
local function start(self)
  if not self.newest then
    local index = self.next
    if index > self.count then return true end
    self.call:make_room()
    local task = fiber.spawn_in(self.call.budget, self.step, index)
    self.newest, self.alive, self.next = task, self.alive + 1, index + 1
    self.call.branches = self.call.branches + 1
  end
  take_newest(self)
  return true
end

local function end_all(self)
  if self.newest then take_newest(self) end
  for task in pairs(self.running) do task:cancel("a call beside it has ended") end
  for task in pairs(self.running) do task:join() end
end

-- Ends what still runs; what it holds is closed before the group is left.
function Group:__close()
  self.state:untally(self.tally)
  self.next = self.count + 1
  fiber.shield(insist, "ending what runs beside each other", end_all, self)
end

local One = {}
One.__index = One
function One.__close() end

-- Looks whether one has ended that was not noted; its end is told, and where that fails it is told again.
function One:recheck(callback)
  note_ended(self.group)
  if self.group.failed or self.group.alive < self.alive then callback() end
end

local function wait_for_one(self, callback)
  self.wake = callback
  return setmetatable({ group = self, alive = self.alive }, One)
end

local function await_one(self, alive)
  note_ended(self)
  if self.failed or self.alive < alive then return end
  fiber.await(wait_for_one, self)
end

-- One of its own always runs: it must not wait for what waits for it.
local function has_room(self, concurrency)
  return self.alive == 0 or self.alive < concurrency and self.call.branches < MOST
end

local function start_some(self, concurrency, work_done)
  while self.next <= self.count and not self.failed and has_room(self, concurrency) do
    if not insist("starting a function", start, self) then error("not enough memory", 0) end
    work_done:step(START_STEPS) -- the loop turns: a list of a million must not keep it
  end
end

-- Nothing of the recipe's is touched here but `step`, which runs in its own budget.
local function run(state, step, count, concurrency, bears)
  local call = state.call
  local self <close> = setmetatable({
    state = state, call = call, step = step, count = count, bears = bears or false, next = 1, running = {}, alive = 0,
    tally = state:tally(count),
    newest = nil, wake = nil, failed = nil, failure = nil, -- room for them
  }, Group)
  local work_done = meter.new()
  self.on_end = function(task) note_end(self, task) end
  while true do
    start_some(self, concurrency, work_done)
    if self.failed then return true, true, self.failure end
    if self.alive == 0 then return true end
    insist("waiting for one of several functions", await_one, self, self.alive)
    self.wake = nil
  end
end

-- In the recipe's fiber: its functions may raise whatever they like.
local function all_of(state, step, count, concurrency, bears)
  local path = numbers.fork()
  local function branch(i)
    numbers.enter(("%s:%d"):format(path, i))
    step(i)
  end
  local _, failed, failure = work.run(run, state, branch, count, concurrency, bears)
  if failed then error(failure, 0) end
end

-- An empty one is a list all the same, to JSON; one with holes is no array of JSON's.
local function as_list(results)
  return next(results) == nil and json.as_array(results) or results
end

--- `rc.all`
---@param state rc.State
---@param functions function[]
---@return any[]
function M.all(state, functions)
  if type(functions) ~= "table" then error("rc.all takes a list of functions", 3) end
  local list = {}
  for i = 1, rawlen(functions) do
    list[i] = rawget(functions, i)
    if type(list[i]) ~= "function" then error(("rc.all takes functions; entry %d is a %s"):format(i, type(list[i])), 3) end
  end
  local results = {}
  all_of(state, function(i) results[i] = list[i]() end, #list, math.max(1, #list))
  return as_list(results)
end

local function options_of(options)
  if options == nil then options = {} end
  if type(options) ~= "table" then error("rc.map's options are a table: { concurrency = 4, stop_on_error = false }", 4) end
  for name in next, options do
    if name ~= "concurrency" and name ~= "stop_on_error" then
      error(("rc.map has no option '%s'; it takes concurrency and stop_on_error"):format(tostring(name)), 4)
    end
  end
  local concurrency = rawget(options, "concurrency")
  if concurrency == nil then concurrency = DEFAULT_CONCURRENCY end
  if math.type(concurrency) ~= "integer" or concurrency < 1 then error("rc.map: concurrency must be a whole number above 0", 4) end
  return concurrency, rawget(options, "stop_on_error") ~= false
end

-- A text, as Lua raises it, would have no `message` just where a recipe tells what went wrong.
local function as_error(value)
  return type(value) == "string" and rc_error.new(value, { code = "recipe_error" }) or value
end

local function keep(result, ok, value)
  if not ok and fiber.is_cancelled(value) then error(value, 0) end
  if ok then result.value = value else result.error = as_error(value) end
  result.ok = ok
end

local UNKNOWN = 0

-- Whether an error says no more than that memory ran out.
local function is_bare(err)
  return rc_error.is(err) and rawget(err, "message") == "not enough memory"
end

-- Memory ran out for these: which of the requests that the call has submitted is theirs is not known.
local function name_lost(state, results)
  local lost
  for _, result in ipairs(results) do
    local is_lost = result.ok == UNKNOWN or result.ok == false and is_bare(result.error)
    if is_lost and not lost then
      local submitted = state.call.requests:submitted()
      local message = submitted and ("not enough memory; the call has submitted so far: %s"):format(submitted) or "not enough memory"
      lost = rc_error.new(message, { code = "recipe_error" })
    end
    if is_lost then result.ok, result.error = false, lost end
  end
end

-- What becomes of each item, whatever becomes of the others.  The room for it is there before: what one has brought must not get
-- lost for want of memory, for it may have been paid.
local function map_each(state, items, fn, concurrency)
  local results, count = {}, rawlen(items)
  for i = 1, count do results[i] = { ok = UNKNOWN, value = nil } end
  all_of(state, function(i) keep(results[i], pcall(fn, rawget(items, i), i)) end, count, concurrency, true)
  name_lost(state, results)
  return results
end

--- `rc.map`
---@param state rc.State
---@param items any[]
---@param fn fun(item: any, index: integer): any
---@param options? rc.MapOptions
---@return any[]
function M.map(state, items, fn, options)
  if type(items) ~= "table" then error("rc.map takes a list, got " .. type(items), 3) end
  if type(fn) ~= "function" then error("rc.map takes a function after the list, got " .. type(fn), 3) end
  local concurrency, stop_on_error = options_of(options)
  if not stop_on_error then return as_list(map_each(state, items, fn, concurrency)) end
  local results = {}
  all_of(state, function(i) results[i] = fn(rawget(items, i), i) end, rawlen(items), concurrency)
  return as_list(results)
end

return M
