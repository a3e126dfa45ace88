--- The host's end: recipes that are loaded in a worker, and calls that run there.  The worker is started when it is needed, and anew
--- after its end; calls that were under way then end with the reason.

local calls = require "lib.calls.effects"
local crossing = require "lib.recipes.worker.crossing"
local declaration = require "lib.recipes.load.declaration"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local host = require "core.host"
local loader = require "lib.recipes.load.loader"
local processes = require "lib.recipes.worker.process"
local redaction = require "lib.redaction"

local M = {}

local MOST_WORDS, MOST_LINE = 1000, 8192 -- bytes of progress and of a line, as rc.context has them
local MOST_EFFECTS = 4096       -- of a call that are under way at once: a function of rc.map waits for one
local MOST_NAMES = 64 * 1024 * 1024 -- bytes of the names of a call's branches
local MOST_ROUNDS = 100         -- in which a file that is loaded may ask for modules by names that were not in its text

---@class WorkerListener  what a call tells, and asks
---@field effect fun(effect: Effect): any, Error?  performs it; in a fiber, which is cancelled where the recipe waits no more
---@field noted? fun(effect: Effect, answer: any)  time and chance: what the worker has answered itself
---@field progress? fun(done: number, total: number?, message: string?)
---@field log? fun(level: string, text: string)

---@class WorkerCallState
---@field feature RecipeKind
---@field listener WorkerListener
---@field callback fun(result: any, err: Error?)
---@field effects table<string, { fiber: Fiber? }>  under way, by their keys
---@field count integer                of these
---@field last table<string, integer>  number of the last effect, by branch
---@field names integer                bytes of these

---@class WorkerHost
---@field private options WorkerHostOptions
---@field private worker? WorkerProcess
---@field private sources table<string, WorkerMessage>  of what is loaded, by the names of the recipes
---@field private loads table<string, fun(answer: WorkerMessage?, err: Error?)>
---@field private calls table<string, WorkerCallState>
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
  return setmetatable({ options = options or {}, sources = {}, loads = {}, calls = {}, last = 0, ends = {} }, Host)
end

-- Effects ----------------------------------------------------------------------------------------------

local function effect_of(message)
  return {
    call = message.call, branch = message.branch, seq = message.seq, kind = message.effect, name = message.name, input = message.input,
  }
end

-- What is done for a recipe raises nothing here, whatever the worker has put into it.
local function perform(state, effect)
  local ok, value, err = pcall(state.listener.effect, effect)
  if ok and err == nil then return { value = value } end
  return { err = crossing.problem(ok and err or value) }
end

local function answer(self, state, effect, task)
  local outcome = perform(state, effect)
  local key = calls.key(effect)
  if state.effects[key] ~= task then return end -- it is not waited for
  state.effects[key] = nil
  state.count = state.count - 1
  local message = { kind = "answer", call = effect.call, branch = effect.branch, seq = effect.seq }
  message.value, message.err = outcome.value, outcome.err
  local ok, problem = pcall(self.worker.send, self.worker, message)
  if ok then return end
  message.value, message.err = nil, crossing.problem(problem)
  self.worker:send(message)
end

-- A branch counts its effects: each number is above the last one.
local function number(state, message)
  local last = state.last[message.branch]
  if not last then state.names = state.names + #message.branch end
  if last and message.seq <= last then return "the effects of a branch are out of order" end
  if state.names > MOST_NAMES then return "too many branches" end
  state.last[message.branch] = message.seq
end

local handlers = {}

function handlers:effect(message, state)
  local problem = number(state, message)
  if problem then return problem end
  if state.count >= MOST_EFFECTS then return "too many effects at once" end
  local effect, task = effect_of(message), { fiber = nil }
  state.count = state.count + 1
  state.effects[calls.key(effect)] = task
  local started = fiber.spawn(answer, self, state, effect, task)
  task.fiber = started.status ~= "done" and started or nil
end

function handlers.leave(_, message, state)
  local key = calls.key(message)
  local task = state.effects[key]
  if not task then return end -- the answer was on its way
  state.effects[key] = nil
  state.count = state.count - 1
  if task.fiber then task.fiber:cancel "the recipe waits no more" end
end

function handlers.noted(_, message, state)
  local problem = number(state, message)
  if problem then return problem end
  if state.listener.noted then state.listener.noted(effect_of(message), message.answer) end
end

function handlers.progress(_, message, state)
  local words = message.message and redaction.brief(message.message, MOST_WORDS)
  if state.listener.progress then state.listener.progress(message.done, message.total, words) end
end

-- Calls ------------------------------------------------------------------------------------------------

local function end_call(state, result, err)
  local effects = state.effects
  state.effects = {} -- none of them is waited for
  for _, task in pairs(effects) do
    if task.fiber then task.fiber:cancel "the call is over" end
  end
  state.callback(result, err)
end

-- The worker knows no secret that it could cut.
function handlers:done(message, state)
  local result, problem = message.result, nil
  if state.feature == "tool" and not message.err then problem = crossing.cut(result) end
  if problem then return problem end
  self.calls[message.call] = nil
  end_call(state, result, message.err and crossing.error(message.err))
end

local function take_log(self, message)
  local state = message.call and self.calls[message.call]
  if state and state.listener.log then
    state.listener.log(message.level, redaction.brief(message.text, MOST_LINE))
  else
    require("lib.recipes.rc.lines").write(message.name, message.level, message.text)
  end
end

local function take_loaded(self, message)
  local callback = self.loads[message.recipe]
  if not callback then return self.sources[message.recipe] == nil and "a recipe that nobody has sent" or nil end
  self.loads[message.recipe] = nil
  callback(message)
end

-- What is wrong with a message in this moment; nil: nothing.
local function take(self, message)
  if message.kind == "log" then return take_log(self, message) end
  if message.kind == "loaded" then return take_loaded(self, message) end
  local state = self.calls[message.call]
  if not state then return message.kind ~= "leave" and "a call that there is not" or nil end
  return handlers[message.kind](self, message, state)
end

-- The worker -------------------------------------------------------------------------------------------

local function ended(self, why)
  self.worker = nil
  self.ends[#self.ends + 1] = why
  local err = errors.new("the worker that ran the recipe has ended: " .. why, { code = "worker_ended" })
  local loads, over = self.loads, self.calls
  self.loads, self.calls = {}, {}
  for _, callback in pairs(loads) do callback(nil, err) end
  for _, state in pairs(over) do end_call(state, nil, err) end
end

-- The worker that runs; a new one has what was loaded.
local function worker_of(self)
  if self.worker then return self.worker end
  local worker, message
  worker, message = (self.options.start or processes.start) {
    memory = self.options.memory, turn_seconds = self.options.turn_seconds,
    is_busy = function() return next(self.loads) ~= nil or next(self.calls) ~= nil end,
    on_message = function(item) return take(self, item) end,
    on_end = function(why) ended(self, why) end,
  }
  if not worker then return nil, errors.new("no worker can be started: " .. message, { code = "worker_ended" }) end
  self.worker = worker
  for _, source in pairs(self.sources) do worker:send(source) end
  return worker
end

--- Why workers have ended, the first first.
---@return string[]
function Host:endings()
  return self.ends
end

--- The walls of the worker that runs; nil: there is none, or it is not ready.
---@return core.walls.Wall[]?
function Host:walls()
  return self.worker and self.worker.walls
end

---@return integer? pid
function Host:pid()
  return self.worker and self.worker:pid()
end

--- Ends the worker, and with it what it runs.
function Host:close()
  if not self.worker then return end
  self.worker:stop()
  ended(self, "it was stopped")
end
Host.__close = Host.close

-- Loading ----------------------------------------------------------------------------------------------

local Nothing = {}
Nothing.__index = Nothing
function Nothing.__close() end
local NOTHING = setmetatable({}, Nothing)

local function ask_to_load(self, worker, message, callback)
  self.loads[message.recipe] = callback
  worker:send(message)
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
    local worker, err = worker_of(self)
    if not worker then return nil, err end
    local message = {
      kind = "load", recipe = recipe.id, name = recipe.name, shown = recipe.shown, folder = recipe.folder, root = recipe.root,
      text = text, modules = given,
    }
    local loaded
    loaded, err = fiber.await(ask_to_load, self, worker, message)
    if not loaded then return nil, err end
    if not add_missing(recipe, given, loaded.missing) then
      self.sources[recipe.id] = message
      return loaded
    end
  end
  return nil, errors.new(("%s: it looks for too many modules"):format(recipe.shown))
end

local function body_elsewhere()
  error("the recipe's function is in its worker", 0)
end

local function adopt(declarations)
  local marks = {}
  for index, plain in ipairs(declarations) do
    local ok, mark = pcall(declaration.adopt, plain, body_elsewhere)
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
  return adopt(loaded.declarations)
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
  if self.worker then self.worker:send { kind = "unload", recipe = recipe.id } end
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
---@field chain? string[]
---@field simulated? boolean
---@field dry_run? boolean
---@field seed? string                 of chance: 16 bytes
---@field known? table<string, any>     what time and chance have said before, by the places of the effects

local LIMITS = { "recipe_cpu_ms", "recipe_memory_bytes", "recipe_seconds", "recipe_calls" }

local function message_of(recipe, call)
  local clock = require "lib.async.clock"
  local limits = {}
  for _, name in ipairs(LIMITS) do limits[name] = call.settings and call.settings[name] end
  return {
    kind = "call", call = call.id, recipe = recipe.id, feature = call.feature, key = call.key, args = call.args, tools = call.tools,
    limits = limits, chain = call.chain or {}, wall = clock.wall(), speed = clock.speed(), seed = call.seed or host.random(16),
    simulated = call.simulated or false, dry_run = call.dry_run or false, schema = call.schema, annotations = call.annotations,
    client = call.client, deadline = call.deadline, known = call.known,
  }
end

local Running = {}
Running.__index = Running

-- Whoever waits is cancelled: the recipe ends with its clean-ups, and nobody hears of it.
function Running:__close()
  local state = self.host.calls[self.id]
  if state ~= self.state then return end
  state.callback = function() end
  if self.host.worker then self.host.worker:send { kind = "cancel", call = self.id } end
end

local function begin(self, worker, message, listener, callback)
  local state = {
    feature = message.feature, listener = listener, callback = callback, effects = {}, count = 0, last = {}, names = 0,
  }
  self.calls[message.call] = state
  worker:send(message)
  return setmetatable({ host = self, id = message.call, state = state }, Running)
end

--- Runs a call in the worker, and waits for its end; in a fiber.
---@param recipe Recipe
---@param call WorkerCall
---@param listener WorkerListener
---@return any result, Error? err
function Host:call(recipe, call, listener)
  if self.calls[call.id] then error("there is a call of this name: " .. call.id, 2) end
  local worker, err = worker_of(self)
  if not worker then return nil, err end
  return fiber.await(begin, self, worker, message_of(recipe, call), listener)
end

return M
