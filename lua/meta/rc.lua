---@meta
--- `rc`: all that a recipe can reach.  A recipe is a Lua file that returns one declaration, or a list:
---
---     local rc = require "rc"
---     return rc.tool { name = "…", description = "…", input = { … }, uses = { … }, run = function(input, ctx) … end }
---
--- While a file is loaded it can only declare; the functions that act work inside `run`.  What fails in
--- the world raises an `rc.Error`, which `pcall` catches with its fields; misuse raises, too.

---@class rc
---@field null lightuserdata  JSON null
local rc = {}

---------------------------------------------------------------------------------------------------
-- Declarations

---@alias rc.Type "string"|"integer"|"number"|"boolean"|"object"|"array"

---@class rc.Parameter
---@field [1] string              name
---@field [2] rc.Type
---@field [3] string              description: all that a model knows of it
---@field default? any            fills in when the caller leaves it out
---@field optional? boolean       may be left out, without a default
---@field enum? any[]             the values allowed
---@field minimum? number
---@field maximum? number
---@field min_length? integer     characters
---@field max_length? integer
---@field pattern? string         regular expression, as in JSON Schema
---@field min_items? integer      of an array
---@field max_items? integer
---@field items? rc.Type|rc.Parameter[]  an array's items: a type, or the parameters of objects
---@field properties? rc.Parameter[]     an object's members
---@field examples? any[]
---@field secret? boolean         no message repeats what it was given
---@field empty? "refused"        a zero below `minimum` is an error, also where the number may be left out

---@class rc.Annotations
---@field readOnlyHint? boolean
---@field destructiveHint? boolean
---@field idempotentHint? boolean
---@field openWorldHint? boolean

---@class rc.Tool
---@field name string                lower-case letters, digits, "_"; at most 45
---@field title? string             at most 256 bytes
---@field description string         what it does, when to use it, what it costs; at most 8 KiB
---@field input? rc.Parameter[]|table|string  parameters in order, a JSON Schema, or JSON text kept byte for byte
---@field output? rc.Parameter[]|table|string  of the structured result; results are checked against it
---@field uses? string[]             tools and recipes it may call; nothing else can be called
---@field hosts? string[]            that `rc.http` and `rc.download` may reach, where `http_hosts` allows them, too
---@field annotations? rc.Annotations  stricter than what it uses and does (`rc.download` writes, `rc.http` is open world), never milder
---@field samples? table<string, any>  what a dry run answers for a tool's writes, by tool name
---@field run fun(input: table<string, any>, ctx: rc.Context): any, ...

--- Declares a tool.
---@param tool rc.Tool
---@return table declaration
function rc.tool(tool) end

---@class rc.Prompt
---@field name string
---@field title? string
---@field description string
---@field arguments? rc.Parameter[]  strings
---@field run fun(arguments: table<string, string>, ctx: rc.Context): string|table  text, or a list of { role, content }

---@param prompt rc.Prompt
---@return table declaration
function rc.prompt(prompt) end

---@class rc.Resource
---@field uri string                 "recipe://…"
---@field name string
---@field title? string
---@field description? string
---@field mime_type? string          default "text/plain"; a table that `read` returns is "application/json"
---@field uses? string[]
---@field read fun(ctx: rc.Context): string|table

---@param resource rc.Resource
---@return table declaration
function rc.resource(resource) end

---@class rc.Template
---@field uri_template string        "recipe://jobs/{id}"
---@field name string
---@field title? string
---@field description? string
---@field mime_type? string
---@field uses? string[]
---@field read fun(variables: table<string, string>, ctx: rc.Context): string|table

---@param template rc.Template
---@return table declaration
function rc.template(template) end

---------------------------------------------------------------------------------------------------
-- The call

---@class rc.Context
---@field cancelled boolean          the client gave the call up
---@field deadline? number           moment of rc.now() at which it must have ended
---@field client? { name: string?, version: string? }
---@field simulated boolean          RunComfy is the simulator: nothing is real, nothing costs
---@field dry_run boolean            writes are answered with samples
local Context = {}

--- Reports progress.
---@param done number
---@param total? number
---@param message? string
function Context:progress(done, total, message) end

--- A line in the server's log, with the recipe's name.
---@param level "debug"|"info"|"warning"|"error"
---@param text string
function Context:log(level, text) end

--- Asks the person to agree; true only for a clear yes.  Raises where the client cannot ask (code "cannot_ask").
---@param text string
---@return boolean
function Context:confirm(text) end

--- Asks the person for values: strings, integers, numbers, booleans.  Raises where the client cannot ask
--- (code "cannot_ask").
---@param question { message: string, input: rc.Parameter[] }
---@return table|nil values  nil: declined
function Context:elicit(question) end

---@class rc.Error
---@field message string
---@field code? string               "timeout", "no_key", "not_allowed", "job_failed", "failed", …
---@field status_code? integer       HTTP status
---@field error_code? integer|string RunComfy's error_code
---@field hint? string               what to do next
---@field delivery? "unknown"|"not_sent"  of a write without an answer: unknown: look before sending it again
---@field data? table                the structured content of the tool that failed

--- Ends the call with an error result.
---@param message string
---@param fields? table  further fields of the structured content
---@return never
function rc.fail(message, fields) end

---------------------------------------------------------------------------------------------------
-- Tools and jobs

--- The tools by name, built-in ones and recipes: `rc.tools.get_deployment { deployment_id = id }` returns the
--- structured content, or raises.  Only what `uses` names.
---@type table<string, fun(input: table?): table<string, any>>
rc.tools = {}

---@class rc.Submission
---@field deployment_id string
---@field overrides? table<string, { inputs: table }>
---@field workflow_api_json? table
---@field extra_data? table
---@field webhook_url? string
---@field webhook_intermediate_status? boolean

--- Submits a request and returns its job.  Needs "submit_request" in `uses`, which also covers the job's
--- wait, status, result and cancel.
---@param submission rc.Submission
---@return rc.Job
function rc.submit(submission) end

---@class rc.Job
---@field deployment_id string
---@field request_id string
local Job = {}

---@class rc.Finished
---@field status string              "succeeded"; of `result` on an open job, what it is now
---@field output_urls { node_id: string, channel: string, url: string, filename: string?, subfolder: string?, type: string? }[]
---@field result table               as the API gives it
---@field note? string               where the result was repaired or is not whole: what of it
---@field instance_id? string
---@field deployment_id string
---@field request_id string

--- Waits for the end, reporting progress.  Raises where the job failed ("job_failed") or was cancelled
--- ("job_cancelled") and where the time is over ("timeout"): then the job goes on, and may be waited for again.
--- Where the client leaves, the call ends.
---@param options? { timeout: number? }  seconds; default: the call's own deadline
---@return rc.Finished
function Job:wait(options) end

--- The status now: { request_id, status, queue_position, instance_id, … }.
---@return table
function Job:status() end

--- The result as it is now.  Raises where the job failed or was cancelled.
---@return rc.Finished
function Job:result() end

--- Asks the API to cancel it.
---@return string outcome  "cancelled" or "not_cancellable"
function Job:cancel() end

--- Calls the ComfyUI of the instance that runs or ran it; finds the instance by itself, tries once more where
--- it has changed.  For "api/free" an instance that is gone counts as freed; where none was ever known, the answer
--- is a text that says so.  Needs "call_instance_proxy".
---@param path string       "api/free"
---@param body? table
---@param options? { method: "POST"|"GET" }  default "POST"; "GET" is for what only tells: "api/system_stats", "api/queue"
---@return any answer       JSON, or text, often ""
function Job:proxy(path, body, options) end

--- A job submitted earlier, by its ids.
---@param deployment_id string
---@param request_id string
---@return rc.Job
function rc.job(deployment_id, request_id) end

---------------------------------------------------------------------------------------------------
-- Many at once, and time

--- Runs functions at the same time; returns their first results in order.  The first error cancels the others.
---@param functions (fun(): any)[]
---@return any[]
function rc.all(functions) end

---@class rc.MapOptions
---@field concurrency? integer       default 4
---@field stop_on_error? boolean     default true: the first error cancels the rest and is raised

--- Runs `fn(item, index)` for each item.  With stop_on_error = false the results are
--- `{ ok = true, value = … }` and `{ ok = false, error = … }`, all of them, in order; the error is an rc.Error, also
--- where the function raised a text.
---@generic T
---@param items T[]
---@param fn fun(item: T, index: integer): any
---@param options? rc.MapOptions
---@return any[]
function rc.map(items, fn, options) end

--- Waits; in a dry run it only moves rc.now() on.
---@param seconds number
function rc.sleep(seconds) end

--- Seconds since 1970 on the program's clock (the simulator's, when simulated).
---@return number
function rc.now() end

--- A random number as math.random gives it.  Recorded runs repeat it.
---@param low? integer
---@param high? integer
---@return number
function rc.random(low, high) end

--- A random UUID, version 4.
---@return string
function rc.uuid() end

--- Runs `fn` at the end of the block that holds the result (`local _ <close> = rc.finally(fn)`), or of the call:
--- on return, error, cancellation, time-out and shutdown, once, with 5 seconds of its own.  Its failure is
--- noted in the result.
---@param fn fun()
---@return table guard  a to-be-closed value
function rc.finally(fn) end

---------------------------------------------------------------------------------------------------
-- Results

--- Content for the answer; a table, a number or a boolean returned beside them is the structured content, a text the message:
--- `return { urls = urls }, rc.image(bytes, "image/png"), rc.text "done"`.
---@param text string
---@return table content
function rc.text(text) end

---@param bytes string
---@param mime_type? string  default: found in the bytes
---@return table content
function rc.image(bytes, mime_type) end

---@param bytes string
---@param mime_type? string
---@return table content
function rc.audio(bytes, mime_type) end

---@param uri string
---@param options? { name: string?, title: string?, description: string?, mime_type: string?, size: integer? }
---@return table content
function rc.link(uri, options) end

--- Named `rc.embed` so that it is not taken for the declaration.
---@param uri string
---@param content string
---@param mime_type? string
---@return table content
function rc.embed(uri, content, mime_type) end

---------------------------------------------------------------------------------------------------
-- Workflows

---@class rc.Role
---@field how "traced"|"pinned"|"candidate"
---@field inputs string[]   keys: those that it sets; of a candidate: those that it could be
---@field reason? string    of a candidate

---@class rc.Input
---@field key string        "6.text"
---@field node_id string
---@field input string
---@field title string
---@field class_type string
---@field value any
---@field kind "seed"|"file"|"text"|"number"|"boolean"|"string"|"object"|"list"|"null"

---@class rc.Flow
---@field name string
---@field roles table<string, rc.Role>  prompt, negative, lyrics, image, mask, video, audio, seed, width, height
---@field inputs rc.Input[]             all that can be set, by node and name
local Flow = {}

--- Finds the roles of a workflow in API format, from what is saved backwards.  Nothing is guessed: what cannot be traced is a
--- candidate only, and cannot be set.  Of a large one others go on meanwhile, as in a wait.
---@param graph table
---@param options? { name: string?, node: string?, object_info: table? }  node: roles by hand, "6.text", "negative:7.text"
---@return rc.Flow
function rc.workflow(graph, options) end

--- Overrides for rc.submit, by role or by input ("9.filename_prefix").
---@param values table<string, any>
---@return table
function Flow:overrides(values) end

--- The inputs that a role or a key sets.
---@param key string
---@param values? table<string, any>  of the call: roles may lie elsewhere once it has turned a switch
---@return rc.Input[]
function Flow:targets(key, values) end

--- Whether a role can be set.
---@param role string
---@return boolean
function Flow:has(role) end

--- A random seed that the nodes take; with `count`, the first of as many that follow each other.
---@param count? integer
---@return integer
function Flow:new_seed(count) end

---------------------------------------------------------------------------------------------------
-- Files and the network

--- A local file as data URI, its type found in its bytes; URLs and data URIs pass unchanged.  Within the
--- folders that the operator allows (setting `file_folders`, default: the current one unless that is / or the
--- home folder), nothing hidden, up to 20 MB.
---@param path string
---@return string
function rc.file(path) end

--- The bytes of a local file: a table of prompts, a workflow.  Within the same folders and the same size.
---@param path string
---@return string
function rc.read(path) end

--- Reads a local text file, as UTF-8: a byte order mark is taken off and UTF-16 is converted.  Raises where the text is in
--- another encoding, with the line and column of its first odd byte (`code = "not_utf8"`, `data.line`, `data.column`).
---@param path string
---@return string
function rc.read_text(path) end

---@class rc.Download
---@field url string
---@field path string       where it is now
---@field size integer
---@field mime_type string
---@field about_path string  the JSON file beside it

--- Saves an output into the output folder (setting `output_folder`) under a safe name of its own, beside a
--- JSON file that tells where it came from.  RunComfy's hosts, and those that `hosts` names and the operator
--- allows; never with the key.  Up to the setting `download_max_bytes`.
---@param url string|table  or an entry of output_urls
---@param options? { name: string?, about: table? }  about: into the JSON file (deployment, overrides, seed)
---@return rc.Download
function rc.download(url, options) end

---@class rc.HttpRequest
---@field url string
---@field method? string     default "GET"
---@field headers? table<string, string>
---@field body? string
---@field json? any          a body, as JSON
---@field timeout? number    seconds, default 30

---@class rc.HttpResponse
---@field status integer
---@field body string        at most 16 MiB
---@field headers string     the header block
---@field url string         where it came from, after a GET's redirects
---@field header fun(self: rc.HttpResponse, name: string): string?
---@field json fun(self: rc.HttpResponse): any

--- An HTTP request to a host that the recipe declares (`hosts`) and the operator allows (setting `http_hosts`).
--- RunComfy's own hosts need neither for a GET, and never get the key: `rc.image(rc.http({ url = output.url }).body)`.
--- Private networks only where `http_hosts` names the very host.  Any status is an answer.
---@param request rc.HttpRequest
---@return rc.HttpResponse
function rc.http(request) end

---@class rc.Json
---@field decode fun(text: string): any           raises on bad text
---@field encode fun(value: any): string          keys sorted, unless `ordered` says otherwise
---@field null lightuserdata
---@field array fun(list: table?): table          marks a table as an array, also an empty one
---@field ordered fun(keys: string[], object: table): table
---@field integer fun(digits: string): any        an integer of any size

--- JSON without losses.
---@type rc.Json
rc.json = {}

--- A line in the log: `rc.log("info", "text")`; `print` is the same at level info.
---@param level "debug"|"info"|"warning"|"error"
---@param text string
function rc.log(level, text) end

return rc
