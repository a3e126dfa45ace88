---@meta core.process
--- Child processes.

---@class core.process
local process = {}

---@class core.process.Options
---@field file string                        looked up in PATH
---@field args string[]                      without the program's name
---@field env? string[]                      "NAME=value" lines: the whole environment; default: ours
---@field inherited? core.Descriptor          its number 3; ours stays open
---@field on_stdout? fun(bytes: string?)     nil means the end of the stream
---@field on_stderr? fun(bytes: string?)
---@field on_exit? fun(status: integer, signal: integer)

---@class core.process.Process: core.Handle  cancel() kills it if it runs, closes the pipes, ends all callbacks
local Process = {}

--- Queues bytes for its standard input.
---@param bytes string
---@return true|nil ok, string? message, string? code
function Process:write(bytes) end

--- Closes its standard input once what was queued is written.
function Process:close_stdin() end

--- Closes our end of its standard output: its writes fail with EPIPE.
function Process:close_stdout() end

---@param name? "TERM"|"INT"|"HUP"|"KILL"|"STOP"|"CONT"  default "TERM"
---@return true|nil ok, string? message, string? code
function Process:kill(name) end

---@return integer
function Process:pid() end

--- Seconds of processor time that it has used; nil where it has ended, or the system does not tell.
---@return number?
function Process:cpu() end

---@param options core.process.Options
---@return core.process.Process|nil process, string? message, string? code
function process.spawn(options) end

return process
