--- The door for effects in a worker: what reaches the world is asked of the host; time and chance are answered here, and told.
--- Stands in the place of lib.recipes.effects.door.

local calls = require "lib.calls.effects"
local chance = require "lib.recipes.effects.chance"
local clock = require "core.clock"
local crossing = require "lib.recipes.worker.crossing"
local fiber = require "lib.async.fiber"
local seeded = require "lib.recipes.worker.seeded"

local M = {}

---@class WorkerDoor
---@field private link WorkerLink
---@field private waiting table<string, WorkerQuestion>  by the effects' keys
local Door = {}
Door.__index = Door

---@class WorkerQuestion
---@field callback fun(value: any, err: Error?)
---@field ctx table
---@field call? CallState   it may change something outside, until its answer says that it did not
---@field answered? boolean  with this:
---@field value? any
---@field err? Error

---@class WorkerLink  the way to the host
---@field send fun(message: WorkerMessage)
---@field room ChannelRoom

---@param link WorkerLink
---@return WorkerDoor
function M.new(link)
  return setmetatable({ link = link, waiting = {} }, Door)
end

-- Answered here --------------------------------------------------------------------------------------

-- By the effect's name, as in lib.recipes.effects.time; the program's clock is the host's, which tells it with the call and each answer,
-- and goes on at its speed: 0 where it is driven by hand.
local readings = {
  program = function(ctx) return ctx.wall + (clock.monotonic() - ctx.told_at) * ctx.speed + ctx.ahead end,
  system = function(ctx) return math.floor(os.time() + ctx.ahead) end,
  cpu = function() return os.clock() end,
  cancelled = function(ctx) return ctx.cancelled == true end,
  deadline = function(ctx) return ctx.ends or false end,
}

-- What the host's clock says; it never goes back.
local function set_clock(ctx, wall)
  ctx.wall, ctx.told_at = math.max(wall, readings.program(ctx) - ctx.ahead), clock.monotonic()
end

--- Where an effect stands in its call.
---@param effect { branch: string, seq: integer }
---@return string
function M.place(effect)
  return ("%s %d"):format(effect.branch, effect.seq)
end

-- What a link of the host's chain would answer, a tape that is played.
local function given(ctx, effect)
  local list = ctx.given and ctx.given[calls.question(effect)]
  local first = list and list[list.at]
  if not first then return nil end
  first.times = first.times - 1
  if first.times == 0 then list.at = list.at + 1 end
  return first.answer
end

--- Answers by what they answer.
---@param answers AnswerAtOnce[]
---@return table<string, AnswerAtOnce[]>
function M.by_question(answers)
  local lists = {}
  for _, answer in ipairs(answers) do
    local list = lists[answer.key] or { at = 1 }
    lists[answer.key] = list
    list[#list + 1] = answer
  end
  return lists
end

local function answer_of(state, effect)
  local answer = given(state.ctx, effect)
  if answer ~= nil then return answer end
  if effect.kind == "now" then return readings[effect.name](state.ctx) end
  return chance.draw(effect, seeded.source(state.ctx.seed, M.place(effect)))
end

-- What follows from the seed need not be told; what a clock said must be, as long as it is recorded, or a call that is run again would
-- see another time.
local function is_told(ctx, effect)
  if effect.kind ~= "now" then return ctx.tells end
  ctx.readings = ctx.readings + 1
  return ctx.tells or ctx.readings <= calls.MOST_READINGS
end

local function answer_here(self, state, effect)
  local ctx = state.ctx
  local told, known = is_told(ctx, effect), ctx.known[M.place(effect)]
  if known ~= nil then return known end
  local answer = answer_of(state, effect)
  if told then
    self.link.send {
      kind = "noted", call = effect.call, branch = effect.branch, seq = effect.seq, effect = effect.kind, name = effect.name,
      input = effect.input, answer = answer,
    }
  end
  return answer
end

-- Asked of the host ----------------------------------------------------------------------------------

local function recheck(self, callback)
  local waiting = self.waiting
  if waiting.answered then callback(waiting.value, waiting.err) end
end

local Question = { recheck = recheck }
Question.__index = Question

-- The recipe waits no more.  Where memory runs out it is called again: the host is to hear of it.
function Question:__close()
  if self.door.waiting[self.key] ~= self.waiting then return end
  local effect = self.effect --[[@as Effect]]
  self.door.link.send { kind = "leave", call = effect.call, branch = effect.branch, seq = effect.seq }
  self.door.waiting[self.key] = nil
end

local Resting = { recheck = recheck }
Resting.__index = Resting

function Resting.__close() end

-- Sends it, and waits for its answer from then on: where that finds no memory nothing was sent.
local function send_question(self, question, message)
  local key, waiting = question.key, question.waiting
  self.waiting[key] = waiting
  local call = waiting.call
  if call then call:note_write() end
  local ok, err = pcall(self.link.send, message)
  if ok then return question end
  self.waiting[key] = nil
  if call then call:note_write(-1) end
  error(err, 0)
end

local function new_question(callback, ctx, call)
  return { callback = callback, ctx = ctx, call = call, answered = false, value = nil, err = nil }
end

local function ask(self, state, effect, callback)
  local question = { door = self, key = calls.key(effect), effect = effect, waiting = new_question(callback, state.ctx, state.call) }
  return send_question(self, setmetatable(question, Question), {
    kind = "effect", call = effect.call, branch = effect.branch, seq = effect.seq, effect = effect.kind, name = effect.name,
    input = effect.input, cleans = state.call and state.call:is_cleaning() or nil,
  })
end

--- As `perform` of lib.recipes.effects.door.
---@param state rc.State
---@param effect Effect
---@return any answer, Error? err
function Door:perform(state, effect)
  if calls.LOCAL[effect.kind] then return answer_here(self, state, effect) end
  self.link.room:await()
  return fiber.await(ask, self, state, effect)
end

-- Its answer is the host's `rested`.
local function ask_to_rest(self, ctx, callback)
  local key = "rest " .. ctx.call_id
  local asked = self.waiting[key]
  if asked then -- memory ran out in the wait for it
    asked.callback = callback
    return setmetatable({ waiting = asked }, Resting)
  end
  local question = { key = key, waiting = new_question(callback, ctx) }
  return send_question(self, setmetatable(question, Resting), { kind = "rest", call = ctx.call_id })
end

--- The clean-ups of a call begin: waits until the host has seen the end of what they may have to undo.
---@param ctx table
function Door:rest(ctx)
  if not ctx.rested then fiber.await(ask_to_rest, self, ctx) end
end

---@param message WorkerMessage
function Door:rested(message)
  local key = "rest " .. message.call
  local waiting = self.waiting[key]
  if not waiting then return end
  set_clock(waiting.ctx, message.wall)
  waiting.ctx.rested, waiting.answered, self.waiting[key] = true, true, nil
  waiting.callback()
end

--- The calls that wait for the host, by name.
---@return table<string, true>
function Door:waiting_calls()
  local found = {}
  for _, waiting in pairs(self.waiting) do
    local call = waiting.ctx.call_id
    if call then found[call] = true end
  end
  return found
end

--- Takes the host's answer; one that nobody waits for any more is dropped.
---@param message WorkerMessage
function Door:answer(message)
  local key = calls.key(message)
  local waiting = self.waiting[key]
  if not waiting then return end
  local err = message.err and crossing.error(message.err) or nil
  set_clock(waiting.ctx, message.wall)
  waiting.ctx.ahead = message.ahead or waiting.ctx.ahead
  if waiting.call and not message.written then waiting.call:note_write(-1) end
  waiting.call = nil
  waiting.answered, waiting.value, waiting.err, self.waiting[key] = true, message.value, err, nil
  waiting.callback(message.value, err)
end

return M
