--- Runs a call along a record: what was answered then is answered the same, without being executed; what comes after the record's
--- end is executed, and recorded.
---
--- The code that runs must ask for the same effects with the same inputs.  Where it does not, everything that it asks for from then
--- on fails, so that nothing is sent that belongs to another run.

local digest = require "lib.calls.digest"
local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"

local M = {}

---@class ReplayStep
---@field effect Effect    without its input
---@field digest string    of its input
---@field answer? RecordAnswer
---@field waiting? table<function, true>  of those that ask for it again while it is executed; nil: it is not

---@class Replay
---@field private record Record
---@field private steps table<string, ReplayStep>
---@field private problem? string  how the code differs from the record
---@field private readings integer  answers at once that are recorded
local Replay = {}
Replay.__index = Replay

local function read(record)
  local steps, readings = {}, 0
  for event in record:read() do
    if event.effect then
      steps[event.key] = { effect = event.effect, digest = event.digest }
      if effects.LOCAL[event.effect.kind] then readings = readings + 1 end
    else
      steps[event.key].answer = event.answer
    end
  end
  return steps, readings
end

-- Answers ----------------------------------------------------------------------------------------------

-- Whoever gets an answer may add to it: a copy of what it is handed over in, which is plain all through below.
local function shallow(value)
  if type(value) ~= "table" then return value end
  local copy = setmetatable({}, getmetatable(value))
  for key, item in next, value do copy[key] = item end
  return copy
end

local function kept(result, err)
  if result ~= nil then return { result = shallow(result) } end
  local wrapped = errors.wrap(err)
  return { err = errors.crossing(wrapped, { message = wrapped.message, pretended = wrapped.pretended }) }
end

local function given(answer)
  if answer.err then return nil, errors.new(answer.err.message, answer.err) end
  return shallow(answer.result)
end

-- Of a tool's result what the recipe and the account of requests read; the rest is for clients.
local function told(effect, result)
  if effect.kind ~= "tool" or type(result) ~= "table" then return result end
  return { text = result.text, data = result.data, pretended = result.pretended }
end

-- Refusals ---------------------------------------------------------------------------------------------

local function differs(self)
  return nil, errors.new(self.problem, { code = "replay", hint = "The code has changed since, or something that it sees is another." })
end

local function described(effect)
  return ("%s '%s'"):format(effect.kind, effect.name)
end

local function compare(self, step, effect, input)
  local was = step.effect
  if was.kind ~= effect.kind or was.name ~= effect.name then
    self.problem = ("the run differs from its record: step %s %d is %s, and was %s; nothing was sent"):format(
      effect.branch, effect.seq, described(effect), described(was))
  elseif step.digest ~= input then
    self.problem = ("the run differs from its record: step %s %d, %s, has another input than it had; nothing was sent"):format(
      effect.branch, effect.seq, described(effect))
  end
  return self.problem == nil
end

local WRITES = { http = true, tool = true } -- kinds of which some change something

-- Whether what may have been executed may be executed again: what it does is recorded by itself, or does no harm twice.
local function is_free(effect, scope)
  if not WRITES[effect.kind] or scope.reads then return true end
  local tool = scope.tool
  if not tool then return false end
  local repeatable = tool.repeatable
  return tool.inner == true or tool.risk == "harmless" or repeatable == true
    or type(repeatable) == "function" and repeatable(effect.input) == true
end

local function unknown(effect)
  return nil, errors.new(("%s was begun before the run broke off, and nobody knows what became of it; it was not made again"):format(
    described(effect)), { code = "unknown", delivery = "unknown" })
end

-- Execution --------------------------------------------------------------------------------------------

local Running = {}
Running.__index = Running

-- Whoever waits for it looks again: at its answer, or, where it was cancelled, at what is left to do.
function Running:__close()
  local waiting = self.step.waiting
  self.step.waiting = nil
  for wake in next, waiting do wake() end -- one for which there is no memory is looked after: see recheck
end

local function execute(self, key, step, effect, proceed)
  local running, waiting = setmetatable({ step = step }, Running), {} ---@type table, table<function, true>
  step.waiting = waiting
  local _ <close> = running
  local result, err = proceed()
  local at_once = effects.LOCAL[effect.kind]
  local answer = kept(told(effect, result), err)
  step.answer = answer
  self.record:answer(key, answer, digest.of(answer, at_once))
  return result, err
end

local Waiting = {}
Waiting.__index = Waiting

function Waiting:__close()
  self.list[self.callback] = nil
end

function Waiting:recheck(callback)
  if self.step.waiting ~= self.list then callback() end
end

local function wait_for(step, callback)
  step.waiting[callback] = true
  return setmetatable({ step = step, list = step.waiting, callback = callback }, Waiting)
end

function Replay:perform(effect, proceed, scope)
  if self.problem then return differs(self) end
  local key, input = effects.key(effect), digest.of(effect.input, effects.LOCAL[effect.kind])
  local step = self.steps[key]
  if not step then
    if effects.LOCAL[effect.kind] then
      if self.readings >= effects.MOST_READINGS then return proceed() end
      self.readings = self.readings + 1
    end
    step = { effect = self.record:intend(key, effect, input), digest = input }
    self.steps[key] = step
    return execute(self, key, step, effect, proceed)
  end
  if not compare(self, step, effect, input) then return differs(self) end
  while step.waiting and not step.answer do fiber.await(wait_for, step) end
  if step.answer then return given(step.answer) end
  if not is_free(effect, scope) then return unknown(effect) end
  return execute(self, key, step, effect, proceed)
end

-- Answered elsewhere ------------------------------------------------------------------------------------

--- Records what was answered at once on the side that asks (effects.LOCAL): the host is told afterwards.
---@param effect Effect
---@param answer any
function Replay:note(effect, answer)
  local key = effects.key(effect)
  if self.steps[key] or self.readings >= effects.MOST_READINGS then return end -- it was known there
  self.readings = self.readings + 1
  local input = digest.of(effect.input, true)
  local step = { effect = self.record:intend(key, effect, input), digest = input, answer = { result = answer } }
  self.record:answer(key, step.answer, digest.of(step.answer, true))
  self.steps[key] = step
end

--- What such effects of a call were answered: who runs it again elsewhere is told beforehand.
---@param call string
---@return table<string, any> answers  by branch and number: "2:1 3"
function Replay:known(call)
  local answers = {}
  for _, step in pairs(self.steps) do
    local effect = step.effect
    if effect.call == call and effects.LOCAL[effect.kind] and step.answer then
      answers[("%s %d"):format(effect.branch, effect.seq)] = step.answer.result
    end
  end
  return answers
end

--- The replay as a link of the chain of effects, for one call of a client and the calls within it: see lib.calls.effects.
---@return Interceptor
function Replay:link()
  return function(effect, proceed, scope)
    if scope.passing or not scope.caller then return proceed() end
    return self:perform(effect, proceed, scope)
  end
end

---@param record Record
---@return Replay
function M.new(record)
  local steps, readings = read(record)
  return setmetatable({ record = record, steps = steps, problem = nil, readings = readings }, Replay)
end

return M
