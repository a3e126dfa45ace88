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

local M = {}

---@alias EffectKind "tool"|"job"|"http"|"download"|"file"|"ask"|"sleep"|"now"|"random"|"uuid"

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
