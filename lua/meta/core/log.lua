---@meta core.log

---@alias LogLevel "error"|"warning"|"info"|"debug"

---@class core.log
local log = {}

--- Writes a line to standard error.
---@param level LogLevel
---@param text string
function log.write(level, text) end

---@param level LogLevel
function log.set_level(level) end

---@return LogLevel
function log.get_level() end

return log
