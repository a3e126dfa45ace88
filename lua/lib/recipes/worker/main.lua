--- A worker: loads recipes and runs their calls behind its walls, with nothing but a channel to its host.

local channel = require "core.channel"
local core_clock = require "core.clock"
local crossing = require "lib.recipes.worker.crossing"
local doors = require "lib.recipes.worker.door"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local insist = require "lib.async.insist"
local lines = require "lib.recipes.rc.lines"
local log = require "core.log"
local loop = require "core.loop"
local protocol = require "lib.recipes.worker.protocol"
local rescue = require "lib.async.rescue"
local rooms = require "lib.recipes.worker.room"
local texts = require "lib.text"
local timer = require "core.timer"
local turn = require "lib.async.turn"
local walls = require "core.walls"

local M = {}

local ALL_HELD = "the process that runs recipes holds as much as it may (setting worker_memory_bytes)"
local FAILED = 70      -- exit status: EX_SOFTWARE of sysexits.h

---@class WorkerMain
---@field channel core.channel.Channel
---@field door WorkerDoor
---@field recipes table<string, { recipe: table, declared: table<string, table> }>  by the host's names for them
---@field calls table<string, Fiber|false>  false: it begins
---@field undoing table<string, CallState>  calls that have registered something to undo
---@field unloaded table<string, string>  why a file could not be loaded
---@field cancelled table<string, { state?: CallState, frames?: string[] }>  those of them that are told to end
---@field loads WorkerMessage[]  files that are still to be loaded
---@field begun boolean   the host has said what it needs
---@field failed boolean  it ends, for it cannot do what it is there for
---@field room ChannelRoom  who waits for room in the channel
local Main = {}
Main.__index = Main

-- The host's end ---------------------------------------------------------------------------------------

function Main:send(message)
  local _, problem, code = self.channel:send(protocol.write(protocol.FROM_WORKER, message))
  if code == "ENOMEM" then error(problem, 0) end
end

local function link_of(self)
  return { room = self.room, send = function(message) self:send(message) end }
end

-- The host waits for answers that would never come: it is told by the end of this process, and starts another.
local function fail(self, problem)
  if self.failed then return end
  self.failed = true
  io.stderr:write("rcmcp worker: ", problem, "\n")
  self.channel:cancel()
  loop.stop()
end

-- Closed at the end of what a message, or a turn, has brought about.  What raises there is in the log; where memory ran out it comes again.
local Watch = {}

function Watch:__close(err)
  if err ~= nil and not errors.is_out_of_memory(err) then fail(self.main, "it cannot go on: " .. (tostring(err):match "^[^\n]*")) end
end

local function watch(self)
  return setmetatable({ main = self }, Watch)
end

-- Loading ----------------------------------------------------------------------------------------------

local function key_of(feature, key)
  return feature .. " " .. key
end

local function keep(declarations)
  local key_field, declared = require("lib.recipes.load.declaration").key_field, {}
  for _, declaration in ipairs(declarations) do
    local key = declaration.fields[key_field(declaration.kind)]
    if type(key) == "string" then declared[key_of(declaration.kind, key)] = declaration.fields end
  end
  return declared
end

-- Under a key of its own, not counted with what the code asks for beside: in another worker it may be known already.
local function ask_for_module(name)
  local call = require("lib.recipes.run.call").current()
  local state = call and call.rc
  if not state then return nil end
  local effect = { call = state.call_id, branch = "require " .. name, seq = 1, kind = "module", name = name }
  return require("lib.recipes.rc.work").run(function()
    return require("lib.recipes.effects.door").perform(state, effect)
  end)
end

-- A script is a tool of the recipe's name, whose function is all of its code.
local function keep_script(self, message, recipe)
  local chunk, problem = require("lib.recipes.load.sandbox").script(recipe, message.text, message.words)
  if not chunk then return problem end
  local fields = { name = message.name, run = chunk }
  self.recipes[message.recipe] = { recipe = recipe, declared = { [key_of("tool", message.name)] = fields } }
end

-- The answer to a load: what the file declares, why it does not, what it wanted to require beside what it has.
local function declare(self, message)
  local declaration = require "lib.recipes.load.declaration"
  local recipe = {
    name = message.name, shown = message.shown, folder = message.folder, root = message.root, loaded_at = message.loaded_at,
    modules = require("lib.recipes.worker.given").new(message.modules, ask_for_module),
  }
  local answer = { kind = "loaded", recipe = message.recipe, missing = {} }
  if message.words then
    answer.problem = keep_script(self, message, recipe)
    return answer
  end
  local value, problem = require("lib.recipes.load.sandbox").declare(recipe, message.text, "@" .. message.shown)
  answer.problem, answer.missing = problem, recipe.modules:missing()
  if problem then return answer end
  local declarations, refused = declaration.unchecked(value)
  if not declarations then
    answer.refused = refused
    return answer
  end
  answer.declarations = {}
  for index, item in ipairs(declarations) do answer.declarations[index] = declaration.without_functions(item) end
  self.recipes[message.recipe] = { recipe = recipe, declared = keep(declarations) }
  return answer
end

-- Calls ------------------------------------------------------------------------------------------------

local Context = {}
Context.__index = Context

function Context:progress(done, total, message)
  if select(2, self.main.channel:queued()) then return end -- the next one says as much
  self.main:send { kind = "progress", call = self.call_id, done = done, total = total, message = message }
end

function Context:log(level, text)
  self.main:send { kind = "log", call = self.call_id, name = self.name, level = level, text = text }
end

-- It has registered what it is to undo at its end.
function Context:undoes(call)
  self.main.undoing[self.call_id] = call
  if self.undone then return end
  self.main:send { kind = "undoes", call = self.call_id }
  self.undone = true
end

function Context:rest()
  local call = self.main.undoing[self.call_id]
  if call then self:undoes(call) end -- there may have been no memory to say so
  self.main.door:rest(self)
end

local function context_of(self, message)
  local clock = require "lib.async.clock"
  return setmetatable({
    main = self, call_id = message.call, name = message.key, chain = message.chain, client = message.client, cancelled = false,
    simulated = message.simulated, dry_run = message.dry_run or nil, seed = message.seed, known = message.known or {}, rested = false,
    undone = false,
    tells = message.tells, given = message.given and doors.by_question(message.given),
    wall = message.wall, ahead = 0, readings = 0, told_at = core_clock.monotonic(), speed = message.speed, ends = message.ends,
    deadline = message.deadline and clock.now() + message.deadline or nil,
  }, Context)
end

local HOW = { tool = "call", prompt = "messages", resource = "value", template = "value" }

local function options_of(message, fields)
  local settings = {}
  for name, value in pairs(message.limits) do settings[name] = value end
  return {
    declaration = fields, settings = settings, schema = message.schema,
    tool = message.annotations and { annotations = message.annotations } or nil,
    find = function(name)
      local schema = message.tools[name]
      return schema and { name = name, schema = schema } or nil
    end,
  }
end

local function run(self, message)
  local loaded = self.recipes[message.recipe]
  local fields = loaded and loaded.declared[key_of(message.feature, message.key)]
  local fn = fields and (fields.run or fields.read)
  if not fn then error(self.unloaded[message.recipe] or "the worker has no such recipe: " .. message.key, 0) end
  if message.speed > 0 then require("lib.async.clock").set_speed(message.speed) end
  require("lib.recipes.run.failure").ALL_HELD = ALL_HELD
  local invoke = require "lib.recipes.run.invoke"
  local ctx, options = context_of(self, message), options_of(message, fields) ---@type any, any
  return invoke[HOW[message.feature]](loaded.recipe, fn, message.args, ctx, options)
end

local function outcome_of(self, message, ok, result, err)
  local done = { kind = "done", call = message.call }
  local cancelled = self.cancelled[message.call]
  if not ok or err ~= nil then
    done.err = crossing.problem(ok and err or result)
    if cancelled and done.err.code == "cancelled" then
      done.err.frames, done.err.notes = cancelled.frames, cancelled.state and cancelled.state.notes
    end
  elseif message.feature == "tool" then
    done.result = crossing.result(result)
  else
    done.result = result
  end
  return done
end

local function forget(self, id)
  self.calls[id], self.cancelled[id], self.undoing[id] = nil, nil, nil
end

local function send_outcome(self, message, ok, result, err)
  self:send(outcome_of(self, message, ok, result, err))
end

-- Whether the call has ended without its clean-ups, for want of memory again and again: the host has it run where there is memory.
local function is_undone(self, id)
  local state = self.undoing[id]
  if not state or state.phase == "over" then return false end
  fail(self, "not enough memory for what a call was to undo")
  return true
end

-- Gives what is wrong with what it gave, which may be longer than a message may have it; raises where memory runs out.
local function try_to_send(self, message, ok, result, err)
  local sent, problem = pcall(send_outcome, self, message, ok, result, err)
  if not sent and errors.is_out_of_memory(problem) then error(problem, 0) end
  return not sent and problem or false
end

-- Where there is no memory for a second, its result is lost: the host names what it has begun.
local function finish(self, message, ok, result, err)
  if is_undone(self, message.call) then return end
  local problem = fiber.shield(insist, "the end of a call", try_to_send, self, message, ok, result, err)
  if problem == nil then problem = "not enough memory" end
  if problem then self:send { kind = "done", call = message.call, err = crossing.problem(problem) } end
  forget(self, message.call)
end

-- Memory ran out as a call was to end: the host waits for its end.
local function finish_lost(self)
  local lost = {}
  for id, task in pairs(self.calls) do
    if task and task.status == "done" then lost[#lost + 1] = id end
  end
  rescue.each(lost, function(id)
    if is_undone(self, id) then return end
    self:send { kind = "done", call = id, err = { message = "not enough memory", code = "internal" } }
    forget(self, id)
  end)
end

-- Messages ---------------------------------------------------------------------------------------------

local handlers = {}

local TRIES = 3 -- of a file for which there is no memory

local function may_try_again(message, problem)
  if not errors.is_out_of_memory(problem) then return false end
  message.tries = (message.tries or 0) + 1
  return message.tries < TRIES
end

-- What the file has chosen may be longer than a message may have it, or than there is memory.
local function send_loaded(self, message)
  local started = os.clock()
  local answer = declare(self, message)
  if answer.problem and errors.is_out_of_memory(answer.problem) then error(answer.problem, 0) end
  answer.took = (os.clock() - started) * 1000
  self:send(answer)
end

-- The first of those that wait, or another one.
local function load_next(self, index)
  index = index or 1
  local message = self.loads[index]
  local sent, problem = pcall(send_loaded, self, message)
  if not sent then
    if may_try_again(message, problem) then error("not enough memory", 0) end -- it comes again
    self.unloaded[message.recipe] = tostring(problem)
    self:send { kind = "loaded", recipe = message.recipe, missing = {}, problem = texts.brief(tostring(problem), lines.LONGEST) }
  end
  table.remove(self.loads, index)
end

-- Whoever needs one does not wait for the others, of which each may compute for half a second.
local function load_now(self, recipe)
  for index, message in ipairs(self.loads) do
    if message.recipe == recipe then return load_next(self, index) end
  end
end

-- One a turn: what a turn sends leaves at its end, and the host has work with the one while the next is loaded.
local function load_in_turns(self)
  timer.next_turn(function()
    if #self.loads == 0 then return end
    local _ <close> = watch(self)
    load_next(self)
    load_in_turns(self)
  end)
end

function handlers:load(message)
  if #self.loads == 0 then load_in_turns(self) end -- a turn with nothing to load does no harm, where memory runs out behind it
  table.insert(self.loads, message)
end

function handlers:unload(message)
  load_now(self, message.recipe)
  self.recipes[message.recipe], self.unloaded[message.recipe] = nil, nil
end

function handlers:call(message)
  if self.calls[message.call] then error("a call of this name runs already: " .. message.call, 0) end
  load_now(self, message.recipe)
  self.calls[message.call] = false -- room: what has begun must not begin again
  local task = fiber.spawn(function() finish(self, message, pcall(run, self, message)) end)
  if self.calls[message.call] ~= nil then self.calls[message.call] = task end
end

local function state_of(id)
  for _, call in ipairs(require("lib.recipes.run.under_way").list()) do
    if call.ctx and call.ctx.call_id == id then return call end
  end
end

-- Where it stands then, and what goes wrong in its clean-ups, the host tells.
function handlers:cancel(message)
  local task = self.calls[message.call] --[[@as Fiber?]]
  if not task then return end
  local state = state_of(message.call)
  self.cancelled[message.call] = { state = state, frames = state and require("lib.recipes.run.failure").standing(state) }
  task:cancel "cancelled"
end

function handlers:answer(message)
  self.door:answer(message)
end

function handlers:rested(message)
  self.door:rested(message)
end

function handlers:turn(message)
  self:send { kind = "turn", number = message.number }
end

local QUIET_TURNS = 3 -- in which nothing was to be done

-- Whether all that runs waits for the host.
local function is_quiet(self)
  if #self.loads > 0 then return false end
  if turn.deferred() > 0 then return false end
  local waiting = self.door:waiting_calls()
  for id in pairs(self.calls) do
    if not waiting[id] then return false end
  end
  return true
end

-- Says when all is done that can be without the host: its clock is driven by hand, and must not run on before.
function handlers:settle(message)
  local turns = 0
  local function look()
    local _ <close> = watch(self)
    turns = is_quiet(self) and turns + 1 or 0
    if turns < QUIET_TURNS then return timer.next_turn(look) end
    self:send { kind = "settled", number = message.number }
  end
  timer.next_turn(look)
end

-- A recipe's line is one of its call's.
local function send_line(self, level, name, text)
  local call = name ~= "" and require("lib.recipes.run.call").current() or nil
  self:send { kind = "log", call = call and call.rc and call.rc.call_id, name = name, level = level, text = text }
end

local function begin(self, hello)
  log.set_level(hello.level)
  self:send { kind = "ready", walls = walls.raise(hello.memory) }
  lines.limit(hello.limits_lines)
  lines.redirect(function(level, name, text) send_line(self, level, name, text) end)
  log.write = function(level, text) send_line(self, level, "", texts.brief(text, lines.LONGEST)) end -- what is no recipe's line, too
  package.loaded["lib.recipes.effects.door"] = {
    perform = function(state, effect) return self.door:perform(state, effect) end,
  }
  self.begun = true
end

local function take(self, message)
  if self.begun ~= (message.kind ~= "hello") then
    return fail(self, "the host sent what no host sends: " .. (self.begun and "it has said hello twice" or "it has not said hello"))
  end
  if self.begun then return handlers[message.kind](self, message) end
  self.channel:pause() -- that it is ready leaves at the end of this turn, and no recipe runs before
  timer.next_turn(function() self.channel:resume() end)
  begin(self, message)
end

function Main:take(bytes)
  local _ <close> = watch(self)
  local message, problem = protocol.read(protocol.TO_WORKER, bytes)
  if not message then return fail(self, "the host sent what no host sends: " .. problem) end
  take(self, message)
end

-- The host has closed the channel; or what comes is none of its messages.
function Main:on_end(why)
  if why then fail(self, "the channel to the host broke: " .. why) else loop.stop() end
end

-- The program's own files, where those of a folder stand for them: behind the walls none can be read.
local function load_overrides()
  if not os.getenv "RCMCP_LUA_DIR" then return end
  local search = package.searchers[2]
  for _, name in ipairs(require("core.host").modules()) do
    if not package.loaded[name] then
      local loader, data = search(name)
      if type(loader) == "function" then package.preload[name] = function() return loader(name, data) end end
    end
  end
end

-- What this process goes through for recipes, they may see: in an order that is the same in each.
local function put_in_order()
  local sandbox = require "core.sandbox"
  rawset(_G, "pairs", sandbox.pairs)
  rawset(_G, "next", sandbox.new_next())
  rawset(table, "sort", sandbox.sort)
end

--- Runs until the host closes the channel.
---@return integer status
function M.run()
  local inherited, message = channel.inherited()
  if not inherited then error("no channel: " .. message) end
  put_in_order()
  load_overrides()
  local self = setmetatable({
    recipes = {}, calls = {}, cancelled = {}, undoing = {}, unloaded = {}, loads = {}, begun = false, failed = false,
  }, Main)
  self.room = rooms.new(function() return select(2, self.channel:queued()) end)
  self.door = doors.new(link_of(self))
  self.channel = assert(channel.open(inherited, {
    most = protocol.MOST,
    on_message = function(bytes) self:take(bytes) end,
    on_drained = function() self.room:notify() end,
    on_end = function(why) self:on_end(why) end,
  }))
  rescue.add(self, finish_lost)
  loop.run()
  return self.failed and FAILED or 0
end

return M
