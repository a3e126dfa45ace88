---@meta core.signal

---@class core.signal
local signal = {}

--- Calls `fn` each time the signal arrives; the watch keeps no loop alive.
---@param name "INT"|"TERM"|"HUP"
---@param fn fun()
---@return core.Handle|nil watch, string? message, string? code
function signal.on(name, fn) end

--- Whether whoever started the program had it ignore the signal, as nohup does with HUP.
---@param name "INT"|"TERM"|"HUP"
---@return boolean
function signal.is_ignored(name) end

return signal
