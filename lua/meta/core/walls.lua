---@meta core.walls
--- What a worker does to itself before it runs what others wrote.

---@class core.walls
local walls = {}

---@class core.walls.Wall
---@field name "environment"|"descriptors"|"memory"|"core dumps"|"files"|"processes"|"parent"|"tracing"|"privileges"|"system calls"
---@field stands boolean
---@field refused boolean  the system refused what it has elsewhere
---@field text string  what it holds, or why it does not stand

--- Raises all walls that can be, in this process and for good.  All descriptors that will be needed are open by then.
---@param memory integer  bytes of address space; 0: no ceiling
---@return core.walls.Wall[]
function walls.raise(memory) end

return walls
