---@meta core.loop

---@class core.loop
local loop = {}

--- Runs until `stop()` or until nothing is left to wait for.  Raises inside a callback, as `step` does: the loop runs already.
function loop.run() end

--- One turn; waits for an event if `block`.
---@param block boolean
---@return boolean alive  whether anything is left to wait for
function loop.step(block) end

--- Makes `run()` return after the current turn.
function loop.stop() end

--- For tests: how many handles of libuv keep the loop alive or are about to close, by kind: `{ timer = 1 }`.
---@return table<string, integer>
function loop.handles() end

return loop
