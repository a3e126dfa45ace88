--- The host's end: recipes that are loaded in a worker, and calls that run there.
---
--- The worker is started when it is needed, and anew after its end.  The calls that were under way then are run again, in workers of
--- few calls each, or of one: so the one that has ended its worker is found, and ends with the reason, and the others go on.  What they
--- ask for again is answered from their records, by whoever performs their effects.

local asked = require "lib.recipes.worker.asked"
local clock = require "lib.async.clock"
local declaration = require "lib.recipes.load.declaration"
local ends = require "lib.recipes.worker.ends"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local gaps = require "lib.recipes.worker.gaps"
local insist = require "lib.async.insist"
local loader = require "lib.recipes.load.loader"
local loading = require "lib.recipes.worker.loading"
local log = require "core.log"
local messages = require "lib.recipes.worker.call_message"
local processes = require "lib.recipes.worker.process"
local seats = require "lib.recipes.worker.seat"

local M = {}

local GROUPS = 16       -- workers that are started for the calls of one that has ended
local MOST_IDLE = 8      -- workers of accounts that may stand idle
local MOST_ENDS = 100   -- that are remembered
local LONE_ENDS = 2     -- workers that a call may end at one place while it alone runs there: the first may have had another cause
local MOST_LONE_ENDS = 5 -- … and at any place

---@class WorkerHost
---@field private options WorkerHostOptions
---@field private main? WorkerSeat   where loads go, and the calls of one account
---@field private account? string     that one
---@field private others table<string, WorkerSeat>  of the other accounts, by these
---@field private all table<WorkerSeat, true>
---@field private sources table<string, WorkerMessage>  of what is loaded, by the names of the recipes
---@field private recipes table<string, Recipe>  these, as long as anybody has them
---@field private calls table<string, SeatedCall>
---@field private last integer    number of the newest recipe
---@field package ends string[]   why workers have ended, the first of them
---@field private last_end? string   … and the last
---@field private lacks? string      why no worker could be started the last time
---@field private reported? boolean  which walls do not stand
---@field package loading WorkerLoading
local Host = {}
Host.__index = Host

local main_of ---@type fun(self: WorkerHost): WorkerSeat|nil, Error?

---@class WorkerHostOptions
---@field reports? boolean       the log tells of walls that ought to stand and do not; who runs a command by hand has rcmcp doctor
---@field memory? integer        see WorkerOptions
---@field turn_seconds? number
---@field end_seconds? number    see seats.new
---@field start? fun(options: WorkerOptions): WorkerProcess|nil, string?  default: a process

---@param options? WorkerHostOptions
---@return WorkerHost
function M.new(options)
  local self = setmetatable({
    options = options or {}, all = {}, others = {},
    sources = {}, recipes = setmetatable({}, { __mode = "v" }), calls = {}, last = 0, ends = {},
  }, Host)
  self.loading = loading.new(function() return main_of(self) end)
  return self
end

-- Workers ----------------------------------------------------------------------------------------------

local start ---@type fun(self: WorkerHost, lone: boolean): WorkerSeat|nil, Error?

-- What has gone on since the last time is hardly what ends its worker.
local function note_lone_end(call)
  call.lone_ends = call.asked.count > (call.lone_end_at or -1) and 1 or call.lone_ends + 1
  call.lone_ends_in_all, call.lone_end_at = call.lone_ends_in_all + 1, call.asked.count
end

-- Whether a call runs once more: not one that did not end where it was to.  One that alone has ended two workers at one place has ended
-- them: it runs up to where it was, for its clean-ups, and ends with that.
local function goes_on(call, alone, err)
  if alone then note_lone_end(call) end
  if call.is_overdue then return false end
  if call.lone_ends < LONE_ENDS and call.lone_ends_in_all < MOST_LONE_ENDS then return true end
  if call.verdict or call.asked.count == 0 then return false end
  call.verdict = err
  call.asked:cut()
  call.ends_at = call.ends_at or call.asked.count
  return true
end

local function leave_seat(seat, call)
  seat.calls[call.message.call] = nil
end

local function fail(seat, call, err)
  seats.fail(call, err)
  leave_seat(seat, call)
end

-- Each is judged once, though this is called again.
local function survivors(seat, calls, why)
  local left = {}
  for _, call in ipairs(calls) do
    local err = ends.ended(why)
    if call.judged ~= seat then call.judged, call.goes_on = seat, goes_on(call, seat.alone, err) end
    if call.goes_on then left[#left + 1] = call else fail(seat, call, err) end
  end
  return left
end

-- Clocks go on while a call is run again; what they have said is known.
local function prepare(call)
  local message = call.message
  message.wall = clock.wall()
  if call.deadline then message.deadline = math.max(0, call.deadline - (clock.now() - call.began)) end
  call.asked:begin_again()
end

-- A worker is sent the recipes of its calls alone: one that bites as it is loaded bites no others.
local function seat_call(self, seat, call)
  local source = self.sources[call.message.recipe]
  if source and not seat:has(call.message.recipe) then seat:load(source) end
  seat:seat(call)
end

-- A worker that was started for calls of another goes when they are done.
local function close_if_idle(self, seat)
  if not seat.lone or seat:is_busy() then return end
  self.all[seat] = nil
  seat.process:stop()
end

local function move(self, from, to, calls)
  for _, call in ipairs(calls) do
    prepare(call)
    seat_call(self, to, call)
    leave_seat(from, call)
  end
end

local function run_again(self, from, calls)
  local size = math.max(1, math.ceil(#calls / GROUPS))
  for first = 1, #calls, size do
    local group = table.move(calls, first, math.min(first + size - 1, #calls), 1, {})
    local seat, err = start(self, true)
    if seat then
      local ok, problem = pcall(move, self, from, seat, group)
      if not ok then
        close_if_idle(self, seat)
        error(problem, 0)
      end
    else
      for _, call in ipairs(group) do fail(from, call, err) end
    end
  end
end

local function by_id(calls)
  local list = {}
  for _, call in pairs(calls) do
    if not call.is_over then list[#list + 1] = call end
  end
  table.sort(list, function(a, b) return a.message.call < b.message.call end)
  return list
end

local function note_end(self, why, calls)
  log.write("warning", ("a worker of recipes has ended: %s; calls that ran there: %d"):format(why, calls))
  self.last_end = why
  if #self.ends < MOST_ENDS then self.ends[#self.ends + 1] = why end
end

-- Each has an error of its own.
local function fail_loads(seat, make, ...)
  for recipe, load in pairs(seat.loads) do
    load.err, seat.loads[recipe] = make(...), nil
    load.callback(nil, load.err)
  end
end

-- Where memory runs out it is called again, and goes on with what is left.
local function ended(self, seat, why)
  self.all[seat] = nil
  if self.main == seat then self.main = nil end
  if seat.account then self.others[seat.account] = nil end
  local calls = by_id(seat.calls)
  if seat.alone == nil then
    note_end(self, why, #calls)
    seat.alone = #calls == 1 and next(seat.loads) == nil
  end
  fail_loads(seat, ends.ended, why)
  run_again(self, seat, survivors(seat, calls, why))
end

-- Said once, until one can be started again.
local function none(self, message)
  if self.lacks ~= message then log.write("error", "no worker can be started, and no recipe runs meanwhile: " .. message) end
  self.lacks = message
  return ends.missing(message)
end

-- The walls of the first tell of all.
local function on_ready(self, walls)
  if self.options.reports and not self.reported then gaps.report(walls) end
  self.reported = true
end

function start(self, lone)
  local seat = seats.new(lone, self.options.end_seconds)
  function seat.on_astray(call) run_again(self, seat, { call }) end
  local process, message = (self.options.start or processes.start) {
    memory = self.options.memory, turn_seconds = self.options.turn_seconds,
    is_busy = function() return seat:is_busy() end, computes = function() return seat:computes() end,
    on_message = function(item, size)
      local problem = seat:take(item, size)
      close_if_idle(self, seat)
      return problem
    end,
    on_watch = function() return seat:look() end,
    on_ready = function(walls) on_ready(self, walls) end,
    on_end = function(why) ended(self, seat, why) end,
  }
  if not process then return nil, none(self, message) end
  self.lacks = nil
  seat.process = process
  self.all[seat] = true
  return seat
end

-- The worker of loads and of new calls.
function main_of(self)
  if self.main then return self.main end
  local seat, err = start(self, false)
  self.main = seat
  return seat, err
end

-- Who has called nothing for a while is started anew.
local function stop_idle(self)
  local idle = {}
  for _, seat in pairs(self.others) do idle[#idle + 1] = not seat:is_busy() and seat or nil end
  if #idle < MOST_IDLE then return end
  for _, seat in ipairs(idle) do
    self.others[seat.account], self.all[seat] = nil, nil
    seat.process:stop()
  end
end

-- The worker of an account's calls: accounts share none, for what recipes keep in their variables is of those who gave it.
local function seat_of(self, account)
  self.account = self.account or account
  if account == self.account then return main_of(self) end
  if self.others[account] then return self.others[account] end
  stop_idle(self)
  local seat, err = start(self, false)
  if not seat then return nil, err end
  seat.account = account
  self.others[account] = seat
  return seat
end

--- Workers that are started from now on have so much memory.
---@param memory integer  bytes of address space; 0: no limit
function Host:configure(memory)
  self.options.memory = memory
end

--- Why workers have ended, the first first.
---@return string[]
function Host:endings()
  return self.ends
end

--- Starts a worker where none runs, and waits until it has raised its walls; in a fiber.
---@return core.walls.Wall[]|nil walls, Error? err
---@return_overload core.walls.Wall[]
---@return_overload nil, Error
function Host:ready()
  local seat, err = main_of(self)
  if not seat then return nil, err end
  seat.process:await_ready()
  if seat.process.walls then return seat.process.walls end
  return nil, ends.ended(self.last_end or "it was stopped")
end

--- The walls of the worker that runs; nil: there is none, or it is not ready.
---@return core.walls.Wall[]?
function Host:walls()
  return self.main and self.main.process.walls
end

--- The workers that run, that of new calls first.
---@return integer[] pids
function Host:pids()
  local pids = {}
  if self.main then pids[1] = self.main.process:pid() end
  for seat in pairs(self.all) do
    if seat ~= self.main then pids[#pids + 1] = seat.process:pid() end
  end
  return pids
end

--- Ends all workers, as the program ends: who waits for what they ran is told nothing any more.
function Host:drop()
  local all = self.all
  self.all, self.main, self.others, self.calls = {}, nil, {}, {}
  for seat in pairs(all) do
    seat.loads, seat.calls = {}, {}
    seat.process:stop()
  end
end

--- Ends all workers, and with them what they run.
function Host:close()
  local all = self.all
  self.all, self.main, self.others = {}, nil, {}
  for seat in pairs(all) do seat.process:stop() end
  for seat in pairs(all) do
    fail_loads(seat, ends.stopped)
    for _, call in ipairs(by_id(seat.calls)) do fail(seat, call, ends.stopped()) end
  end
end
Host.__close = Host.close

-- Loading ----------------------------------------------------------------------------------------------

local function function_of(self, recipe, plain)
  local key = plain.fields[declaration.key_field(plain.feature)]
  return require("lib.recipes.worker.remote").fn(self, recipe, plain.feature, key)
end

local function adopt(self, recipe, declarations)
  local tokens = {}
  for index, plain in ipairs(declarations) do
    local ok, token = pcall(declaration.adopt, plain, function_of(self, recipe, plain))
    if not ok then return declaration.refusal(tostring(token)) end
    tokens[index] = token
  end
  return tokens
end

local function number(self, recipe)
  self.last = self.last + 1
  recipe.id = "r" .. self.last
end

--- Has a script compiled in the worker, as sandbox.script does; in a fiber.
---@param recipe Recipe
---@param text string
---@param words string[]
---@return function|nil fn  stands for its code
---@return Error? err
---@return_overload function
---@return_overload nil, Error
function Host:script(recipe, text, words)
  number(self, recipe)
  local loaded, err, message = self.loading:load(recipe, text, words)
  if not loaded then return nil, ends.of_call(recipe.name, err --[[@as Error]]) end
  if loaded.problem then return nil, errors.new(loaded.problem, { code = "bad_recipe" }) end
  self.sources[recipe.id], self.recipes[recipe.id] = message, recipe
  return require("lib.recipes.worker.remote").fn(self, recipe, "tool", recipe.name)
end

-- As sandbox.declare.
local function declare(self, recipe, text)
  number(self, recipe)
  local loaded, err, message = self.loading:load(recipe, text)
  if not loaded then return nil, err.message, err.code end
  if loaded.problem then return nil, loaded.problem end
  if loaded.refused or not loaded.declarations then return declaration.refusal(loaded.refused or "it declares nothing") end
  self.sources[recipe.id], self.recipes[recipe.id] = message, recipe
  recipe.load_ms = loaded.took -- of processor time: others may be loaded meanwhile
  return adopt(self, recipe, loaded.declarations)
end

--- Loads a recipe as lib.recipes.load.loader does, in the worker; in a fiber.
---@param text string
---@param path string
---@param options LoadOptions
---@return Recipe|nil recipe  its functions are in the worker
---@return Error? err  its code is "no_worker" where it has not been looked at for want of one
function Host:load_text(text, path, options)
  self:unload_unused()
  local code
  local function there(recipe, source)
    local value, problem, its_code = declare(self, recipe, source)
    code = its_code
    return value, problem
  end
  local recipe, err = loader.load_text(text, path, setmetatable({ declare = there }, { __index = options }))
  if err and code then err.code = code end
  return recipe, err
end

local function unload(self, id)
  self.sources[id] = nil
  for seat in pairs(self.all) do seat.process:send { kind = "unload", recipe = id } end
end

--- Forgets the recipes that nobody here has any more: old versions live as long as calls and sets do that know them.
function Host:unload_unused()
  for id in pairs(self.sources) do
    if not self.recipes[id] then unload(self, id) end
  end
end

-- Calling ----------------------------------------------------------------------------------------------

local Running = {}
Running.__index = Running

-- Whoever waits is cancelled: the recipe ends with its clean-ups, and nobody hears of it.
function Running:__close()
  local call, calls = self.call, self.host.calls
  if call.is_over then
    call.asked:close()
    if calls[call.message.call] == call then calls[call.message.call] = nil end
  end
  if calls[call.message.call] ~= call then return end
  call.callback = function() calls[call.message.call] = nil end
  seats.cancel(call)
end

function Running:recheck(callback)
  if self.call.is_over then callback(self.call.result, self.call.err) end
end

-- Whoever waits for a call from now on: the call is known until its end.
local function await_by(self, call, callback)
  function call.callback(...)
    self.calls[call.message.call] = nil
    callback(...)
  end
  return setmetatable({ host = self, call = call }, Running)
end

local function begin(self, seat, message, listener, callback)
  local call = {
    message = message, listener = listener, asked = asked.new(), count = 0, bytes = 0, last = {}, names = 0, lone_ends = 0,
    lone_ends_in_all = 0, lone_end_at = nil, astray = 0, undoes_in = nil,
    began = clock.now(), deadline = message.deadline,
    result = nil, err = nil, is_over = false, seat = nil, ends_at = nil, told = false, rest_task = nil, resting = nil, rested = nil,
  }
  local running = await_by(self, call, callback)
  self.calls[message.call] = call
  local ok, err = pcall(seat_call, self, seat, call)
  if ok then return running end
  self.calls[message.call] = nil
  error(err, 0)
end

--- Runs a call in the worker, and waits for its end; in a fiber.
---@param recipe Recipe
---@param call WorkerCall
---@param listener WorkerListener
---@return any result, Error? err
function Host:call(recipe, call, listener)
  if self.calls[call.id] then error("there is a call of this name: " .. call.id, 2) end
  local seat, err = seat_of(self, call.account or "")
  if not seat then return nil, err end
  return fiber.await(begin, self, seat, messages.of(recipe, call), listener)
end

-- The end of a call that was cancelled.
local function await_end(self, call)
  if call.is_over then return true end
  fiber.await(await_by, self, call)
  return true
end

--- As `call`; a cancellation ends the recipe, and is raised once its clean-ups are done.
---@param recipe Recipe
---@param call WorkerCall
---@param listener WorkerListener
---@param hooks? { cancelling: fun(), cancelled: fun(result: any, err: Error?) }  the first as it is, the second at its end, which may
---  have come by itself; else the error, "cancelled", says in `frames` where the recipe stood, in `notes` which clean-ups failed
---@return any result, Error? err
function Host:run(recipe, call, listener, hooks)
  local ok, result, err = pcall(self.call, self, recipe, call, listener)
  if ok then return result, err end
  local running = self.calls[call.id]
  if running then
    if hooks then fiber.shield(insist, "giving up what a recipe has submitted", hooks.cancelling) end
    fiber.shield(insist, "the end of a recipe in its worker", await_end, self, running)
    if running.is_over and hooks then hooks.cancelled(running.result, running.err) end
  end
  error(result, 0) -- the cancellation
end

return M
