--- A worker: loads recipes and runs their calls behind its walls, with nothing but a channel to its host.

local channel = require "core.channel"
local core_clock = require "core.clock"
local crossing = require "lib.recipes.worker.crossing"
local doors = require "lib.recipes.worker.door"
local log = require "core.log"
local loop = require "core.loop"
local protocol = require "lib.recipes.worker.protocol"
local rooms = require "lib.recipes.worker.room"
local timer = require "core.timer"
local walls = require "core.walls"

local M = {}

---@class WorkerMain
---@field channel core.channel.Channel
---@field door WorkerDoor
---@field recipes table<string, { recipe: table, declared: table<string, table> }>  by the host's names for them
---@field calls table<string, Fiber>
---@field begun? boolean   the host has said what it needs
---@field rooms table<fun(), true>   who waits for room in the channel
local Main = {}
Main.__index = Main

-- The host's end ---------------------------------------------------------------------------------------

function Main:send(message)
  self.channel:send(protocol.write(protocol.FROM_WORKER, message))
end

local function link_of(self)
  return { room = self.room, send = function(message) self:send(message) end }
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

-- The answer to a load: what the file declares, why it does not, what it wanted to require beside what it has.
local function declare(self, message)
  local declaration = require "lib.recipes.load.declaration"
  local recipe = {
    name = message.name, shown = message.shown, folder = message.folder, root = message.root,
    modules = require("lib.recipes.worker.given").new(message.modules),
  }
  local value, problem = require("lib.recipes.load.sandbox").declare(recipe, message.text, "@" .. message.shown)
  local answer = { kind = "loaded", recipe = message.recipe, problem = problem, missing = recipe.modules:missing() }
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

local function context_of(self, message)
  local clock = require "lib.async.clock"
  return setmetatable({
    main = self, call_id = message.call, name = message.key, chain = message.chain, client = message.client, cancelled = false,
    simulated = message.simulated, dry_run = message.dry_run or nil, seed = message.seed, known = message.known or {},
    wall = message.wall, told_at = core_clock.monotonic(), speed = message.speed, ends = message.ends,
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
  if not fn then error("the worker has no such recipe: " .. message.key, 0) end
  if message.speed > 0 then require("lib.async.clock").set_speed(message.speed) end
  local invoke = require "lib.recipes.run.invoke"
  local ctx, options = context_of(self, message), options_of(message, fields) ---@type any, any
  return invoke[HOW[message.feature]](loaded.recipe, fn, message.args, ctx, options)
end

local function outcome_of(message, ok, result, err)
  local done = { kind = "done", call = message.call }
  if not ok or err ~= nil then
    done.err = crossing.problem(ok and err or result)
  elseif message.feature == "tool" then
    done.result = crossing.result(result)
  else
    done.result = result
  end
  return done
end

local function finish(self, message, ...)
  self.calls[message.call] = nil
  local sent, problem = pcall(self.send, self, outcome_of(message, ...))
  if not sent then self:send { kind = "done", call = message.call, err = crossing.problem(problem) } end
end

-- Messages ---------------------------------------------------------------------------------------------

local handlers = {}

function handlers:load(message)
  self:send(declare(self, message))
end

function handlers:unload(message)
  self.recipes[message.recipe] = nil
end

function handlers:call(message)
  local fiber = require "lib.async.fiber"
  local task = fiber.spawn(function() finish(self, message, pcall(run, self, message)) end)
  if task.status ~= "done" then self.calls[message.call] = task end
end

function handlers:cancel(message)
  local task = self.calls[message.call] --[[@as Fiber?]]
  if task then task:cancel "cancelled" end
end

function handlers:answer(message)
  self.door:answer(message)
end

function handlers:turn(message)
  self:send { kind = "turn", number = message.number }
end

local QUIET_TURNS = 3 -- in which nothing was to be done

-- Whether all that runs waits for the host.
local function is_quiet(self)
  if require("lib.async.fiber").deferred() > 0 then return false end
  for id in pairs(self.calls) do
    if not self.door:is_waiting(id) then return false end
  end
  return true
end

-- Says when all is done that can be without the host: its clock is driven by hand, and must not run on before.
function handlers:settle(message)
  local turns = 0
  local function look()
    turns = is_quiet(self) and turns + 1 or 0
    if turns < QUIET_TURNS then return timer.next_turn(look) end
    self:send { kind = "settled", number = message.number }
  end
  timer.next_turn(look)
end

local function begin(self, hello)
  log.set_level(hello.level)
  self:send { kind = "ready", walls = walls.raise(hello.memory) }
  local lines = require "lib.recipes.rc.lines"
  lines.limit(true)
  lines.redirect(function(level, name, text) self:send { kind = "log", name = name, level = level, text = text } end)
  package.loaded["lib.recipes.effects.door"] = {
    perform = function(state, effect) return self.door:perform(state, effect) end,
  }
  self.begun = true
end

function Main:take(bytes)
  local message, problem = protocol.read(protocol.TO_WORKER, bytes)
  if not message then error("the host sent what no host sends: " .. problem) end
  if not self.begun then return begin(self, message) end
  handlers[message.kind](self, message)
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
  local self = setmetatable({ recipes = {}, calls = {} }, Main)
  self.room = rooms.new(function() return select(2, self.channel:queued()) end)
  self.door = doors.new(link_of(self))
  self.channel = assert(channel.open(inherited, {
    most = protocol.MOST,
    on_message = function(bytes) self:take(bytes) end,
    on_drained = function() self.room:tell() end,
    on_end = loop.stop,
  }))
  loop.run()
  return 0
end

return M
