---@meta core.host
--- The process itself.

---@class core.host
---@field version string
---@field data_folder string  from the program's folder to the folder of its data, once installed: "../share"
local host = {}

--- Bytes that Lua holds now, the most it ever held, and what the ceiling counts: that, answers that come in, lines, and what
--- waits to be written.
---@return integer used, integer peak, integer held
function host.memory() end

--- Sets the most bytes that may be held; 0: no limit.  A block of 64 KiB and more ends before: of what comes in at 7/8, Lua's own
--- at 15/16.  The log tells when 75 % and 90 % are held, and when no longer.
---@param bytes integer
function host.set_memory_ceiling(bytes) end

--- For tests: lets `after` allocations succeed, then fails `count` of them.
---@param after integer
---@param count integer
---@return integer left  how many of those asked for before have not failed
function host.fail_allocations(after, count) end

--- Sets the one function that is called from the loop soon after an allocation of the host was refused, also where Lua found
--- the memory at its second try: it looks for what got lost.  Where memory runs out in it, too, it is called again.
---@param fn fun()
function host.after_refusals(fn) end

--- Sorted names of the embedded modules that begin with `prefix`.
---@param prefix? string
---@return string[]
function host.modules(prefix) end

--- Versions of Lua and libuv.
---@return { lua: string, libuv: string }
function host.versions() end

--- Absolute path of the running program.
---@return string|nil path, string? message, string? code
function host.program() end

--- The home folder that the system has for this user, whatever HOME says.
---@return string|nil path, string? message, string? code
function host.home() end

--- `count` random bytes of the system's generator, at most 1,024.
---@param count integer
---@return string
function host.random(count) end

return host
