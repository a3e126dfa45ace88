---@meta
--- What the C core offers to Lua: one class a module, `local json = require "core.json"`.
--- Misuse raises; what the world refuses returns nil, message, code.  Callbacks run from the loop,
--- never from inside the function that was given them, never after `cancel`.
--- Where memory runs out in a callback that tells something once (a timer, an answer, a signal, a change, an end), it is called again:
--- it does no harm twice.

---------------------------------------------------------------------------------------------------
-- core.host: the process itself

---@class core.host
---@field version string
---@field data_folder string  from the program's folder to the folder of its data, once installed: "../share"
local host = {}

--- Bytes that Lua holds now, and the most it ever held.
---@return integer used, integer peak
function host.memory() end

--- Sets the most bytes that Lua may hold; 0: no limit.
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

---@class core.Handle  a to-be-closed value
local Handle = {}

--- Ends what the handle stands for; its callback will not run any more.  Again: does nothing.
function Handle:cancel() end

---------------------------------------------------------------------------------------------------
-- core.loop, core.timer, core.clock, core.log

---@class core.loop
local loop = {}

--- Runs until `stop()` or until nothing is left to wait for.
function loop.run() end

--- One turn; waits for an event if `block`.
---@param block boolean
---@return boolean alive  whether anything is left to wait for
function loop.step(block) end

--- Makes `run()` return after the current turn.
function loop.stop() end

---@class core.timer
local timer = {}

--- Calls `fn` once, after `ms` milliseconds.
---@param ms integer
---@param fn fun()
---@return core.Handle
function timer.after(ms, fn) end

--- Calls `fn` once, in the next turn of the loop: after all that is ready before it, I/O, too.
---@param fn fun()
---@return core.Handle
function timer.next_turn(fn) end

---@class core.clock
local clock = {}

--- Seconds since some fixed moment; never goes back.
---@return number
function clock.monotonic() end

--- Seconds since 1970-01-01T00:00:00Z.
---@return number
function clock.wall() end

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

---------------------------------------------------------------------------------------------------
-- core.budget: coroutines that may use only so much processor time and memory

---@class core.budget
local budget = {}

---@class core.budget.Budget
local Budget = {}

--- `cpu_ms`: processor time between two waits, default 2,000; `memory_bytes`: what it may hold, default 64 MiB;
--- `within`: another budget, in which this memory counts, too.
---@param limits { cpu_ms: integer?, memory_bytes: integer?, within: core.budget.Budget? }
---@return core.budget.Budget
function budget.new(limits) end

--- A coroutine that runs only in slices of this budget.
---@param fn function
---@return thread
function Budget:create(fn) end

--- Runs a slice.  "waiting" and what was yielded; "done" and what was returned; "failed", the error and a
--- traceback; "stopped", "cpu" or "memory", and a traceback: the limit was reached.  A coroutine that was
--- stopped stands where it was, nothing resumes it; once a budget has stopped one, nothing of it runs any more.
---@param thread thread
---@param ... any
---@return "waiting"|"done"|"failed"|"stopped" outcome, any ...
function Budget:resume(thread, ...) end

--- Closes the to-be-closed variables of a coroutine of another budget that was stopped, as a slice of this one.
---@param thread thread
---@return boolean ok, any err
function Budget:close(thread) end

--- The limit that was reached, and whether the memory that ran out was that of the budget around it.
---@return nil|"cpu"|"memory" limit, boolean crowded
function Budget:expired() end

---@return number seconds  processor time of all slices
---@return integer bytes   memory that it holds now
---@return integer peak    the most that it held
function Budget:used() end

--- Identifies the budget whose slice runs now; nil in the host's own code.
---@return lightuserdata?
function budget.current() end

--- What `current()` gives in slices of this budget.
---@return lightuserdata
function Budget:id() end

--- A text whose memory is the budget's, whoever made it; raises "not enough memory" where it has no room for it.
---@param text string
---@return string text
function Budget:own(text) end

--- A coroutine of the host's own: without the hook, also when it is made inside a slice.
---@param fn function
---@return thread
function budget.create_plain(fn) end

--- As coroutine.resume, for the host's own: inside a slice neither its time nor its memory count.
---@param thread thread
---@param ... any
---@return boolean ok, any ...
function budget.resume_plain(thread, ...) end

--- As coroutine.resume, for coroutines that a slice's code made itself: the limits reach through it.
---@param thread thread
---@param ... any
---@return boolean ok, any ...
function budget.resume_nested(thread, ...) end

--- As coroutine.close, for the same.
---@param thread thread
---@return boolean ok, any err
function budget.close_nested(thread) end

--- Tells that what comes now follows a wait.  Callbacks from the loop need not; the virtual clock does.
function budget.new_turn() end

---------------------------------------------------------------------------------------------------
-- core.process: child processes

---@class core.process
local process = {}

---@class core.process.Options
---@field file string                        looked up in PATH
---@field args string[]                      without the program's name
---@field env? string[]                      "NAME=value" lines: the whole environment; default: ours
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

---@param options core.process.Options
---@return core.process.Process|nil process, string? message, string? code
function process.spawn(options) end

---------------------------------------------------------------------------------------------------
-- core.walls: what a worker does to itself before it runs what others wrote

---@class core.walls
local walls = {}

---@class core.walls.Wall
---@field name "environment"|"descriptors"|"memory"|"core dumps"|"files"|"processes"|"parent"|"tracing"|"privileges"|"system calls"
---@field stands boolean
---@field text string  what it holds, or why it does not stand

--- Raises all walls that can be, in this process and for good.  All descriptors that will be needed are open by then.
---@param memory integer  bytes of address space; 0: no ceiling
---@return core.walls.Wall[]
function walls.raise(memory) end

---------------------------------------------------------------------------------------------------
-- core.stdio: the protocol's two streams

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

---------------------------------------------------------------------------------------------------
-- core.json: JSON without losses

---@class core.json
---@field null lightuserdata   JSON null; equal to itself only
---@field array table          metatable of arrays: setmetatable({}, json.array) encodes as []
local json = {}

--- Text to value.  Objects are tables that remember the order of their members for `encode` (in a hidden
--- metatable; of a repeated key the first place and the last value); arrays carry the metatable `json.array`;
--- integers within 64 bits signed are integers, other numbers without fraction and exponent are boxed
--- (`json.integer`) and keep their digits, all else are floats (-0.0 keeps its sign, -0 is the integer 0); null is
--- `json.null`.  Strict RFC 8259 and UTF-8; a number that a float cannot hold (1e999) is boxed too.
---@param text string
---@param lenient? boolean  takes "\\ud83e", half a surrogate pair, as U+FFFD: what a client makes of a cut text
---@return any value, string? message  nil and "line 3, column 14: …" when it is no JSON
function json.decode(text, lenient) end

--- What a JSON-RPC message is that may be no JSON, nested too deep or cut off, by the members of its outermost
--- object; in linear time and without memory.
---@param text string
---@return "request"|"notification"|"response"|"unknown" kind
---@return string? id  of a request, as it was written
function json.envelope(text) end

--- Value to text.  Members of decoded objects keep their places (also one that was removed and comes back),
--- new ones follow, sorted; `json.ordered` gives an order by hand; all else is sorted bytewise.  Integer keys
--- beside string keys become decimal strings; an empty table without metatable is {}; tables are read raw.  Floats
--- keep a fraction or an exponent (1.0).  Raises on what JSON cannot say (functions, NaN, invalid UTF-8, cycles,
--- sparse arrays, depth over 1,000), naming the place: "at .overrides.6: …".  In a slice of a budget, what is
--- written counts as the budget's memory, and it can be stopped.
---@param value any
---@param most? integer  bytes that the text may have; raises where it would be longer
---@return string text
function json.encode(value, most) end

--- As `encode`, in a coroutine of the host's, which yields nothing after every so many values and keys; what it has not come
--- to yet may change meanwhile.  See lib.async.long_json, which lets the loop turn then.
---@async
---@param value any
---@param steps integer
---@param most? integer  as encode's
---@return string text
function json.encode_in_steps(value, steps, most) end

--- A value with U+FFFD in place of what is no UTF-8 in its texts and keys: itself where there is none, which costs a fraction
--- of `encode`; else with copies of the tables that lead to it, and only of those.  Orders and arrays stay.  A value
--- of more than 1,000 levels, which `encode` refuses, stays as it is.  In a slice of a budget it can be stopped.
---@generic T
---@param value T
---@return T
function json.clean(value) end

--- Makes a metatable one whose tables `encode` takes as arrays, as it does those with `json.array`.
---@param meta table
---@param if_empty? boolean  only those that are empty
function json.mark_arrays(meta, if_empty) end

--- An exact integer of any size, from its digits: tostring, == (with its like) and < work, encode writes the
--- digits.
--- Within the range of Lua's integers it returns a plain integer.
---@param digits string
---@return integer|core.json.Integer
function json.integer(digits) end

--- Marks a table as an array (also an empty one) and returns it.
---@generic T: table
---@param list? T
---@return T
function json.as_array(list) end

--- Sets the order in which the keys of a table are written; keys not named follow, sorted.  Tables may share
--- a list (cheapest); it must not change afterwards.
---@generic T: table
---@param keys string[]
---@param object T
---@return T
function json.ordered(keys, object) end

--- A copy of the list of keys that gives a table its order (`decode` or `ordered`), nil if it has none.
---@param object table
---@return string[]?
function json.order(object) end

--- Whether a table has an order.
---@param object any
---@return boolean
function json.has_order(object) end

--- Gives `copy` the order of `model`, or makes it an array as that is; returns it.
---@generic T: table
---@param model table
---@param copy T
---@return T
function json.like(model, copy) end

--- Lets members that an object has not be read from `index(object, key)`; its order stays, copies made with `like` have
--- it, but not the guard.  The object must have no metatable but that of an order.
---@generic T: table
---@param object T
---@param index fun(object: table, key: any): any
---@return T
function json.guard(object, index) end

--- Checks JSON text and keeps it as bytes, white space removed, for `encode` to write unchanged.
---@param text string
---@return core.json.Raw? raw, string? message
function json.raw(text) end

--- Makes JSON of text that is nearly JSON: NaN, Infinity and -Infinity become null, halves of surrogate pairs and
--- bytes that are no UTF-8 U+FFFD, control characters in strings escapes; a byte order mark goes.  nil where there
--- was none of this.
---@param text string
---@return string? text     may still be no JSON, for other reasons
---@return integer? count   how many repairs
---@return string? first    what the first was: "NaN"
---@return string? place    where: "line 1, column 512"
function json.repair(text) end

--- Makes JSON of text that is JSON up to some place, or that is nested too deep: what stands before the place is kept,
--- without an entry that is not whole, and closed; what lies deeper than `depth` becomes null.  In linear time.  nil where not
--- one value of an object or array is whole.
---@param text string
---@param depth integer   1 to 1000
---@return string? text
---@return string? problem  what is wrong at the place, and where: "line 1, column 512: …"; nil: nothing
---@return integer? deep    how many values became null
function json.salvage(text, depth) end

---@class core.json.Integer
---@class core.json.Raw
local Raw = {}

--- The text: compact JSON.  tostring gives it too.
---@return string
function Raw:text() end

---@return "object"|"array"|"string"|"number"|"boolean"|"null"
function Raw:kind() end

--- Bytes of the text.
---@return integer
function Raw:size() end

--- How deep arrays and objects are nested in the text that it is a part of; 0: none.
---@return integer
function Raw:depth() end

--- The part that a path of keys and 1-based indexes leads to, without decoding; nil where there is none.
--- Of duplicate keys the last counts, as in `decode`.
---@param ... string|integer
---@return core.json.Raw?
function Raw:get(...) end

--- The members of an object that have these names, in one pass; {} for others than objects.  Of duplicate keys the last counts.
---@param wanted table<string, any>  names to anything but nil
---@return table<string, core.json.Raw>
function Raw:members(wanted) end

--- Decodes the part that a path leads to (all of it without one); nil where there is none.
---@param ... string|integer
---@return any
function Raw:value(...) end

--- The keys of the object that a path leads to, sorted bytewise, each once; nil where there is none.
---@param ... string|integer
---@return string[]?
function Raw:keys(...) end

--- Iterates an object (key, Raw; duplicates too) or an array (index, Raw) in document order.  Raises for others.
---@return fun(): string|integer|nil, core.json.Raw?
function Raw:pairs() end

---------------------------------------------------------------------------------------------------
-- core.codec: bytes and text

---@class core.codec
local codec = {}

---@param bytes string
---@return string
function codec.base64_encode(bytes) end

--- Standard alphabet with padding; nothing else in the text, not even white space.
---@param text string
---@return string? bytes, string? message
function codec.base64_decode(text) end

--- Whether a string is valid UTF-8 (no surrogates, no overlong forms).
---@param text string
---@return boolean
function codec.is_utf8(text) end

--- The first `count` characters of a UTF-8 text, and whether that is less than all.  A byte that is not
--- UTF-8 counts as a character.
---@param text string
---@param count integer
---@return string head, boolean cut
function codec.utf8_head(text, count) end

--- A text that JSON can carry: U+FFFD stands for each piece that is no UTF-8, such as a character that was cut.
---@param text string
---@return string
function codec.utf8_clean(text) end

--- The text up to a number of bytes, cut between characters, and whether that is less than all.
---@param text string
---@param bytes integer
---@return string head, boolean cut
function codec.utf8_cut(text, bytes) end

--- The UTF-8 of UTF-16 without a byte order mark; where a surrogate stands alone or a byte is left over: nil, the text
--- before that place, and the place's offset in bytes.
---@param bytes string
---@param big_endian boolean
---@return string? text, string? before, integer? offset
function codec.utf16_decode(bytes, big_endian) end

--- Percent-encodes all but RFC 3986's unreserved characters.
---@param text string
---@return string
function codec.percent_encode(text) end

--- Decodes percent escapes; nil where one is malformed.
---@param text string
---@return string?
function codec.percent_decode(text) end

---------------------------------------------------------------------------------------------------
-- core.redact: secrets cut out of text

---@class core.redact
local redact = {}

---@class core.redact.Rules
local Rules = {}

---@class core.redact.Options
---@field texts? string[]    cut wherever they stand: as they are, with escapes (JSON, C, Python, percent, HTML), in JSON within JSON
---@field numbers? string[]  numbers of JSON that are cut, as they are written
---@field wholes? string[]   name, text, name, text, …: cut where that is the whole string of a member of this name
---@field names? table<string, "cut"|"inputs"|"outputs"|"output"|"kept"|"word">  what members of these names are: cut as a whole, also in
---  text that looks like it; the inputs of a node, where no member is cut so; outputs: in them URLs and strings under names of
---  outputs stay; a name of outputs; kept: a string under it stays; word: it is no whole secret

--- Rules by which secrets are cut; "[redacted]" stands in their place.
---@param options core.redact.Options
---@return core.redact.Rules
function redact.new(options) end

--- A text without the secrets; in linear time.
---@param text string
---@return string
function Rules:text(text) end

--- The same for JSON, or text that is nearly JSON: strings, numbers and what is cut as a whole change, so that it stays what it
--- is.  nil where it is none.
---@param text string
---@param outputs? boolean  all of it counts as outputs
---@return string?
function Rules:json(text, outputs) end

--- From now on each line of the log is cut by these rules, at most 64; they stay alive.
---@param list core.redact.Rules[]
function redact.log(list) end

---------------------------------------------------------------------------------------------------
-- core.fs: files, by path

---@class core.fs
local fs = {}

---@class core.fs.Stat
---@field type "file"|"directory"|"other"
---@field size integer
---@field mode integer   permission bits
---@field owner integer  user id
---@field group integer  group id
---@field mtime number   seconds since 1970

---@param path string
---@return core.fs.Stat|nil stat, string? message, string? code
function fs.stat(path) end

--- Bytes that this user may still write where the path lies.
---@param path string  of something that is there
---@return integer|nil bytes, string? message, string? code
function fs.space(path) end

--- Whether this user may write to it.
---@param path string  of something that is there
---@return boolean|nil may, string? message, string? code
function fs.may_write(path) end

--- Creates a directory and its parents; fine if it exists.
---@param path string
---@param mode? integer  default 448 (0700)
---@return true|nil ok, string? message, string? code
function fs.mkdir(path, mode) end

--- The absolute path of something that is there, without links, "." and "..".
---@param path string
---@return string|nil path, string? message, string? code
function fs.realpath(path) end

--- Where a link leads, as it is written; code "EINVAL": it is no link.
---@param path string
---@return string|nil target, string? message, string? code
function fs.readlink(path) end

--- Whether a group is a user's own: the user's primary group, of the user's name, that lets nobody else in.
---@param owner integer
---@param group integer
---@return boolean
function fs.is_private_group(owner, group) end

--- Sorted names in a directory, without "." and "..".
---@param path string
---@return string[]|nil names, string? message, string? code
function fs.list(path) end

---------------------------------------------------------------------------------------------------
-- core.http: the HTTP client

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

---------------------------------------------------------------------------------------------------
-- core.httpd: the HTTP server

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

---------------------------------------------------------------------------------------------------
-- core.png: images of the simulator

---@class core.png
local png = {}

--- Encodes 8-bit RGB pixels.  `text` becomes tEXt chunks before the image's data, in the order given: pairs of a
--- keyword (1 to 79 bytes) and a value of any length, neither with zero bytes.
---@param width integer                1 to 16,384
---@param height integer               1 to 16,384
---@param pixels string                rows from the top, width * height * 3 bytes
---@param text? { [1]: string, [2]: string }[]
---@return string|nil png, string? message, string? code
function png.encode(width, height, pixels, text) end
