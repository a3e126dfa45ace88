---@meta
--- `local kit = require "rcmcp.testkit"`: runs recipes in specs (`rcmcp test`).
---
--- Every run has a simulator of its own and time that jumps over waits: a cold start of four minutes takes some
--- milliseconds, and every run is the same.

---@class kit
---@field DEPLOYMENT string  id of a deployment that the simulator has from the start (node 6: text, node 3: seed)
---@field null lightuserdata JSON null
---@field json table         as rc.json
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

---@class kit.Options
---@field states? kit.State[]
---@field simulator? table             further options of its start: seed, run_time, cancel_delay, …
---@field prepare? fun(sim: table)     is called before the recipe runs: sim:fault { … }
---@field tool? string                 of a file that declares several
---@field words? string[]              of a script: its `arg`
---@field recipes? string[]            folders with further recipes that it may call; those beside it are known
---@field answers? any[]               what a person says to ctx:confirm and ctx:elicit, in order: true, false, or values
---@field cancel_after? number         the caller gives up after so many seconds
---@field dry_run? boolean             as rcmcp run --dry-run
---@field record? string               writes the calls of tools to this file
---@field replay? string               answers them from such a file (rcmcp run --record makes one, too); no simulator then
---@field settings? table<string, any> settings of rcmcp; default: output_folder is a folder that is removed when the specs have
---                                    run, file_folders are that one and the recipe's

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
---@field calls kit.Call[]             tools that it called, polls included
---@field progress { done: number, total: number?, message: string? }[]
---@field logs string[]                what the tools that it called logged
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

--- How often a tool was called.
---@param result kit.Result
---@param name string
---@return integer
function kit.count_calls(result, name) end

return kit
