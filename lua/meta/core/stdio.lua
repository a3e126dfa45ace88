---@meta core.stdio
--- The protocol's two streams.

---@class core.stdio
local stdio = {}

---@class core.stdio.Reader: core.Handle
local Reader = {}

--- Stops delivering at once, until `resume`; what was read already, at most 64 KiB, is kept.  It goes on by itself, and is not
--- paused again, when whoever writes a pipe or socket has closed it.
function Reader:pause() end

--- Goes on, in the next turn of the loop.
function Reader:resume() end

--- Points descriptor 1 at standard error and keeps the real standard output for `write`.  Once, at start.
---@return true|nil ok, string? message, string? code
function stdio.take() end

--- Whether standard input can be read.  The code says why not: EISDIR, it is a folder; EACCES, it is open for writing only;
--- ENOTSUP, it is no file, pipe, stream socket or terminal.
---@return true|nil ok, string? message, string? code
function stdio.check() end

--- Reads lines from standard input.  `on_line(line)` gets each without its end (LF or CRLF);
--- `on_line(nil, "too_long", kind, id)` stands for a line over the limit, `on_line(nil, "no_memory", kind, id)` for one
--- there was no memory for; both are skipped, and what json.envelope tells of them comes along at their end.
--- `on_line(nil, "eof")` comes last, or, where a file cannot be read on, `on_line(nil, "failed", message)`.
---@param max_bytes integer
---@param on_line fun(line: string?, why: string?, kind: string?, id: string?)
---@return core.stdio.Reader|nil reader, string? message, string? code
function stdio.read_lines(max_bytes, on_line) end

--- Queues bytes for the real standard output; what one loop turn queues goes out in one write, in order.
--- Raises when memory is out, with nothing queued.
---@param bytes string
---@param tail? string  bytes that follow them
---@return integer queued  bytes not yet taken by the system: the sign of a slow reader
function stdio.write(bytes, tail) end

--- Writes what `print` and `io.stdout` hold.  Says whether all that they were ever given went out; a reader
--- that closed its end wanted no more, which is no failure.
---@return true|nil ok, string? message, string? code
function stdio.flush() end

--- Calls `fn` once, when everything queued has been taken, or the stream broke.
---@param fn fun()
---@return core.Handle
function stdio.on_drain(fn) end

--- Calls `fn` once, when the reader of standard output is gone (EPIPE).
---@param fn fun()
---@return core.Handle
function stdio.on_broken(fn) end

--- What broke the standard output: code "EPIPE" or "ECONNRESET" where its reader is gone, else a write failed ("ENOSPC").
---@return string? message, string? code  nil: it is whole
function stdio.failure() end

--- Whether a descriptor (0, 1, 2) is a terminal.  1 is the real standard output, also after `take`.
---@param fd integer
---@return boolean
function stdio.is_terminal(fd) end

return stdio
