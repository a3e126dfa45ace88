--- Does what must be done, although memory runs out on the way.

local fiber = require "lib.async.fiber"
local log = require "core.log"

local TRIES, PAUSE = 200, 0.005 -- seconds of real time between two: about one in all

local function report(what, err)
  log.write("error", ("%s: given up after %d tries: %s"):format(what, TRIES, tostring(err)))
end

--- Calls `step(…)` until it returns, and gives its first two results.  Where it raised it is called again a little later, and
--- goes on where it was: it keeps what is done already.  After a second it is given up: nil, and the log says so.  A
--- cancellation is raised.  In a plain fiber.
---@param what string  for the log
---@param step fun(...): any
---@param ... any
---@return any first, any second
return function(what, step, ...)
  local err
  for _ = 1, TRIES do
    local ok, first, second = pcall(step, ...)
    if ok then return first, second end
    if fiber.is_cancelled(first) then error(first, 0) end
    err = first
    pcall(fiber.sleep, PAUSE)
  end
  if not pcall(report, what, err) then log.write("error", "what had to be done was given up: not enough memory") end
end
