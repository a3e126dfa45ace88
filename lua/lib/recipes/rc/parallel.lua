--- Many at once: `rc.all` and `rc.map`.
---
--- The recipe's functions run in fibers of the recipe's budget; a fiber of the host starts them, waits for
--- them, and ends those that are left when one fails or the call ends.

local boundary = require "lib.recipes.boundary"
local fiber = require "lib.fiber"
local json = require "core.json"
local meter = require "lib.meter"
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
---@field next integer
---@field running table<Fiber, true>
---@field alive integer             how many of them
---@field failed? boolean
---@field failure any               what the first one raised
---@field newest? Fiber              the one started last
---@field on_end fun(task: Fiber)
---@field wake? fun()
local Group = {}
Group.__index = Group

-- Ends what still runs; what it holds is closed before the group is left.
function Group:__close()
  self.call.groups = self.call.groups - 1
  self.state:untally(self.tally)
  self.next = self.count + 1
  if self.newest then self.running[self.newest] = true end -- where memory ran out before it was
  for task in pairs(self.running) do task:cancel("a call beside it has ended") end
  fiber.shield(function()
    for task in pairs(self.running) do task:join() end
  end)
end

local function note_end(self, task)
  if not self.running[task] then return end
  local ok, err = task:join() -- has ended: no wait
  self.running[task] = nil
  self.alive = self.alive - 1
  self.call.branches = self.call.branches - 1
  if not ok and not self.failed then self.failed, self.failure = true, err end
  if not self.failed then self.state:tick(self.tally) end
  if self.wake then self.wake() end
end

-- Those whose end was not noted: memory ran out as it was told.
local function note_ended(self)
  for task in pairs(self.running) do
    if task.status == "done" then note_end(self, task) end
  end
end

-- Nobody but the group waits for the end of a task; it must not depend on memory for a fiber that does.
local function start(self)
  local index = self.next
  self.next = index + 1
  self.call:make_room()
  local task = fiber.spawn_in(self.call.budget, self.step, index)
  self.newest, self.alive = task, self.alive + 1
  self.call.branches = self.call.branches + 1
  self.call:keep(task)
  self.running[task] = true
  task.on_end = self.on_end
  if task.status == "done" then note_end(self, task) end
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

-- One of its own always runs: it must not wait for what waits for it.
local function has_room(self, concurrency)
  return self.alive == 0 or self.alive < concurrency and self.call.branches < MOST
end

local function start_some(self, concurrency, work_done)
  while self.next <= self.count and not self.failed and has_room(self, concurrency) do
    start(self)
    work_done:step(START_STEPS) -- the loop turns: a list of a million must not keep it
  end
end

-- Nothing of the recipe's is touched here but `step`, which runs in its own budget.
local function run(state, step, count, concurrency)
  local call = state.call
  local self <close> = setmetatable({
    state = state, call = call, step = step, count = count, next = 1, running = {}, alive = 0, tally = state:tally(count),
    newest = nil, wake = nil, failed = nil, failure = nil, -- room for them
  }, Group)
  call.groups = call.groups + 1
  local work_done = meter.new()
  self.on_end = function(task) note_end(self, task) end
  while true do
    start_some(self, concurrency, work_done)
    if self.failed then return true, true, self.failure end
    if self.alive == 0 then return true end
    fiber.await(wait_for_one, self)
    self.wake = nil
  end
end

-- In the recipe's fiber: its functions may raise whatever they like.
local function all_of(state, step, count, concurrency)
  local _, failed, failure = work.run(run, state, step, count, concurrency)
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

local function kept(ok, value)
  if ok then return { ok = true, value = value } end
  if fiber.is_cancelled(value) then error(value, 0) end
  -- A text, as Lua raises it, would have no `message` just where a recipe tells what went wrong.
  if type(value) == "string" then value = boundary.new_error(value, { code = "recipe_error" }) end
  return { ok = false, error = value }
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
  local results, count = {}, rawlen(items)
  if stop_on_error then
    all_of(state, function(i) results[i] = fn(rawget(items, i), i) end, count, concurrency)
  else
    all_of(state, function(i) results[i] = kept(pcall(fn, rawget(items, i), i)) end, count, concurrency)
  end
  return as_list(results)
end

return M
