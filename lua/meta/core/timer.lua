---@meta core.timer

---@class core.timer
local timer = {}

--- Calls `fn` once, after `ms` milliseconds.
---@param ms integer
---@param fn fun()
---@return core.Handle
function timer.after(ms, fn) end

--- Calls `fn` once, in the next turn of the loop: after all that is ready before it, I/O, too.
---@param fn fun()
---@return core.Handle
function timer.next_turn(fn) end

return timer
