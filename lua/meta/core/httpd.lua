---@meta core.httpd
--- The HTTP server.

---@class core.httpd
local httpd = {}

---@class core.httpd.Options
---@field host? string       a numeric address or "localhost"; default "127.0.0.1"
---@field port? integer      default 0: any free one
---@field max_body? integer  bytes; a longer request body is answered with 413; default 16 MiB

---@class core.httpd.Server: core.Handle  cancel() closes it and all its connections
---@field port integer
---@field host string

---@class core.httpd.Request
---@field method string
---@field path string                      as sent, still percent-encoded, without the query
---@field query string                     without "?"; "" if there is none
---@field headers table<string, string>    lower-case names; repeated ones joined with ", "
---@field body string
---@field peer string                      the client's address
local Request = {}

--- Answers.  Once a request; again raises.  Once the peer is gone or the server closed it does nothing.  The server
--- sets Date, Content-Length and Transfer-Encoding itself; a header with an empty value is left out.
---@param status integer
---@param headers? table<string, string>
---@param body? string
function Request:respond(status, headers, body) end

--- Begins a streamed answer: chunked, or up to the connection's end for an HTTP/1.0 client.  The head goes out at
--- once.  A stream that is forgotten unfinished breaks the connection, as `cancel` does.
---@param status integer
---@param headers? table<string, string>
---@return core.httpd.Stream
function Request:stream(status, headers) end

--- Ends the connection without an answer; with `body`, after headers that promise `promised` bytes and
--- only `body` of them.  For tests of clients.
---@param fault? { status: integer, headers: table<string, string>?, body: string, promised: integer }
function Request:drop(fault) end

--- Calls `fn` once if the peer goes away before the answer is complete, or has gone already; not when the server is
--- cancelled.  A peer that has closed only its sending side counts as gone.  One `fn` a request: a later one replaces it.
---@param fn fun()
function Request:on_closed(fn) end

---@class core.httpd.Stream: core.Handle  cancel() breaks the connection
local Stream = {}

--- Queues bytes; returns how many the system has not taken yet, in all: the sign of a slow reader.  What is
--- written to the answer of a HEAD request goes nowhere.
---@param bytes string
---@return integer|nil queued, string? message, string? code  nil and "closed" once the peer is gone or the stream ended
function Stream:write(bytes) end

--- Ends the stream properly, after what is queued.
function Stream:finish() end

--- Starts a server; `on_request(request)` runs for each request with its whole body.  When it raises (which is
--- logged), or when the request is forgotten without an answer, the answer is 500.
---@param options core.httpd.Options
---@param on_request fun(request: core.httpd.Request)
---@return core.httpd.Server|nil server, string? message, string? code
function httpd.listen(options, on_request) end

--- Requests handed to Lua and not yet answered, of all servers.  A stream counts until it is finished; a request
--- that was dropped, or whose peer is gone, does not.
---@return integer
function httpd.pending() end

return httpd
