--- Functions of the core that do long work in steps, run to their end: in a fiber of the host the loop turns in between, and a
--- cancellation waits until the work is done.

local budgets = require "core.budget"
local fiber = require "lib.async.fiber"
local meter = require "lib.async.meter"

local M = {}

local LONG = 1024 * 1024 -- bytes of which one copy, or one look, takes the better part of a millisecond

--- Whether the loop can turn while something is done: else it is done at once.
---@return boolean
function M.possible()
  return fiber.current() ~= nil and not budgets.current() and coroutine.isyieldable()
end

--- Behind work in one piece on so many bytes: lets the loop turn where they are many.
---@param bytes integer
function M.turn_behind(bytes)
  if bytes >= LONG and M.possible() then fiber.shield(fiber.next_turn) end
end

--- Runs `fn(…)`, which yields nothing after as much work as `steps` are; raises what it raises.
---@param steps integer  of the meter's, that it takes between two pauses
---@param fn function
---@param ... any
---@return any ...  what it returns
function M.run(steps, fn, ...)
  local work = meter.new { shielded = true }
  local co = budgets.create_plain(fn)
  local outcome = table.pack(budgets.resume_plain(co, ...))
  while coroutine.status(co) == "suspended" do
    work:step(steps)
    outcome = table.pack(budgets.resume_plain(co))
  end
  if not outcome[1] then error(outcome[2], 0) end
  return table.unpack(outcome, 2, outcome.n)
end

return M
