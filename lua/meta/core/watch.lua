---@meta core.watch

---@class core.watch
local watch = {}

--- Calls `fn(name)` when something in a folder changes: is made, written, moved, deleted, gets other permissions.
--- Not below its subfolders.  `name` is nil where the system does not tell, and
--- where memory ran out for a change before.  The folder's own end is a change, too,
--- and the last one.  `fn(nil, message)`: the watch broke, nothing more comes.  A watch keeps no loop alive.
---@param path string
---@param fn fun(name: string?, message: string?)
---@return core.Handle|nil watch, string? message, string? code
function watch.folder(path, fn) end

return watch
