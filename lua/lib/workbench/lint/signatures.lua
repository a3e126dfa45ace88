--- What the functions of the API and of Lua take: the kinds of their arguments, how many there must be, the fields of their tables.

local set = require("lib.workbench.lint.names").set

local M = {}

---@class lint.Taken
---@field takes? table<lint.Kind, true>  beside nil and what is not known; none given: anything
---@field expected? string              as messages say it

local TEXT = { takes = set "text number answer", expected = "a text" }
local NUMBER = { takes = set "number answer", expected = "a number" }
local FLAG = { takes = set "boolean answer", expected = "true or false" }
local TABLE = { takes = set "table list object outputs output results finished status response saved answer", expected = "a table" }
local LIST = { takes = set "table list outputs results answer", expected = "a list" }
local BODY = { takes = set "function", expected = "a function" }
local SOURCE = { takes = set "text table output answer", expected = "a URL, or one of output_urls" }
local ITERABLE = { takes = set "table list object outputs output results finished status response saved flow job answer content",
  expected = "a table" }
local LINE = { takes = set "text number boolean answer", expected = "a text" }
local ANY = {}

---@class lint.Signature
---@field [integer] lint.Taken
---@field like string       how it is written
---@field least? integer    arguments
---@field most? number      default: as many as are listed

---@type table<string, lint.Signature>
M.ARGUMENTS = {
  ["rc.submit"] = { TABLE, least = 1, like = "rc.submit { deployment_id = …, overrides = … }" },
  ["rc.job"] = { TEXT, TEXT, least = 2, like = "rc.job(deployment_id, request_id)" },
  ["rc.sleep"] = { { takes = NUMBER.takes, expected = "seconds, a number" }, least = 1, like = "rc.sleep(5)" },
  ["rc.map"] = { LIST, BODY, TABLE, least = 2, like = "rc.map(list, function(item) … end, { concurrency = 4 })" },
  ["rc.all"] = { TABLE, least = 1, like = "rc.all { function() … end, function() … end }" },
  ["rc.finally"] = { BODY, least = 1, like = "rc.finally(function() … end)" },
  ["rc.fail"] = { TEXT, TABLE, least = 1, like = 'rc.fail("why", { … })' },
  ["rc.http"] = { TABLE, least = 1, like = "rc.http { url = … }" },
  ["rc.download"] = { SOURCE, TABLE, least = 1, like = "rc.download(url, { name = … })" },
  ["rc.file"] = { TEXT, least = 1, like = "rc.file(path)" }, ["rc.read"] = { TEXT, least = 1, like = "rc.read(path)" },
  ["rc.read_text"] = { TEXT, least = 1, like = "rc.read_text(path)" }, ["rc.text"] = { TEXT, least = 1, like = "rc.text(text)" },
  ["rc.image"] = { TEXT, TEXT, least = 1, like = "rc.image(bytes, mime_type)" },
  ["rc.audio"] = { TEXT, TEXT, least = 1, like = "rc.audio(bytes, mime_type)" },
  ["rc.link"] = { TEXT, TABLE, least = 1, like = "rc.link(uri, { name = … })" },
  ["rc.embed"] = { TEXT, TEXT, TEXT, least = 2, like = "rc.embed(uri, content, mime_type)" },
  ["rc.workflow"] = { TABLE, TABLE, least = 1, like = "rc.workflow(graph, { name = … })" },
  ["rc.random"] = { NUMBER, NUMBER, like = "rc.random(1, 6)" },
  ["rc.uuid"] = { like = "rc.uuid()" }, ["rc.now"] = { like = "rc.now()" },
  ["rc.log"] = { TEXT, LINE, least = 2, like = 'rc.log("info", text)' },
  ["rc.json.decode"] = { TEXT, least = 1, like = "rc.json.decode(text)" },
  ["rc.json.encode"] = { ANY, like = "rc.json.encode(value)" },
  ["rc.json.array"] = { LIST, like = "rc.json.array(list)" },
  ["rc.json.ordered"] = { LIST, TABLE, least = 2, like = "rc.json.ordered({ \"first\", \"second\" }, object)" },
  ["rc.json.integer"] = { { takes = set "text answer", expected = "a text of digits" }, least = 1, like = 'rc.json.integer "42"' },
  ["job:wait"] = { TABLE, like = "job:wait { timeout = 60 }" }, ["job:status"] = { like = "job:status()" },
  ["job:result"] = { like = "job:result()" }, ["job:cancel"] = { like = "job:cancel()" },
  ["job:proxy"] = { TEXT, TABLE, TABLE, least = 1, like = 'job:proxy("api/free", { … })' },
  ["ctx:progress"] = { NUMBER, NUMBER, TEXT, least = 1, like = 'ctx:progress(1, 4, "drawing")' },
  ["ctx:log"] = { TEXT, LINE, least = 2, like = 'ctx:log("info", text)' },
  ["ctx:confirm"] = { TEXT, least = 1, like = 'ctx:confirm("Go on?")' },
  ["ctx:elicit"] = { TABLE, least = 1, like = "ctx:elicit { message = …, input = { … } }" },
  pairs = { ITERABLE, least = 1, like = "pairs(table)" }, ipairs = { LIST, least = 1, like = "ipairs(list)" },
  ["table.concat"] = { LIST, TEXT, NUMBER, NUMBER, least = 1, like = "table.concat(list, \", \")" },
  ["table.insert"] = { LIST, ANY, ANY, least = 2, like = "table.insert(list, item)" },
  ["table.remove"] = { LIST, NUMBER, least = 1, like = "table.remove(list)" },
  ["table.sort"] = { LIST, BODY, least = 1, like = "table.sort(list)" },
  ["table.unpack"] = { LIST, NUMBER, NUMBER, least = 1, like = "table.unpack(list)" },
}

---@class lint.TableArgument
---@field argument integer    which one the table is
---@field fields table<string, lint.Taken>
---@field needed? string[]    fields that must be there

--- The fields of the tables that functions take.  lua/meta/rc.lua has the same.
---@type table<string, lint.TableArgument>
M.OPTIONS = {
  ["rc.submit"] = { argument = 1, needed = { "deployment_id" },
    fields = { deployment_id = { takes = set "text answer", expected = "a text" }, overrides = TABLE,
      workflow_api_json = { takes = set "table object text answer", expected = "a table" },
      extra_data = TABLE, webhook_url = TEXT, webhook_intermediate_status = FLAG } },
  ["rc.http"] = { argument = 1, needed = { "url" },
    fields = { url = TEXT, method = TEXT, headers = { takes = set "table object answer", expected = "a table: { Accept = \"text/html\" }" },
      body = { takes = set "text answer", expected = "a text; a table goes into json" }, json = ANY, timeout = NUMBER } },
  ["rc.map"] = { argument = 3, fields = { concurrency = NUMBER, stop_on_error = FLAG } },
  ["rc.download"] = { argument = 2, fields = { name = TEXT, about = TABLE } },
  ["rc.workflow"] = { argument = 2, fields = { name = TEXT, node = TEXT, object_info = TABLE } },
  ["rc.link"] = { argument = 2, fields = { name = TEXT, title = TEXT, description = TEXT, mime_type = TEXT, size = NUMBER } },
  ["job:wait"] = { argument = 1, fields = { timeout = NUMBER } },
  ["job:proxy"] = { argument = 3, fields = { method = TEXT } },
  ["ctx:elicit"] = { argument = 1, needed = { "message", "input" }, fields = { message = TEXT, input = LIST } },
}

local OF_NUMBERS = { NUMBER, NUMBER, NUMBER, least = 1, most = math.huge, like = "math.floor(number)" } ---@type lint.Signature
local WITH_NUMBERS = set "math.floor math.ceil math.abs math.max math.min math.sqrt"
local OF_TEXT = { TEXT, least = 1, most = math.huge, like = "string.upper(text)" } ---@type lint.Signature

--- What a function takes; nil where that is not known.
---@param what string
---@return lint.Signature?
function M.of(what)
  if WITH_NUMBERS[what] then return OF_NUMBERS end
  return M.ARGUMENTS[what] or what:find("string.", 1, true) == 1 and what ~= "string.char" and OF_TEXT or nil
end

return M
