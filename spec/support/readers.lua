--- The functions that read foreign text, in one table: text of the API, of clients, of files, of the command line.
--- spec/lib/linear_spec.lua counts what each does with each of spec/support/hostile_texts.lua; bench/stall.lua measures the
--- longest time.

local abridge = require "lib.abridge"
local answers = require "lib.runcomfy.answers"
local api_key = require "lib.config.api_key"
local asking = require "cli.shared.asking"
local cjson = require("lib.cjson").modules().cjson()
local clients = require "cli.doctor.clients"
local coerce = require "lib.coerce"
local config = require "lib.config"
local csv = assert(loadfile "recipes/lib/csv.lua")()
local deployment = require "lib.runcomfy.deployment"
local didyoumean = require "lib.didyoumean"
local ending = require "lib.runcomfy.ending"
local failure = require "lib.recipes.run.failure"
local fitting = require "lib.mcp.fitting"
local flows = require "lib.workflow.flow"
local graph = require "lib.workflow.graph"
local home = require "lib.home"
local hosts = require "lib.recipes.effects.hosts"
local http = require "lib.async.http"
local input_words = require "cli.shared.input"
local inputs = require "lib.features.inputs"
local inspect = require "cli.shared.inspect"
local json = require "core.json"
local key_sources = require "lib.config.key_sources"
local lifecycle = require "lib.runcomfy.lifecycle"
local lint = require "lib.workbench.lint"
local long_json = require "lib.async.long_json"
local meter = require "lib.async.meter"
local mcp = require "spec.support.mcp"
local media_type = require "lib.media_type"
local output_name = require "lib.output_name"
local outputs = require "lib.runcomfy.outputs"
local overrides = require "lib.runcomfy.overrides"
local parameters = require "lib.parameters"
local polling = require "lib.runcomfy.polling"
local paths = require "lib.runcomfy.paths"
local proofs = require "lib.runcomfy.proofs"
local receipts = require "lib.calls.receipts"
local redaction = require "lib.redaction"
local regex = require "lib.regex"
local retry = require "lib.async.retry"
local scratch = require "spec.support.scratch"
local settings = require "lib.config.settings"
local tape = require "lib.workbench.tape"
local terminal = require "cli.shared.terminal"
local text_file = require "lib.text_file"
local texts = require "lib.text"
local trim = require "lib.trim"
local uri_template = require "lib.features.uri_template"
local workflow_names = require "lib.workflow.names"
local workflows = require "lib.runcomfy.workflows"

local M = {}

local arguments = parameters.compile {
  { "text", "string", "A text", optional = true, pattern = "^a" }, { "number", "integer", "A number", optional = true },
  { "real", "number", "A number", optional = true }, { "flag", "boolean", "A flag", optional = true },
  { "list", "array", "A list", optional = true, items = "integer" }, { "object", "object", "An object", optional = true },
  { "rows", "array", "A list of objects", optional = true, items = { { "a", "string", "A text", optional = true } } },
}.check

local template = assert(uri_template.compile "a://{one}/{+two}/x{three}")
local some_regex = assert(regex.compile "^(a|b)*[^x]+\\d{2,3}$")

-- What a recipe may demand of a client's arguments.
local schema = inputs.compile {
  type = "object",
  properties = {
    a = { anyOf = { { format = "date-time" }, { format = "email" }, { format = "uri" }, { format = "uuid" }, { pattern = "^[a-z]*$" } } },
    error = { type = "string", minLength = 3 },
  },
  patternProperties = { ["^k\\d+$"] = { type = "integer" } },
}.check

local SUBMIT = { name = "submit", unknown = "Look.", proof = proofs.request, wanted = "a request" }

-- As the registry calls it.
local function metered(check)
  return function(value) return meter.within(2, check, value) end
end
arguments, schema = metered(arguments), metered(schema)

local function deaf() return nil end

-- A session with one tool, whose client has gone deaf.
local function new_session(tool, max_message)
  local server = require("lib.mcp.server").new { snapshot = mcp.snapshot { tool or mcp.tool() }, version = "0", max_message = max_message }
  return server:connect { send = deaf, close = deaf, is_closed = deaf }
end

-- A call of a tool that gives this value.
local function give(value, max_message)
  local tool = mcp.tool { run = function() return { text = "a", data = { value } } end }
  mcp.modern(new_session(tool, max_message), 1, "tools/call", { name = tool.name })
end

local function call_of(text)
  return json.encode { jsonrpc = "2.0", id = 1, method = "tools/call", params = { name = texts.clean(text), arguments = {} } }
end

local folder

--- Makes the folder of the files from which some readers read; `close` removes it.
function M.open()
  folder = folder or scratch.new()
end

local function in_file(text, name)
  M.open()
  return folder:write(name or "file", text)
end

function M.close()
  if folder then folder:__close() end
  folder = nil
end

local function in_token_file(text) return in_file(text, "token.json") end
local function in_client_file(text) return in_file(text, ".claude.json") end

local function environment(name) return (name == "HOME" or name == "RUNCOMFY_CONFIG_DIR") and folder.path or nil end

-- What was read of JSON, for those that read values.
local function raw_of(text)
  local half = texts.clean(text:sub(1, #text // 2))
  return json.raw(text) or json.raw(json.encode { status = half, error = half })
end
local function value_of(text) return json.decode(text) or { texts.clean(text) } end

local function written_of(text)
  local value = value_of(text)
  return { value = value, written = json.encode(value) }
end

local function deployment_of(text) return json.raw('{"payload":' .. raw_of(text):text() .. "}") end
local function answer_of(text) return http.response { status = 429, headers = "retry-after: " .. text, body = "" } end

local BEFORE = "the command line, before anything runs"

--- Name, the function, and what makes its argument of a text (default: the text); `apart`: why no loop waits for it.
---@type { [1]: string, [2]: fun(value: any), [3]: nil|fun(text: string): any, apart: string? }[]
M.readers = {
  -- of the API
  { "answers.read, an error", function(text) answers.read { status = 502, body = text } end },
  { "answers.read, a success", function(text) answers.read { status = 200, body = text } end },
  { "answers.read, a body that was cut", function(text) answers.read { status = 200, body = text, cut = true } end },
  { "answers.read, of a write", function(text) answers.read({ status = 200, body = text }, SUBMIT) end },
  { "answers.unexpected", function(text) answers.unexpected(text, "a status") end },
  { "answers.describe", function(raw) answers.describe(raw) end, raw_of },
  { "redaction.foreign", function(text) redaction.foreign(text, {}) end },
  { "redaction.text", function(text) redaction.text(text) end },
  { "redaction.json", function(text) redaction.json(text) end },
  { "redaction.value", function(value) redaction.value(value) end, value_of },
  { "json.decode", function(text) json.decode(text, true) end },
  { "json.raw", function(text) json.raw(text) end },
  { "json.repair", function(text) json.repair(text) end },
  { "json.salvage", function(text) json.salvage(text, 128) end },
  { "json.envelope", function(text) json.envelope(text) end },
  { "json.encode", function(value) json.encode(value) end, value_of, apart = "what is long is written by long_json" },
  { "long_json.encode", function(value) long_json.encode(value) end, value_of },
  { "lifecycle.cancel_outcome", function(raw) lifecycle.cancel_outcome(raw) end, raw_of },
  { "lifecycle.request_id", function(raw) lifecycle.request_id(raw) end, raw_of },
  { "lifecycle.error_text", function(raw) lifecycle.error_text(raw) end, raw_of },
  { "polling.describe", function(raw) polling.describe(raw, 1) end, raw_of },
  { "outputs.urls", function(raw) outputs.urls(raw) end, raw_of },
  { "ending.remark", function(raw) ending.remark(true, raw, {}) end, raw_of },
  { "deployment.compact", function(raw) deployment.compact(raw) end, raw_of },
  { "deployment.payload_summary", function(raw) deployment.payload_summary(raw) end, deployment_of },
  { "abridge.text", function(raw) abridge.text(raw, 2000) end, raw_of },
  { "fitting.result", function(given) fitting.result({ data = given.value, text = "a" }, given.written, 1000000, 100000) end,
    written_of },
  { "a tool's answer", function(value) give(value) end, value_of },
  { "a tool's answer that is shortened", function(value) give(value, 100000) end, value_of },
  { "retry.retry_after", function(answer) retry.retry_after(answer) end, answer_of },
  { "retry.http_date", function(text) retry.http_date(text) end },
  { "http.place", function(text) http.place(text) end },
  { "output_name.safe", function(text) output_name.safe(text) end },
  { "output_name.of", function(text) output_name.of("https://a/" .. text) end },
  { "media_type.sniff", function(text) media_type.sniff(text) end },
  -- workflows
  { "overrides.read", function(value) overrides.read(value) end, value_of },
  { "workflows.read", function(value) workflows.read(value) end, value_of },
  { "graph.read", function(value) graph.read(value, meter.new()) end, value_of },
  { "flow.open", function(value) flows.open(value, { turns = true, node = "1,2,3" }) end, value_of },
  { "names.normal", function(text) workflow_names.normal(text) end },
  -- of clients
  { "session.receive", function(text) new_session():receive(text) end },
  { "session.receive, with a name", function(text) new_session():receive(call_of(text)) end },
  { "an argument that is a text", function(text) arguments { text = text } end },
  { "an argument that is an integer", function(text) arguments { number = text } end },
  { "an argument that is a number", function(text) arguments { real = text } end },
  { "an argument that is a boolean", function(text) arguments { flag = text } end },
  { "an argument that is a list", function(text) arguments { list = text } end },
  { "an argument that is a list of objects", function(text) arguments { rows = text } end },
  { "an argument that is an object", function(text) arguments { object = text } end },
  { "an argument nobody knows", function(text) arguments { [text] = 1 } end },
  { "arguments that are a text", function(text) arguments(text) end },
  { "arguments nobody knows", function(value) arguments(value) end, value_of },
  { "a list of arguments", function(value) arguments { list = value } end, value_of },
  { "arguments by a schema", function(value) schema(value) end, value_of },
  { "an argument by a schema", function(text) schema { a = text } end },
  { "regex:matches", function(text) some_regex:matches(text) end },
  { "coerce.boolean", function(text) coerce.boolean(text) end },
  { "coerce.array", function(text) coerce.array(text) end },
  { "didyoumean.hint", function(text) didyoumean.hint(text, { "submit_request", "cancel_request" }) end },
  { "paths.segment", function(text) paths.segment("deployment_id", text) end },
  { "paths.route", function(text) paths.route("comfy_backend_path", text) end },
  { "paths.check_webhook", function(text) paths.check_webhook(text) end },
  { "hosts.parse", function(text) hosts.parse(text) end },
  { "uri_template:match", function(text) template:match("a://b/" .. text) end },
  { "receipts.shown", function(text) receipts.shown(text) end },
  { "receipts.unseal", function(text) receipts.unseal(text) end },
  { "receipts.stale", function(text) receipts.stale(text, nil, 0) end },
  -- files
  { "text_file.decode", function(text) text_file.decode(text) end },
  { "csv.parse", function(text) csv.parse(text) end, apart = "a recipe's code, within its limit of processor time" },
  { "api_key.check", function(text) api_key.check(text, "a spec") end },
  { "api_key.read_file", function(path) api_key.read_file(path, "a spec") end, in_file },
  { "key_sources.find, of token.json", function() key_sources.find({ origin = {} }, environment) end, in_token_file },
  { "config.load", function(path) config.load { file = path, env = deaf } end, in_file,
    apart = "at start and on SIGHUP, within a limit of its own" },
  { "settings.check, a URL", function(text) settings.check(settings.by_name.base_url, text) end },
  { "settings.check, a list", function(text) settings.check(settings.by_name.http_hosts, text) end },
  { "settings.check, an integer", function(text) settings.check(settings.by_name.recipe_calls, text) end },
  { "tape.open", function(path) tape.open(path) end, in_file, apart = "rcmcp test, a process of its own" },
  { "tape:around", function(value)
    local effect = { kind = "tool", name = "x", input = { value = value } }
    tape.new():recorder()(effect, function() return { text = "", data = value } end, { caller = {} })
  end, value_of },
  { "tape:around, a text", function(text)
    local effect = { kind = "tool", name = "x", input = { value = text } }
    tape.new():recorder()(effect, function() return { text = text } end, { caller = {} })
  end },
  { "clients.find", function() clients.find(environment) end, in_client_file, apart = "rcmcp doctor, a process of its own" },
  { "home.expand", function(text) home.expand("~/" .. text, deaf, deaf) end },
  { "lint.check_text", function(text) lint.check_text(text, "a.lua", {}) end, apart = "rcmcp check, a process of its own" },
  { "failure.frames", function(text) failure.frames(text, { environment = {} }) end },
  { "cjson.decode", function(text) cjson.decode(text) end, apart = "a recipe's code, within its limit of processor time" },
  -- the command line, and what is shown on it
  { "input.from_words", function(text) input_words.from_words({ text }, {}) end, apart = BEFORE },
  { "input.from_words, a list", function(text) input_words.from_words({ "list=" .. text }, { { "list", "array", "A list" } }) end,
    apart = BEFORE },
  { "input.from_json", function(text) input_words.from_json(text) end, apart = BEFORE },
  { "asking.read_answers", function(text) asking.read_answers { text } end, apart = BEFORE },
  { "inspect.text", function(value) inspect.text(value) end, value_of, apart = "the REPL: who typed waits for it" },
  { "terminal.plain", function(text) terminal.plain(text) end },
  { "terminal.json", function(text) terminal.json(text) end },
  { "terminal.lua", function(text) terminal.lua(text) end },
  { "text.clean", function(text) texts.clean(text) end },
  { "text.clean_all", function(value) texts.clean_all(value) end, value_of },
  { "text.clean_all, a broken text", function(value) texts.clean_all { value, ["\xFF"] = "\xFF" } end, value_of },
  { "text.brief", function(text) texts.brief(text, 100) end },
  { "trim", function(text) trim(text) end },
}

--- What a reader is given.
---@param reader table  an entry of `readers`
---@param text string
---@return any
function M.given(reader, text)
  if reader[3] then return reader[3](text) end
  return text
end

return M
