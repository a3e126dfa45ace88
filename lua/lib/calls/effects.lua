--- The one door for effects: what a call does to the world, or asks of it.
---
--- An effect is described by plain data, and executed on the host's side by its kind:
---
---     { call = "c1", branch = "2:1", seq = 3, kind = "tool", name = "submit_request", input = { … } }
---
--- `call` names the call, `branch` the part of it that runs beside others, `seq` counts within the branch: the same code that gets
--- the same answers makes the same effects under the same keys.  On the way to the executor an effect passes a chain that the
--- composition root builds once (policy, journal, tape, dry run, simulated); contexts carry it as `ctx.effects`, and hand it on to
--- the recipes that a recipe calls.  Each link is an interceptor:
---
---     function link(effect, proceed, scope)   -- runs in a fiber of the host; not for the kinds that are LOCAL
---       note(effect)
---       return proceed()                      -- or an answer of its own: a result | nil, Error
---     end

local digest = require "lib.calls.digest"

local M = {}

---@alias EffectKind "tool"|"job"|"http"|"download"|"file"|"ask"|"sleep"|"now"|"random"|"uuid"|"module"

---@class Effect  plain data: it may cross to another process, or be written down
---@field call string     the call, a recipe's or a client's; of a recipe that a recipe called: the caller's, "/" and the effect's key
---@field branch string   the parts of the call that led there, "2:1/3:4": the branch's number in its parent, and its place in the group
---@field seq integer     from 1 on; 0: the client's own call of a tool
---@field kind EffectKind
---@field name string     what of this kind: the tool, "GET", "read"
---@field input any       plain

---@class EffectScope  what the host knows of who asks; it stays with the host
---@field ctx Context        of the call that asks
---@field tool? Tool         of the kind "tool"
---@field caller? rc.State   of the recipe that asks; nil: the client
---@field reads? boolean     it only reads, whatever its tool may do
---@field cleans? boolean    a clean-up makes it
---@field passing? boolean   nothing of it is kept: it may be made again at any time, as a poll

---@alias Interceptor fun(effect: Effect, proceed: (fun(): any, Error?), scope: EffectScope): any, Error?
---@alias Executor fun(effect: Effect, scope: EffectScope): any, Error?

--- Kinds that are answered at once, within the turn and on the side that asks: code that cannot wait may ask for them, as
--- `os.time` in a function that table.sort calls.  A link must not wait for these either.
M.LOCAL = { now = true, random = true, uuid = true }

--- So many of them are recorded for a call: a loop may ask for the time a million times.  What is not recorded is another value the
--- next time; where that makes another input of something that is sent, it is not sent.
M.MOST_READINGS = 10000

-- Links that want those of them that are answered in another process.
local heard = setmetatable({}, { __mode = "k" }) ---@type table<Interceptor, fun(): AnswerAtOnce[]>

---@class AnswerAtOnce  what a link would answer to the next effects of a kind that is LOCAL
---@field key string      see `question`
---@field answer any
---@field times integer   how often in a row

local function none() return {} end

--- What such an effect asks, wherever it stands: two that ask the same have the same.
---@param effect { kind: EffectKind, name: string, input: any }
---@return string
function M.question(effect)
  local input = {} -- of these kinds a flat table, or none; without the order in which it was written down
  for name, value in next, type(effect.input) == "table" and effect.input or {} do input[name] = value end
  return ("%s %s %s"):format(effect.kind, effect.name, digest.of(input, true))
end

--- Says that a link wants the effects that are answered at once also where a worker answers them: the link hears of each when it is
--- answered, and a worker gives what the link would answer.
---@param link Interceptor
---@param answers? fun(): AnswerAtOnce[]  default: it has none of its own
---@return Interceptor link
function M.hears(link, answers)
  heard[link] = answers or none
  return link
end

-- Links that let the recipe's clock run ahead of ours.
local shifts = setmetatable({}, { __mode = "k" }) ---@type table<Interceptor, fun(caller: rc.State): number?>

--- Says that a link lets the clock of a recipe run ahead: what answers for the time elsewhere adds as much.
---@param link Interceptor
---@param ahead fun(caller: rc.State): number?  seconds
---@return Interceptor link
function M.shifts(link, ahead)
  shifts[link] = ahead
  return link
end

---@class EffectChain
---@field package links Interceptor[]
local Chain = {}
Chain.__index = Chain

--- Makes a chain; the first link sees an effect first.
---@param links Interceptor[]
---@param inner? EffectChain  whose links come behind these
---@return EffectChain
function M.chain(links, inner)
  local all = table.move(links, 1, #links, 1, {})
  if inner then table.move(inner.links, 1, #inner.links, #all + 1, all) end
  return setmetatable({ links = all }, Chain)
end

--- Whether any link hears of what is answered at once elsewhere, and what they would answer.
---@return boolean hears, AnswerAtOnce[] answers
function Chain:at_once()
  local hears, all = false, {}
  for _, link in ipairs(self.links) do
    local answers = heard[link]
    if answers then
      hears = true
      local list = answers()
      table.move(list, 1, #list, #all + 1, all)
    end
  end
  return hears, all
end

--- How many seconds the clock of a recipe is ahead.
---@param caller rc.State
---@return number
function Chain:ahead(caller)
  local seconds = 0.0
  for _, link in ipairs(self.links) do seconds = seconds + (shifts[link] and shifts[link](caller) or 0) end
  return seconds
end

-- Passes the links from `at` on.
local function pass(links, at, effect, scope, execute)
  local link = links[at]
  if not link then return execute(effect, scope) end
  return link(effect, function() return pass(links, at + 1, effect, scope, execute) end, scope)
end

--- Has an effect executed, behind all links.
---@param effect Effect
---@param scope EffectScope
---@param execute Executor
---@return any result, Error? err
function Chain:perform(effect, scope, execute)
  return pass(self.links, 1, effect, scope, execute)
end

--- Tells the links that want to hear of it what was answered at once elsewhere.
---@param effect Effect
---@param scope EffectScope
---@param answer any
function Chain:notify(effect, scope, answer)
  local links = {}
  for _, link in ipairs(self.links) do links[#links + 1] = heard[link] and link end
  if #links > 0 then pass(links, 1, effect, scope, function() return answer end) end
end

--- The same with the chain of a context, where it has one.
---@param effect Effect
---@param scope EffectScope
---@param execute Executor
---@return any result, Error? err
function M.perform(effect, scope, execute)
  local chain = scope.ctx.effects
  if not chain then return execute(effect, scope) end
  return chain:perform(effect, scope, execute)
end

-- Keys -----------------------------------------------------------------------------------------------

local count = 0

--- The name of a context's call, given with the first question for it.
---@param ctx Context
---@return string
function M.call_of(ctx)
  if not ctx.call_id then
    count = count + 1
    ctx.call_id = "c" .. count
  end
  return ctx.call_id
end

--- The name of the call that an effect begins.
---@param effect Effect
---@return string
function M.inner_call(effect)
  return ("%s/%s"):format(effect.call, M.below(effect))
end

--- The branch of what is done for an effect.
---@param effect Effect
---@return string
function M.below(effect)
  return effect.branch == "" and tostring(effect.seq) or effect.branch .. "/" .. effect.seq
end

--- An effect's key: no two of the program have the same.
---@param effect Effect
---@return string
function M.key(effect)
  return ("%s %s %d"):format(effect.call, effect.branch, effect.seq)
end

return M
