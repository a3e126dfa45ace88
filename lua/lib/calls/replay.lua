--- Runs a call along a record: what was answered then is answered the same, without being executed; what comes after the record's
--- end is executed, and recorded.
---
--- The code that runs must ask for the same effects with the same inputs.  Where it does not, everything that it asks for from then
--- on fails, so that nothing is sent that belongs to another run.

local digest = require "lib.calls.digest"
local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"

local M = {}

local LONG = 16 * 1024               -- bytes of an answer that is long
local MOST_KEPT = 64 * 1024 * 1024 -- … of a call's answers, from which long ones of reads are not kept, but read again

---@class Replay
---@field private record Record
---@field private steps table<string, RecordStep>  by the effects' keys
---@field private executed table<RecordStep, table<function, true>>  under way now, with those that ask for it again meanwhile
---@field private problem? string   how the code differs from the record
---@field private readings integer  answers at once that are recorded
---@field private bytes integer     of the answers that are kept
local Replay = {}
Replay.__index = Replay

local function read(self)
  for step in self.record:read() do
    self.steps[effects.key(step)] = step
    if effects.LOCAL[step.kind] then self.readings = self.readings + 1 end
    if step.answer then self.bytes = self.bytes + #json.pack(step.answer) end
  end
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

local function compare(self, was, effect, input)
  if was.kind ~= effect.kind or was.name ~= effect.name then
    self.problem = ("the run differs from its record: step %s %d is %s, and was %s; nothing was sent"):format(
      effect.branch, effect.seq, described(effect), described(was))
  elseif was.digest ~= input then
    self.problem = ("the run differs from its record: step %s %d, %s, has another input than it had; nothing was sent"):format(
      effect.branch, effect.seq, described(effect))
  end
  return self.problem == nil
end

local WRITES = { http = true, tool = true } -- kinds of which some change something

-- Whether it gives what is there, and may be asked for at any time again.
local function is_read(scope)
  return scope.reads == true or scope.tool ~= nil and scope.tool.risk == "harmless"
end

-- Whether what may have been executed may be executed again: what it does is recorded by itself, or does no harm twice.
local function is_free(effect, scope)
  if not WRITES[effect.kind] or is_read(scope) then return true end
  local tool = scope.tool
  if not tool then return false end
  local repeatable = tool.repeatable
  return tool.inner == true or repeatable == true
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
  local waiting = self.executed[self.step]
  self.executed[self.step] = nil
  for wake in next, waiting do wake() end -- one for which there is no memory is looked after: see recheck
end

-- A call that reads for hours may read more than there is memory: what it can read again is not kept then.
-- It is kept first: where memory runs out, it is not lost.
local function keep(self, step, answer, scope)
  self.record:answer(step, answer)
  if effects.LOCAL[step.kind] then return end
  local bytes = json.pack(answer)
  if #bytes >= LONG and self.bytes + #bytes > MOST_KEPT and is_read(scope) then
    return self.record:answer(step, nil, digest.of_bytes(bytes))
  end
  self.bytes = self.bytes + #bytes
end

local function execute(self, step, effect, proceed, scope)
  local running = setmetatable({ step = step, executed = self.executed }, Running)
  self.executed[step] = {}
  local _ <close> = running
  local result, err = proceed()
  keep(self, step, kept(told(effect, result), err), scope)
  return result, err
end

-- What was not kept must be the same again.
local function read_again(self, step, effect, proceed)
  local result, err = proceed()
  if digest.of(kept(told(effect, result), err)) == step.answered_as then return result, err end
  self.problem = ("the run cannot go on: step %s %d, %s, gave something else when it was read again; nothing was sent"):format(
    effect.branch, effect.seq, described(effect))
  return differs(self)
end

local Waiting = {}
Waiting.__index = Waiting

function Waiting:__close()
  self.list[self.callback] = nil
end

function Waiting:recheck(callback)
  if self.executed[self.step] ~= self.list then callback() end
end

local function wait_for(executed, step, callback)
  local list = executed[step]
  list[callback] = true
  return setmetatable({ executed = executed, step = step, list = list, callback = callback }, Waiting)
end

local function execute_first(self, key, effect, input, proceed, scope)
  if effects.LOCAL[effect.kind] then
    if self.readings >= effects.MOST_READINGS then return proceed() end
    self.readings = self.readings + 1
  end
  local step = self.record:intend(effect, input)
  self.steps[key] = step
  return execute(self, step, effect, proceed, scope)
end

function Replay:perform(effect, proceed, scope)
  if self.problem then return differs(self) end
  local key, input = effects.key(effect), digest.of(effect.input, effects.LOCAL[effect.kind])
  local step = self.steps[key]
  if not step then return execute_first(self, key, effect, input, proceed, scope) end
  if not compare(self, step, effect, input) then return differs(self) end
  while self.executed[step] and not step.answer do fiber.await(wait_for, self.executed, step) end
  if step.answer then return given(step.answer) end
  if step.answered_as then return read_again(self, step, effect, proceed) end
  if not is_free(effect, scope) then return unknown(effect) end
  return execute(self, step, effect, proceed, scope)
end

-- Answered elsewhere ------------------------------------------------------------------------------------

--- Records what was answered at once on the side that asks (effects.LOCAL): the host is told afterwards.
---@param effect Effect
---@param answer any
function Replay:note(effect, answer)
  local key = effects.key(effect)
  if self.steps[key] or self.readings >= effects.MOST_READINGS then return end -- it was known there
  self.readings = self.readings + 1
  local step = self.record:intend(effect, digest.of(effect.input, true))
  self.record:answer(step, { result = answer })
  self.steps[key] = step
end

--- What such effects of a call were answered: who runs it again elsewhere is told beforehand.
---@param call string
---@return table<string, any> answers  by branch and number: "2:1 3"
function Replay:known(call)
  local answers = {}
  for _, step in pairs(self.steps) do
    if step.call == call and effects.LOCAL[step.kind] and step.answer then
      answers[("%s %d"):format(step.branch, step.seq)] = step.answer.result
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
  local self = setmetatable({ record = record, steps = {}, executed = {}, problem = nil, readings = 0, bytes = 0 }, Replay)
  read(self)
  return self
end

return M
