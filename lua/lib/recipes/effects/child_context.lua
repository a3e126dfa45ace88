--- The child context: what a recipe hands to the tools it calls.  Whoever calls listens: what a tool reports is the recipe's progress.

local effects = require "lib.calls.effects"

local M = {}

local ChildContext = {}

local shared = { "account", "runcomfy", "client", "simulated", "dry_run", "effects", "ask" }

function ChildContext:__index(key)
  if ChildContext[key] ~= nil then return ChildContext[key] end
  if key == "cancelled" or key == "draining" then return self.state.ctx[key] end
  if key == "deadline" then
    local deadline = self.state:deadline()
    return deadline < math.huge and deadline or nil
  end
end

--- What a tool reports is shown as the recipe's own.
function ChildContext:progress(_, _, message)
  if message then self.state:report(message) end
end

function ChildContext:log(level, text)
  self.state.ctx:log(level, text)
end

--- What a tool has begun is told by the call that began it all.
---@param receipt Receipt
function ChildContext:receipt(receipt)
  local ctx = self.state.ctx ---@type any
  if ctx.receipt then ctx:receipt(receipt) end
end

--- A wait of the tool is one of the recipe, which ends when the client leaves.
function ChildContext:on_draining(fn)
  if self.waiting then self.waiting:__close() end
  self.waiting = fn and self.state:wait() or nil
end

---@param state rc.State
---@param tool Tool
---@param effect Effect     the call
---@param poll? ReadOptions  it is one poll of a wait
---@return table ctx
function M.new(state, tool, effect, poll)
  local self = { state = state, tool = tool.name, chain = state.chain, call = state.call, requests = state.call and state.call.requests }
  self.poll, self.call_id = poll, effects.inner_call(effect)
  for _, key in ipairs(shared) do self[key] = state.ctx[key] end
  self.outermost = state.ctx.outermost or state.ctx
  return setmetatable(self, ChildContext)
end

return M
