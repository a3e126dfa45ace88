---@meta core.clock

---@class core.clock
local clock = {}

--- Seconds since some fixed moment; never goes back.
---@return number
function clock.monotonic() end

--- Seconds since 1970-01-01T00:00:00Z.
---@return number
function clock.wall() end

return clock
