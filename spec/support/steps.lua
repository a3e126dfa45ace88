--- How much a call of Lua code does, in instructions of Lua's machine.
--- For specs that a function's work grows with its input and no faster, whatever the machine and its load.

local M = {}

local TICK = 1000 -- instructions between two counts

--- Instructions that `fn(…)` runs, to the thousand; errors are raised.
---@param fn function
---@param ... any
---@return integer
function M.count(fn, ...)
  local count = 0
  debug.sethook(function() count = count + TICK end, "", TICK)
  local outcome = table.pack(pcall(fn, ...))
  debug.sethook()
  if not outcome[1] then error(outcome[2], 0) end
  return count
end

return M
