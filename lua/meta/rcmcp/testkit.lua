---@meta
--- `local kit = require "rcmcp.testkit"`: runs recipes in specs (`rcmcp test`).
---
--- Every run has a simulator of its own and time that jumps over waits: a cold start of four minutes takes some
--- milliseconds, and every run is the same.

---@class kit
---@field DEPLOYMENT string  id of a deployment that the simulator has from the start (node 6: text, node 3: seed)
---@field null lightuserdata JSON null
---@field json table         as rc.json
---@field in_process boolean whether recipes run in the process of the specs, not in a worker (rcmcp test --in-process)
local kit = {}

--- What the service goes through, by name, or as `{ name, option = … }`; in the order of the list:
---
--- - `"cold_start"` (`seconds`, default 240): the first instance wakes up for so long
--- - `"warm"`: instances are there at once
--- - `"rate_limited"` (`count` 2, `retry_after` 3, `method` "GET", `path`): answers 429
--- - `"unwell"` (`count` 2, `method` "GET", `path`): answers 503
--- - `"lost_answer"` (`count` 1, `skip`, `path`): the submit arrives and runs, its answer does not come back
--- - `"failed_job"` (`message`, `error_code`, `count` 1, `skip`, `deployment_id`): a run fails
--- - `"not_known_yet"` (`count`, default 2; `path`, default "/status"): a new job is answered with 404
--- - `"garbled"` (`count`, default 2; `path`, `message`): answers about jobs are no JSON
--- - `"expired_output"` (`count`, default all): the files of outputs are gone
---@alias kit.State string|{ [1]: string, [string]: any }

--- A moment of a run: seconds; or a tool's name, when its first call has been answered; or `{ name, count = 2, before = true }`,
--- when its second call is about to be made.
---@alias kit.When number|string|{ [1]: string, count: integer?, before: boolean? }

---@class kit.FailingCleanup
---@field status? integer   that requests are answered with, default 503
---@field count? integer    how many fail, default all: what may be repeated is, while the clean-ups have time
---@field message? string
---@field lost? boolean     what was asked is done, and the answer is lost

---@class kit.Options
---@field states? kit.State[]
---@field simulator? table             further options of its start: seed, run_time, cancel_delay, …
---@field prepare? fun(sim: table)     is called before the recipe runs: sim:fault { … }
---@field tool? string                 of a file that declares several
---@field words? string[]              of a script: its `arg`
---@field recipes? string[]            folders with further recipes that it may call; those beside it are known
---@field answers? any[]               what a person says to ctx:confirm and ctx:elicit, in order: true, false, or values
---@field cancel_after? kit.When       the caller gives up: the call is cancelled
---@field leave_after? kit.When        the client ends its connection: waits end, and nobody gets the answer
---@field shutdown_after? kit.When     the host is told to end (SIGTERM); with the setting cancel_remote_on_client_cancel, which is on
---                                    here unless `settings` says false, calls that wait are cancelled with their jobs
---@field failing_cleanup? true|kit.FailingCleanup  what clean-ups write fails; what they read does not
---@field dry_run? boolean             as rcmcp run --dry-run
---@field record? string               writes the calls of tools to this file
---@field replay? string               answers them from such a file (rcmcp run --record makes one, too); no simulator then
---@field settings? table<string, any> settings of rcmcp; default: output_folder is a folder that is removed when the specs have
---                                    run, file_folders are that one and the recipe's
---@field in_process? boolean          the recipe runs in the process of the specs; default: kit.in_process

---@class kit.Call
---@field name string
---@field input table
---@field result? table                structured content
---@field error? { message: string, code: string? }

---@class kit.Result
---@field ok boolean
---@field data? any                    structured content
---@field text? string
---@field content table[]              content blocks
---@field error? string                message of an error result
---@field cancelled boolean
---@field left? boolean                its client had left: nobody got the answer
---@field shut_down? boolean           the host was told to end
---@field ended_at? number             seconds until it was cancelled, left or told to end; `seconds` is when all was over
---@field unfinished string[]          what the host named as not done 3.5 s after it was left or told to end
---@field calls kit.Call[]             tools that it called, polls included
---@field progress { done: number, total: number?, message: string? }[]
---@field logs string[]                the lines of the log: rc.log, ctx:log, and what rcmcp says of it; without secrets
---@field questions { message: string }[]  what it asked a person
---@field seconds number               that went by
---@field requests { method: string, path: string, query: string, body: string }[]  what arrived at the simulator
---@field plan? table                  of a dry run

--- Runs a recipe, or a script, to its end.  What fails in it is in the result; what is wrong with the file raises.
---@param path string    relative to the spec's file, or to the current folder
---@param input? table
---@param options? kit.Options
---@return kit.Result
function kit.run(path, input, options) end

--- Raises where the recipe called other tools, or called them in another order, or with other inputs.  An entry is a name,
--- or `{ name, input }`, where the call's input must have these members.  Polls in a row count as one call.
---@param result kit.Result
---@param expected (string|{ [1]: string, [2]: table? })[]
function kit.expect_calls(result, expected) end

--- Raises where a text was told to nobody: neither to the caller (text, error, content, progress) nor in the log.
---@param result kit.Result
---@param text string  plain, a part of what must have been told
function kit.expect_told(result, text) end

--- How often a tool was called.
---@param result kit.Result
---@param name string
---@return integer
function kit.count_calls(result, name) end

return kit
