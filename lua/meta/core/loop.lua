---@meta core.loop

---@class core.loop
local loop = {}

--- Runs until `stop()` or until nothing is left to wait for.
function loop.run() end

--- One turn; waits for an event if `block`.
---@param block boolean
---@return boolean alive  whether anything is left to wait for
function loop.step(block) end

--- Makes `run()` return after the current turn.
function loop.stop() end

return loop
