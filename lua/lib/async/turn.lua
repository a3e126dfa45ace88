--- The turn of the loop that runs now: how much of it slices of budgets may take, and what waits for the next one.

local budgets = require "core.budget"
local timer = require "core.timer"

local M = {}

-- Processor time of slices since the loop last turned for them.  What many budgets use one after the other would be one long
-- turn: from here on the next one waits for the next turn, in which the loop looks at everything else first.
local SHARE = 0.05
local spent = 0 ---@type number

local function turned()
  spent = 0
end

--- Whether another slice may run in this turn.
---@return boolean
function M.has_room()
  return spent < SHARE
end

--- A slice has run.
---@param seconds number  of processor time
function M.spend(seconds)
  local was_less = spent < SHARE
  spent = spent + seconds
  if was_less and spent >= SHARE then timer.next_turn(turned) end
end

-- What is deferred ------------------------------------------------------------------------------------

local deferrals = 0
local deferred = {} ---@type table[]  by age
local now ---@type table[]?           those that are answered now
local answered = 0                    -- how many of them

local Deferral = {}
Deferral.__index = Deferral

function Deferral:__close()
  if not self.fn then return end
  self.fn = nil
  deferrals = deferrals - 1
end

local run_deferred ---@type fun()

-- What is left of a list comes in the next turn, before what was deferred meanwhile.
local function defer_rest(list, from)
  if #deferred == 0 then timer.next_turn(run_deferred) end
  local rest = table.move(list, from, #list, 1, {})
  deferred = table.move(deferred, 1, #deferred, #rest + 1, rest)
  now = nil
end

-- Where memory runs out here, it is called again, and goes on behind the one that it ran out for.
local function finish()
  while now and answered < #now do
    if spent >= SHARE then return defer_rest(now, answered + 1) end
    answered = answered + 1
    local deferral = now[answered]
    local fn = deferral.fn
    deferral:__close()
    if fn then
      budgets.new_turn()
      fn()
    end
  end
  now = nil
end

function run_deferred()
  spent = 0
  finish()
  if spent >= SHARE then return end
  local list = deferred
  deferred = {}
  now, answered = list, 0
  finish()
end

--- Calls `fn` in the next turn, behind what was deferred before; a `start` for fibers' waits.
---@param fn fun()
---@return table handle  closed before: it is not called
function M.defer(fn)
  local self = setmetatable({ fn = fn }, Deferral)
  if #deferred == 0 then timer.next_turn(run_deferred) end
  table.insert(deferred, self)
  deferrals = deferrals + 1
  return self
end

--- How many are still to be called.
---@return integer
function M.deferred()
  return deferrals
end

return M
