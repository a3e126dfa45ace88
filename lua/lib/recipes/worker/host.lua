--- The host's end: recipes that are loaded in a worker, and calls that run there.
---
--- The worker is started when it is needed, and anew after its end.  The calls that were under way then are run again, in workers of
--- few calls each, or of one: so the one that has ended its worker is found, and ends with the reason, and the others go on.  What they
--- ask for again is answered from their records, by whoever performs their effects.

local asked = require "lib.recipes.worker.asked"
local clock = require "lib.async.clock"
local declaration = require "lib.recipes.load.declaration"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local host = require "core.host"
local loader = require "lib.recipes.load.loader"
local processes = require "lib.recipes.worker.process"
local seats = require "lib.recipes.worker.seat"

local M = {}

local MOST_ROUNDS = 100 -- in which a file that is loaded may ask for modules by names that were not in its text
local GROUPS = 16       -- workers that are started for the calls of one that has ended
local LONE_ENDS = 2     -- workers that a call may end while it alone runs there: the first may have had another cause

---@class WorkerHost
---@field private options WorkerHostOptions
---@field private main? WorkerSeat   where loads and new calls go
---@field private all table<WorkerSeat, true>
---@field private sources table<string, WorkerMessage>  of what is loaded, by the names of the recipes
---@field private calls table<string, SeatedCall>
---@field private last integer    number of the newest recipe
---@field package ends string[]   why workers have ended
local Host = {}
Host.__index = Host

---@class WorkerHostOptions
---@field memory? integer        see WorkerOptions
---@field turn_seconds? number
---@field start? fun(options: WorkerOptions): WorkerProcess|nil, string?  default: a process

---@param options? WorkerHostOptions
---@return WorkerHost
function M.new(options)
  return setmetatable({ options = options or {}, all = {}, sources = {}, calls = {}, last = 0, ends = {} }, Host)
end

-- Workers ----------------------------------------------------------------------------------------------

local start ---@type fun(self: WorkerHost, lone: boolean): WorkerSeat|nil, Error?

local function ended_error(why)
  return errors.new("the worker that ran the recipe has ended: " .. why, { code = "worker_ended" })
end

local function fail_all(calls, err)
  for _, call in ipairs(calls) do seats.fail(call, err) end
end

-- Whether a call runs once more.  One that alone has ended two workers has ended them: it runs up to where it was, for its
-- clean-ups, and ends with that.
local function goes_on(call, alone, why)
  if alone then call.lone_ends = call.lone_ends + 1 end
  if call.lone_ends < LONE_ENDS then return true end
  if call.verdict or call.asked.count == 0 then return false end
  call.verdict = ended_error(why)
  call.ends_at = call.ends_at or call.asked.count
  return true
end

local function survivors(calls, why)
  local left = {}
  for _, call in ipairs(calls) do
    if goes_on(call, #calls == 1, why) then
      left[#left + 1] = call
    else
      seats.fail(call, ended_error(why))
    end
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

local function run_again(self, calls)
  local size = math.max(1, math.ceil(#calls / GROUPS))
  for first = 1, #calls, size do
    local group = table.move(calls, first, math.min(first + size - 1, #calls), 1, {})
    local seat, err = start(self, true)
    if not seat then
      fail_all(group, err)
    else
      for _, call in ipairs(group) do
        prepare(call)
        seat:seat(call)
      end
    end
  end
end

local function by_id(calls)
  local list = {}
  for _, call in pairs(calls) do list[#list + 1] = call end
  table.sort(list, function(a, b) return a.message.call < b.message.call end)
  return list
end

local function ended(self, seat, why)
  self.all[seat] = nil
  if self.main == seat then self.main = nil end
  self.ends[#self.ends + 1] = why
  local loads, calls = seat.loads, by_id(seat.calls)
  seat.loads, seat.calls = {}, {}
  for _, callback in pairs(loads) do callback(nil, ended_error(why)) end
  run_again(self, survivors(calls, why))
end

-- A worker that was started for calls of another goes when they are done.
local function close_if_idle(self, seat)
  if not seat.lone or seat:is_busy() then return end
  self.all[seat] = nil
  seat.process:stop()
end

function start(self, lone)
  local seat = seats.new(self.sources, lone)
  local process, message = (self.options.start or processes.start) {
    memory = self.options.memory, turn_seconds = self.options.turn_seconds,
    is_busy = function() return seat:is_busy() end,
    on_message = function(item)
      local problem = seat:take(item)
      close_if_idle(self, seat)
      return problem
    end,
    on_end = function(why) ended(self, seat, why) end,
  }
  if not process then return nil, errors.new("no worker can be started: " .. message, { code = "worker_ended" }) end
  seat.process = process
  self.all[seat] = true
  for _, source in pairs(self.sources) do process:send(source) end
  return seat
end

-- The worker of loads and of new calls.
local function main_of(self)
  if self.main then return self.main end
  local seat, err = start(self, false)
  self.main = seat
  return seat, err
end

--- Why workers have ended, the first first.
---@return string[]
function Host:endings()
  return self.ends
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

--- Ends all workers, and with them what they run.
function Host:close()
  local all = self.all
  self.all, self.main = {}, nil
  for seat in pairs(all) do seat.process:stop() end
  for seat in pairs(all) do
    local loads, calls = seat.loads, by_id(seat.calls)
    seat.loads, seat.calls = {}, {}
    for _, callback in pairs(loads) do callback(nil, ended_error "it was stopped") end
    fail_all(calls, ended_error "it was stopped")
  end
end
Host.__close = Host.close

-- Loading ----------------------------------------------------------------------------------------------

local Nothing = {}
Nothing.__index = Nothing
function Nothing.__close() end
local NOTHING = setmetatable({}, Nothing)

local function ask_to_load(seat, message, callback)
  seat.loads[message.recipe] = callback
  seat.process:send(message)
  return NOTHING
end

local function modules_of(recipe, text)
  recipe.modules:complete(text)
  local given = {}
  for name, file in pairs(recipe.modules:found()) do
    given[name] = file and { shown = file.shown, text = file.text, problem = file.problem }
  end
  return given
end

-- Whether any of what it asked for was not said.
local function add_missing(recipe, given, missing)
  local added = false
  for _, name in ipairs(missing) do
    if given[name] == nil then
      -- linear: no pattern, the name of a module
      local file = recipe.modules:find(name)
      given[name] = file and { shown = file.shown, text = file.text, problem = file.problem } or false
      added = added or file ~= nil
    end
  end
  return added
end

-- Sends the text, and again with further modules, as long as it asks for any that there are.
local function load_there(self, recipe, text)
  local given = modules_of(recipe, text)
  for _ = 1, MOST_ROUNDS do
    local seat, err = main_of(self)
    if not seat then return nil, err end
    local message = {
      kind = "load", recipe = recipe.id, name = recipe.name, shown = recipe.shown, folder = recipe.folder, root = recipe.root,
      text = text, modules = given,
    }
    local loaded
    loaded, err = fiber.await(ask_to_load, seat, message)
    if not loaded then return nil, err end
    if not add_missing(recipe, given, loaded.missing) then
      self.sources[recipe.id] = message
      return loaded
    end
  end
  return nil, errors.new(("%s: it looks for too many modules"):format(recipe.shown))
end

local function function_of(self, recipe, plain)
  local key = plain.fields[declaration.key_field(plain.feature)]
  return require("lib.recipes.worker.remote").fn(self, recipe, plain.feature, key)
end

local function adopt(self, recipe, declarations)
  local marks = {}
  for index, plain in ipairs(declarations) do
    local ok, mark = pcall(declaration.adopt, plain, function_of(self, recipe, plain))
    if not ok then return declaration.refusal(tostring(mark)) end
    marks[index] = mark
  end
  return marks
end

-- As sandbox.declare.
local function declare(self, recipe, text)
  self.last = self.last + 1
  recipe.id = "r" .. self.last
  local loaded, err = load_there(self, recipe, text)
  if not loaded then return nil, err.message end
  if loaded.problem then return nil, loaded.problem end
  if loaded.refused or not loaded.declarations then return declaration.refusal(loaded.refused or "it declares nothing") end
  return adopt(self, recipe, loaded.declarations)
end

--- Loads a recipe as lib.recipes.load.loader does, in the worker; in a fiber.
---@param text string
---@param path string
---@param options LoadOptions
---@return Recipe|nil recipe  its functions are in the worker
---@return Error? err
function Host:load_text(text, path, options)
  local there = setmetatable({ declare = function(recipe, source) return declare(self, recipe, source) end }, { __index = options })
  return loader.load_text(text, path, there)
end

--- Forgets a recipe: nobody will call it any more.
---@param recipe Recipe
function Host:unload(recipe)
  if not self.sources[recipe.id] then return end
  self.sources[recipe.id] = nil
  for seat in pairs(self.all) do seat.process:send { kind = "unload", recipe = recipe.id } end
end

-- Calling ----------------------------------------------------------------------------------------------

---@class WorkerCall
---@field id string                    see Effect
---@field feature RecipeKind
---@field key string
---@field args any[]                   plain
---@field tools table<string, table|core.json.Raw>  schemas of those that it may call
---@field settings? Settings
---@field schema? table|core.json.Raw
---@field annotations? table           of the tool as clients know it
---@field client? table
---@field deadline? number             seconds from now
---@field ends? number                 the moment, on the program's clock, that the recipe is told as its deadline
---@field chain? string[]
---@field simulated? boolean
---@field dry_run? boolean
---@field seed? string                 of chance: 16 bytes

local LIMITS = { "recipe_cpu_ms", "recipe_memory_bytes", "recipe_seconds", "recipe_calls" }

local function message_of(recipe, call)
  local limits = {}
  for _, name in ipairs(LIMITS) do limits[name] = call.settings and call.settings[name] end
  return {
    kind = "call", call = call.id, recipe = recipe.id, feature = call.feature, key = call.key, args = call.args, tools = call.tools,
    limits = limits, chain = call.chain or {}, seed = call.seed or host.random(16),
    wall = clock.wall(), speed = clock.is_virtual() and 0 or clock.speed(),
    simulated = call.simulated or false, dry_run = call.dry_run or false, schema = call.schema, annotations = call.annotations,
    client = call.client, deadline = call.deadline, ends = call.ends,
  }
end

local Running = {}
Running.__index = Running

-- Whoever waits is cancelled: the recipe ends with its clean-ups, and nobody hears of it.
function Running:__close()
  local call = self.call
  if self.host.calls[call.message.call] ~= call then return end
  call.callback = function() self.host.calls[call.message.call] = nil end
  seats.cancel(call)
end

local function begin(self, seat, message, listener, callback)
  local call = {
    message = message, listener = listener, asked = asked.new(), count = 0, last = {}, names = 0, lone_ends = 0,
    began = clock.now(), deadline = message.deadline,
  }
  function call.callback(...)
    self.calls[message.call] = nil
    callback(...)
  end
  self.calls[message.call] = call
  seat:seat(call)
  return setmetatable({ host = self, call = call }, Running)
end

--- Runs a call in the worker, and waits for its end; in a fiber.
---@param recipe Recipe
---@param call WorkerCall
---@param listener WorkerListener
---@return any result, Error? err
function Host:call(recipe, call, listener)
  if self.calls[call.id] then error("there is a call of this name: " .. call.id, 2) end
  local seat, err = main_of(self)
  if not seat then return nil, err end
  return fiber.await(begin, self, seat, message_of(recipe, call), listener)
end

--- As `call`; a cancellation ends the recipe, and is raised once its clean-ups are done.
---@param recipe Recipe
---@param call WorkerCall
---@param listener WorkerListener
---@return any result, Error? err
function Host:run(recipe, call, listener)
  local task = fiber.spawn(self.call, self, recipe, call, listener)
  task.quiet = true
  local joined, ok, result, err = pcall(task.join, task)
  if joined and ok then return result, err end
  if joined then error(result, 0) end
  local running = self.calls[call.id]
  if running then seats.cancel(running) end
  fiber.shield(task.join, task)
  error(ok, 0) -- what was raised: the cancellation
end

return M
