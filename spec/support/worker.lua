--- Calls of shipped recipes, as they were made in this process: what each was given, did and gave.  For specs that make them again
--- in a worker.

local crossing = require "lib.recipes.worker.crossing"
local door = require "lib.recipes.effects.door"
local fiber = require "lib.async.fiber"
local hosts = require "lib.recipes.worker.host"
local invoke = require "lib.recipes.run.invoke"
local json = require "core.json"
local loop = require "core.loop"
local places = require "lib.recipes.worker.door"
local record = require "lib.calls.record"
local replay = require "lib.calls.replay"
local timer = require "core.timer"

local M = {}

local function copy(value)
  return json.unpack(json.pack(value), 1000000)
end

---@class RecordedCall
---@field recipe Recipe
---@field call WorkerCall
---@field effects { effect: Effect, answer: any, err: table? }[]  of the call itself, in their order
---@field outcome string   packed: the result, or the error

local Recording = {}

function Recording:__close()
  invoke.call, door.perform = self.call, self.perform
end

local function schemas_of(options)
  local schemas = {}
  for _, name in ipairs(options.declaration.uses or {}) do schemas[name] = options.find(name).schema end
  return schemas
end

local function outcome_of(result, err)
  return json.pack(err and crossing.problem(err) or crossing.result(result))
end

-- Takes down the first call; those of recipes that it calls belong to their effects.
---@return table recording  `made`: the call
function M.record()
  local self = setmetatable({ call = invoke.call, perform = door.perform }, Recording)
  invoke.call = function(recipe, fn, args, ctx, options)
    if self.made then return self.call(recipe, fn, args, ctx, options) end
    local made = {
      recipe = recipe, effects = {},
      call = {
        id = require("lib.calls.effects").call_of(ctx), feature = "tool", key = options.declaration.name, args = copy(args),
        tools = copy(schemas_of(options)), schema = options.schema, annotations = options.tool and options.tool.annotations,
        simulated = ctx.simulated, seed = "0123456789abcdef", known = {},
      },
    }
    self.made = made
    local result, err = self.call(recipe, fn, args, ctx, options)
    made.outcome = outcome_of(result, err)
    return result, err
  end
  door.perform = function(state, effect)
    local made, entry = self.made, { effect = copy(effect) }
    local own = made and effect.call == made.call.id
    if own then made.effects[#made.effects + 1] = entry end
    local answer, err = self.perform(state, effect)
    entry.answer, entry.err = copy(answer), err and crossing.problem(err)
    if own and require("lib.calls.effects").LOCAL[effect.kind] then made.call.known[places.place(effect)] = entry.answer end
    return answer, err
  end
  return self
end

--- Runs `fn(...)` in a fiber, in real time.
---@param fn fun(...): any
---@param ... any
---@return any
function M.run(fn, ...)
  local late = false
  local _ <close> = timer.after(60000, function() late = true end)
  local task = fiber.spawn(fn, ...)
  task.quiet = true
  while task.status ~= "done" do
    assert(not late, "it does not end")
    loop.step(true)
  end
  local outcome = table.pack(task:join())
  if not outcome[1] then error(outcome[2], 0) end
  return table.unpack(outcome, 2, outcome.n)
end

--- Waits, in a fiber, until something is so.
---@param happened fun(): boolean
function M.await(happened)
  while not happened() do fiber.sleep(0.002) end
end

--- Sends a signal, at once: the loop does not turn.
---@param pid integer
---@param name string  "KILL"
function M.signal(pid, name)
  assert(os.execute(("kill -%s %d"):format(name, pid)))
end

--- Runs `fn(host)` in a fiber with a host of its own.
---@param options? table  of hosts.new
---@param fn fun(host: WorkerHost)
function M.with(options, fn)
  local host <close> = hosts.new(options or {})
  M.run(function() fn(host) end)
end

--- Loads a recipe's text in a worker.
---@param host WorkerHost
---@param text string
---@param name? string
---@return Recipe|nil recipe, Error? err
function M.load(host, text, name)
  name = name or "probe"
  local file = name .. ".lua"
  return host:load_text(text, "/nowhere/" .. file, { name = name, shown = file, folder = "/nowhere", root = "/nowhere" })
end

--- The text of a recipe with one tool, "probe", whose function has this body.
---@param body string
---@param uses? string  Lua: '{ "a" }'
---@return string
function M.tool(body, uses)
  return ([[
    local rc = require "rc"
    return rc.tool { name = "probe", description = "Does what a spec wants", uses = %s, run = function(input, ctx)
      %s
    end }]]):format(uses or "{}", body)
end

local number = 0

--- A listener that does nothing twice.
---@param id string                                  of the call
---@param effect fun(effect: Effect): any, Error?    performs it
---@param more? table                                fields of the listener
---@return WorkerListener
function M.listener(id, effect, more)
  local run = replay.new(record.new())
  local listener = {
    effect = function(asked)
      return run:perform(asked, function() return effect(asked) end, { ctx = {}, caller = {} })
    end,
    noted = function(asked, answer) run:note(asked, answer) end,
    known = function() return run:known(id) end,
  }
  for _, name in ipairs { "progress", "log", "noted", "known", "lost" } do listener[name] = more and more[name] or listener[name] end
  return listener
end

--- Calls it.
---@param host WorkerHost
---@param recipe Recipe
---@param effect? fun(effect: Effect): any, Error?
---@param more? table  fields of the call, and of its listener
---@return any result, Error? err
function M.call(host, recipe, effect, more)
  number = number + 1
  more = more or {}
  local call = { id = "s" .. number, feature = "tool", key = "probe", args = { more.input or {} }, tools = { a = { type = "object" } } }
  for _, name in ipairs { "id", "account", "settings", "schema", "seed", "deadline", "client" } do call[name] = more[name] or call[name] end
  return host:call(recipe, call, M.listener(call.id, effect or function() return true end, more))
end

return M
