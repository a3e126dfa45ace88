--- The functions that read foreign text, in one table, and texts that are made to be slow to read.
--- spec/lib/linear_spec.lua counts what each does with each text; bench/stall.lua measures the longest time.

local answers = require "lib.runcomfy.answers"
local coerce = require "lib.coerce"
local didyoumean = require "lib.didyoumean"
local failure = require "lib.recipes.failure"
local graph = require "lib.workflow.graph"
local hosts = require "lib.recipes.rc.hosts"
local http = require "lib.http"
local json = require "core.json"
local lifecycle = require "lib.runcomfy.lifecycle"
local media_type = require "lib.media_type"
local outputs = require "lib.runcomfy.outputs"
local overrides = require "lib.runcomfy.overrides"
local parameters = require "lib.parameters"
local paths = require "lib.runcomfy.paths"
local receipts = require "lib.mcp.receipts"
local redaction = require "lib.redaction"
local retry = require "lib.retry"
local serverless = require "lib.runcomfy.serverless"
local tape = require "lib.recipes.tape"
local terminal = require "cli.shared.terminal"
local text_file = require "lib.text_file"
local texts = require "lib.text"
local trim = require "lib.trim"
local uri_template = require "lib.mcp.uri_template"
local waiting = require "lib.runcomfy.waiting"
local workflow_names = require "lib.workflow.names"
local workflows = require "lib.runcomfy.workflows"

local M = {}

local arguments = parameters.compile {
  { "text", "string", "A text", optional = true, pattern = "^a" }, { "number", "integer", "A number", optional = true },
  { "real", "number", "A number", optional = true }, { "flag", "boolean", "A flag", optional = true },
  { "list", "array", "A list", optional = true, items = "integer" }, { "object", "object", "An object", optional = true },
}.check

local template = assert(uri_template.compile "a://{one}/{+two}/x{three}")

-- What was read of JSON, for those that read values.
local function raw_of(text)
  return json.raw(text) or json.raw(json.encode { status = texts.clean(text), error = texts.clean(text) })
end
local function value_of(text) return json.decode(text) or { text } end

--- Name, the function, and what makes its argument of a text (default: the text).
---@type { [1]: string, [2]: fun(value: any), [3]: nil|fun(text: string): any }[]
M.readers = {
  { "answers.read, an error", function(text) answers.read { status = 502, body = text } end },
  { "answers.read, a success", function(text) answers.read { status = 200, body = text } end },
  { "answers.unexpected", function(text) answers.unexpected(text, "a status") end },
  { "answers.describe", function(raw) answers.describe(raw) end, raw_of },
  { "redaction.foreign", function(text) redaction.foreign(text, {}) end },
  { "redaction.text", function(text) redaction.text(text) end },
  { "redaction.json", function(text) redaction.json(text) end },
  { "json.decode", function(text) json.decode(text, true) end },
  { "json.raw", function(text) json.raw(text) end },
  { "json.repair", function(text) json.repair(text) end },
  { "json.envelope", function(text) json.envelope(text) end },
  { "lifecycle.cancel_outcome", function(raw) lifecycle.cancel_outcome(raw) end, raw_of },
  { "lifecycle.error_text", function(raw) lifecycle.error_text(raw) end, raw_of },
  { "waiting.describe", function(raw) waiting.describe(raw, 1) end, raw_of },
  { "outputs.urls", function(raw) outputs.urls(raw) end, raw_of },
  { "overrides.read", function(value) overrides.read(value) end, value_of },
  { "workflows.read", function(value) workflows.read(value) end, value_of },
  { "graph.read", function(value) graph.read(value) end, value_of },
  { "names.normal", function(text) workflow_names.normal(text) end },
  { "an argument that is a text", function(text) arguments { text = text } end },
  { "an argument that is an integer", function(text) arguments { number = text } end },
  { "an argument that is a number", function(text) arguments { real = text } end },
  { "an argument that is a boolean", function(text) arguments { flag = text } end },
  { "an argument that is a list", function(text) arguments { list = text } end },
  { "an argument that is an object", function(text) arguments { object = text } end },
  { "an argument nobody knows", function(text) arguments { [text] = 1 } end },
  { "arguments that are a text", function(text) arguments(text) end },
  { "coerce.boolean", function(text) coerce.boolean(text) end },
  { "coerce.array", function(text) coerce.array(text) end },
  { "didyoumean.hint", function(text) didyoumean.hint(text, { "submit_request", "cancel_request" }) end },
  { "paths.segment", function(text) paths.segment("deployment_id", text) end },
  { "paths.route", function(text) paths.route("comfy_backend_path", text) end },
  { "serverless.check_webhook", function(text) serverless.check_webhook(text) end },
  { "retry.http_date", function(text) retry.http_date(text) end },
  { "http.place", function(text) http.place(text) end },
  { "hosts.parse", function(text) hosts.parse(text) end },
  { "media_type.sniff", function(text) media_type.sniff(text) end },
  { "text_file.decode", function(text) text_file.decode(text) end },
  { "text.clean", function(text) texts.clean(text) end },
  { "text.brief", function(text) texts.brief(text, 100) end },
  { "trim", function(text) trim(text) end },
  { "terminal.plain", function(text) terminal.plain(text) end },
  { "terminal.json", function(text) terminal.json(text) end },
  { "uri_template:match", function(text) template:match("a://b/" .. text) end },
  { "receipts.shown", function(text) receipts.shown(text) end },
  { "a tape", function(text)
    tape.new():around({ name = "x", input = { value = text } }, function() return { text = text } end)
  end },
  { "failure.frames", function(text) failure.frames(text, { environment = {} }) end },
}

local function fill(unit) return function(bytes) return unit:rep(bytes // #unit) end end
local function around(head, unit, tail) return function(bytes) return head .. unit:rep(bytes // #unit) .. (tail or "") end end

---@type table<string, fun(bytes: integer): string>
M.texts = {
  blanks = fill " ", ["blanks and a letter"] = around("", " ", "x"), letters = fill "a", zeros = around("", "0", "x"), digits = fill "7",
  lines = fill "\n", ["lines that begin a frame"] = fill "\n\ta:1: ", brackets = fill "[", braces = fill '{"a":', slashes = fill "/",
  dots = fill ".", tags = fill "<", ["a title of blanks"] = around("<title>", " "), scripts = fill "<script>", ampersands = fill "&#",
  percents = fill "%25", backslashes = fill "\\", quotes = fill '"', addresses = fill "https://", users = around("http://", "a@"),
  queries = around("http://a/", "?"), broken = fill "\xE2\x80", controls = fill "\27[", colons = fill ":", commas = fill ",",
  ["a list of lists"] = around("[", "[],", "[]]"), ["a list of texts"] = around("[", '"",', '""]'),
  ["a list of objects"] = around("[", '{"a":"b"},', "1]"), ["a text of escapes"] = around('"', "\\u0061", '"'),
  ["an object in text"] = around('{"error":"', " ", '"}'), NaN = around("[", "NaN,", "1]"), ["extra data"] = fill "extra_data {",
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
