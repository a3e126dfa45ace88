--- Waits for what needs a fiber, wherever it is asked for.

local fiber = require "lib.async.fiber"
local loop = require "core.loop"

--- Calls `fn(…)`: in the fiber that asks; outside of one in a fiber of its own, while the loop turns.  Not from a callback of the
--- loop.  Returns what it returned, raises what it raised.
---@param fn fun(...): any
---@param ... any
---@return any ...
return function(fn, ...)
  if fiber.current() then return fn(...) end
  local outcome, over = { n = 0 }, false
  local task = fiber.spawn(function(...)
    outcome = table.pack(pcall(fn, ...)) -- who asks says what it raises
    over = true
  end, ...)
  while not over do
    if not loop.step(true) and not over then
      task:cancel "nothing can end its wait"
      error("the loop has nothing left to wait for", 0)
    end
  end
  if not outcome[1] then error(outcome[2], 0) end
  return table.unpack(outcome, 2, outcome.n)
end
