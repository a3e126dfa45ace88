--- The function of a recipe that is in a worker, as it stands in what the recipe declares here: called by the runner like any other, it
--- has the call run there, with its effects performed here, under the rights and in the account of this call.

local abandon = require "lib.recipes.run.abandon"
local calls = require "lib.recipes.run.call"
local changes = require "lib.recipes.worker.changed"
local cleanup = require "lib.recipes.run.cleanup"
local clock = require "lib.async.clock"
local copies = require "lib.recipes.boundary.copies"
local door = require "lib.recipes.effects.door"
local ends = require "lib.recipes.worker.ends"
local failure = require "lib.recipes.run.failure"
local host_work = require "lib.recipes.boundary.host_work"
local lines = require "lib.recipes.rc.lines"
local record = require "lib.calls.record"
local redaction = require "lib.redaction"
local replay = require "lib.calls.replay"

local M = {}

local MOST_NOTES, MOST_NOTE = 21, 1100 -- the last says how many more there are
local GRACE = 5           -- seconds of real time that the worker's own limit of time comes behind the host's

-- Effects ----------------------------------------------------------------------------------------------

-- What the host's account of the call says of the code that asks.
local Asking = {}
Asking.__index = Asking

function Asking:__close()
  self.call.cleaning = self.call.cleaning - self.cleaning
end

---@param call CallState
---@param cleans boolean
local function asking(call, cleans)
  local self = setmetatable({ call = call, cleaning = cleans and 1 or 0 }, Asking)
  call.cleaning = call.cleaning + self.cleaning
  if cleans then call.cleanup_deadline = math.max(call.cleanup_deadline or 0, clock.now() + calls.CLEANUP_SECONDS) end
  return self
end

-- As the runner has it: what clean-ups undo must be done.
local function begin_cleanups(call)
  require("lib.recipes.run.runner").rest(call)
  call.phase, call.cleanup_deadline = "cleanup", clock.now() + calls.CLEANUP_SECONDS
end

-- Those of the chain that want to hear of it have it as if it was answered here.
local function notify_links(state, effect, answer)
  local chain = state.ctx.effects
  if chain then chain:notify(effect, { ctx = state.ctx, caller = state }, answer) end
end

local function may_change(scope)
  local hints = scope.tool and scope.tool.annotations
  return not (scope.reads or hints and hints.readOnlyHint)
end

-- Closed once an effect was performed, or was given up: what the call has changed meanwhile, this may have.
local Performing = {}

function Performing:__close()
  if self.call.written > self.written_before then self.changed:note(self.effect) end
end

local function perform(call, effect, scope, changed)
  local _ <close> = may_change(scope)
    and setmetatable({ call = call, effect = effect, changed = changed, written_before = call.written }, Performing) or nil
  return door.perform(scope.caller, effect)
end

local function tell_lost(call, changed, why)
  local what = changed:told()
  if not what then return end -- there is nothing to undo
  cleanup.tell_lost(call, ("they may not have come to their end: %s; look at what was changed: %s"):format(why, what))
end

local function listener_of(call, state)
  local run, changed = replay.new(record.new()), changes.new()
  return {
    effect = function(effect, cleans)
      local _ <close> = asking(call, cleans)
      local tool = effect.kind == "tool" and state.find(effect.name) or nil
      local scope = { ctx = state.ctx, caller = state, tool = tool, reads = door.is_read(effect) }
      return run:perform(effect, function() return perform(call, effect, scope, changed) end, scope)
    end,
    noted = function(effect, answer)
      run:note(effect, answer)
      notify_links(state, effect, answer)
    end,
    ahead = function() return state.ctx.effects and state.ctx.effects:ahead(state) or 0 end,
    undoes = function() call.undoes = true end,
    lost = function(why) tell_lost(call, changed, why) end,
    rest = function() begin_cleanups(call) end,
    written = function() return call.written end,
    known = function() return run:known(state.call_id) end,
    progress = function(done, total, message) state:progress(done, total, message) end,
    log = function(level, text) lines.write(state.name, level, text) end,
  }
end

-- The call ---------------------------------------------------------------------------------------------

local function grace()
  return GRACE * math.max(1, clock.speed())
end

-- The host's own comes first, and is told in its words.
local function settings_of(call)
  local limits = call.limits
  return {
    recipe_cpu_ms = limits.cpu_ms, recipe_memory_bytes = limits.memory_bytes, recipe_seconds = limits.seconds + grace(),
    recipe_calls = limits.calls,
  }
end

local function schemas_of(state)
  local schemas = {}
  for name in pairs(state.uses) do
    local tool = state.find(name)
    schemas[name] = tool and tool.schema
  end
  return schemas
end

local function outer(chain)
  return table.move(chain, 1, #chain - 1, 1, {}) -- the worker adds its own name
end

local function keep_place(call, err)
  call.stood_at = err.frames and failure.told_frames(err.frames)
  for _, note in ipairs(err.notes or {}) do
    call.notes = call.notes or {}
    if #call.notes < MOST_NOTES then call.notes[#call.notes + 1] = redaction.brief(note, MOST_NOTE) end
  end
end

-- Where it stood, and which of its clean-ups failed: they are in the log by now.  Code that ended by itself before it could hear of
-- the cancellation has ended as it would have here, where it is heard of between two of its turns.
local function keep_ending(call, result, err)
  if err and (err.code == "cancelled" or err.code == "timeout") then return keep_place(call, err) end
  if err and ends.is(err) then return end
  call.ended_there = { result = result, err = err }
end

-- In a fiber of the host's.
local function run(host, recipe, what, call, args)
  local state = call.rc
  local deadline = state:deadline()
  local left = deadline < math.huge and deadline - clock.now() or nil
  local tells, given = false, nil
  if state.ctx.effects then tells, given = state.ctx.effects:at_once() end
  local result, err = host:run(recipe, {
    id = state.call_id, account = state.ctx.account and state.ctx.account.id, feature = what.feature, key = what.key, args = args,
    tools = schemas_of(state), settings = settings_of(call), schema = what.schema,
    annotations = state.tool and state.tool.annotations, client = state.ctx.client, chain = outer(state.chain),
    deadline = left and left + grace(), ends = left and left + clock.wall(), simulated = state.ctx.simulated == true,
    dry_run = state.ctx.dry_run ~= nil and state.ctx.dry_run ~= false, tells = tells, given = tells and given or nil,
  }, listener_of(call, state), {
    cancelling = function() abandon.of_given_up(call) end,
    cancelled = function(last, problem) keep_ending(call, last, problem) end,
  })
  if err and ends.is(err) then err = ends.of_call(state.name, err) end
  call.elsewhere = { result = result, err = err }
end

---@class ElsewhereResult  of a call that ran in a worker: what it gave, which is neither taken nor told again
---@field result any
---@field err? Error

--- The function that stands for the recipe's own.
---@param host WorkerHost
---@param recipe Recipe
---@param feature RecipeKind
---@param key string
---@return function
function M.fn(host, recipe, feature, key)
  return function(...)
    local call = calls.current()
    if not call then error("the recipe's function is in its worker", 0) end
    local args, count = {}, select("#", ...) - 1 -- the last is the context, and the worker has one of its own
    for i = 1, count do args[i] = copies.import((select(i, ...))) end
    host_work.run_raw(run, host, recipe, { feature = feature, key = key, schema = call.schema }, call, args)
  end
end

return M
