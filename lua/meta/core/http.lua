---@meta core.http
--- The HTTP client.

---@class core.http
local http = {}

---@class core.http.Request
---@field method string
---@field url string
---@field headers? string[]       whole lines, "Accept: application/json"; at most 64
---@field bearer? string          token; sent to this URL's host alone, never across a redirect to another
---@field body? string            at most one of body and body_file
---@field body_file? string       path of a file to send; never passes through Lua
---@field save_as? string         path to write the answer's body to (200 to 299 only); removed unless complete
---@field save_named? boolean     as where the file system has no files without a name: one beside it, which a killed process leaves
---@field connect_ms? integer     default 10,000
---@field total_ms? integer       default 120,000; 0: none
---@field idle_ms? integer        ends a transfer that moved no byte for so long; default 0: never
---@field max_bytes? integer      limit of the answer's body after decompression, default 64 MiB
---@field keep_head? boolean      a larger body (not with save_as) is no error: it is shortened as JSON (`left_out`), and of one that is still
---                                larger, or is 16 times as large, the first bytes count (`cut`)
---@field no_redirects? boolean   a redirect is the answer, also of a GET
---@field identity? boolean       ask for no compression, and take the body as it comes; methods other than GET and HEAD ask for none by themselves
---@field public_only? boolean    refuse this machine's addresses and those of private networks (code "address")

---@class core.http.Response
---@field status integer
---@field headers string          the header block of the last response, as received
---@field body string             "" with save_as
---@field url string              where it came from, after redirects
---@field cut boolean             with keep_head: the body is the beginning of a larger one
---@field left_out integer        with keep_head: bytes of texts over 16 KiB that the body has not; each says in its place how many

--- Starts a transfer.  GET and HEAD follow up to 5 redirects, other methods none.  A method other
--- than GET and HEAD uses a connection of its own, so that it is never sent twice.
--- `callback(response)` or `callback(nil, message, code, sent, partial)` runs once; code is "connect" (no
--- connection: resolve, connect, TLS handshake, within connect_ms), "tls" (certificate or bundle no
--- good), "timeout", "truncated" (ended early, or before it began), "too_large", "file", "protocol", "encoding" (not compressed as it says),
--- "network" (the connection broke), "memory", "library" (no usable libcurl), "address" (public_only); sent: whether any byte
--- of the request may have left; partial: what had come of an answer in memory whose head was whole.  At most 256 transfers run at once, the others wait in order.
---@param request core.http.Request
---@param callback fun(response: core.http.Response?, message: string?, code: string?, sent: boolean?, partial: core.http.Response?)
---@return core.http.Transfer|nil transfer, string? message, string? code
function http.start(request, callback) end

---@class core.http.Transfer: core.Handle
local Transfer = {}

--- Whether bytes of the request may have left: its connection stands (a proxy's tunnel and TLS included) and it is being written.
---@return boolean
function Transfer:is_sent() end

--- Cancels it unless bytes of it may have left.  True: nothing was sent, and nothing will be; the callback will not run.
--- False: it goes on, or is over.
---@return boolean
function Transfer:withdraw() end

--- Where the head of its answer has come: waits for the rest no longer.  The callback then gets, from the loop, "timeout" with what
--- there is as `partial`, or the whole answer.  One whose answer has not begun goes on.
function Transfer:hurry() end

--- Transfers not yet ended, queued ones included.
---@return integer
function http.active() end

---@class core.http.Stats
---@field transfers integer    begun since the start
---@field connections integer  opened since the start
---@field queued integer       waiting behind the limit

---@return core.http.Stats
function http.stats() end

--- What is used: library version, TLS library, certificate bundle; opens the library.
---@return { version: string, tls: string, ca_file: string?, ca_path: string?, http2: boolean }|nil info, string? message
function http.info() end

return http
