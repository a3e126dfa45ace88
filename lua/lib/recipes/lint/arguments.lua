--- Arguments of another kind than a function takes: a text for a table, a call for a function.  Only what a source shows for
--- certain is said.

local meaning = require("lib.recipes.lint.values").meaning
local parameters = require "lib.recipes.lint.parameters"
local vocabulary = require "lib.recipes.lint.vocabulary"

local M = {}

--- What is known of a node, in the words of messages.
---@type table<string, string>
M.KINDS = {
  string = "a text", text = "a text", number = "a number", fraction = "a number", table = "a table", ["function"] = "a function",
  boolean = "true or false", job = "a job", finished = "the result of a job", status = "the status of a job",
  response = "a response", answer = "the answer of a call",
}

local function set(words)
  local found = {}
  for word in words:gmatch "%S+" do found[word] = true end
  return found
end

-- The kinds that an argument may have, beside nil and what is not known.
local TEXT = { takes = set "string text number answer", expected = "a text" }
local NUMBER = { takes = set "number fraction answer", expected = "a number" }
local TABLE = { takes = set "table finished status response answer", expected = "a table" }
local BODY = { takes = set "function", expected = "a function" }
local SOURCE = { takes = set "string text table answer", expected = "a URL, or one of output_urls" }
local ANY = {}

---@type table<string, { [integer]: table, like: string }>
local ARGUMENTS = {
  ["rc.submit"] = { TABLE, like = "rc.submit { deployment_id = …, overrides = … }" },
  ["rc.job"] = { TEXT, TEXT, like = "rc.job(deployment_id, request_id)" },
  ["rc.sleep"] = { { takes = set "number fraction answer", expected = "seconds, a number" }, like = "rc.sleep(5)" },
  ["rc.map"] = { TABLE, BODY, TABLE, like = "rc.map(list, function(item) … end, { concurrency = 4 })" },
  ["rc.all"] = { TABLE, like = "rc.all { function() … end, function() … end }" },
  ["rc.finally"] = { BODY, like = "rc.finally(function() … end)" },
  ["rc.fail"] = { TEXT, TABLE, like = 'rc.fail("why", { … })' },
  ["rc.http"] = { TABLE, like = "rc.http { url = … }" },
  ["rc.download"] = { SOURCE, TABLE, like = "rc.download(url, { name = … })" },
  ["rc.file"] = { TEXT, like = "rc.file(path)" }, ["rc.read"] = { TEXT, like = "rc.read(path)" },
  ["rc.read_text"] = { TEXT, like = "rc.read_text(path)" }, ["rc.text"] = { TEXT, like = "rc.text(text)" },
  ["rc.image"] = { TEXT, TEXT, like = "rc.image(bytes, mime_type)" }, ["rc.audio"] = { TEXT, TEXT, like = "rc.audio(bytes, mime_type)" },
  ["rc.link"] = { TEXT, TABLE, like = "rc.link(uri, { name = … })" },
  ["rc.embed"] = { TEXT, TEXT, TEXT, like = "rc.embed(uri, content, mime_type)" },
  ["job:wait"] = { TABLE, like = "job:wait { timeout = 60 }" },
  ["job:proxy"] = { TEXT, ANY, TABLE, like = 'job:proxy("api/free", { … })' },
  ["ctx:progress"] = { NUMBER, NUMBER, TEXT, like = 'ctx:progress(1, 4, "drawing")' },
  ["ctx:confirm"] = { TEXT, like = 'ctx:confirm("Go on?")' },
  ["ctx:elicit"] = { TABLE, like = "ctx:elicit { message = …, input = { … } }" },
}

local function wrong_argument(expected, node)
  if not (expected.takes and node) or node.is == "nil" then return nil end
  local got = M.KINDS[node.is]
  return got and not expected.takes[node.is] and got or nil
end

local function check_arguments(check, scanned, what, arguments, line)
  local expected = ARGUMENTS[what]
  for index, node in ipairs(expected and arguments or {}) do
    local declared = parameters.type_of(scanned, node)
    local known = declared == "string" and { is = "string" } or declared == nil and meaning(node)
    local got = expected[index] and known and wrong_argument(expected[index], known)
    if got then
      return check:add("error", "argument", line, "%s takes %s as argument %d, not %s: %s", what, expected[index].expected, index, got,
        expected.like)
    end
  end
end

local LEVELS = set "debug info warning error"

local function check_level(check, what, arguments, line)
  local level = arguments[1]
  if level and level.is == "string" and level.text and not LEVELS[level.text] then
    check:add("error", "argument", line, "%s takes a level, which is debug, info, warning or error, and a text: %s(\"info\", …)",
      what, what)
  end
end

-- What is called in the place of a function that is handed over.
local CALLED = set "job finished status answer response"

local function check_pcall(check, arguments, line)
  local first, second = arguments[1], arguments[2]
  if first and CALLED[first.is] then
    return check:add("error", "argument", line,
      "pcall takes a function and its arguments, and calls it itself: pcall(rc.submit, { … })")
  end
  if not first or first.is ~= "field" or not vocabulary.job_methods[first.name] then return end
  if (meaning(first.of) or ANY).is == "job" and not (second and second.is == "variable") then
    check:add("error", "argument", line, "a method gets its job first: pcall(job.%s, job, …)", first.name)
  end
end

local function check_functions(check, arguments, line)
  local list = arguments[1]
  for index, item in ipairs(list and list.is == "table" and list.items or {}) do
    local kind = meaning(item.value)
    if kind and (CALLED[kind.is] or kind.is == "table" or kind.is == "string") then
      return check:add("error", "argument", item.line or line,
        "rc.all takes functions, and calls them itself; entry %d is %s: function() … end", index, M.KINDS[kind.is])
    end
  end
end

local function check_download(check, arguments, line)
  local source = arguments[1]
  if source and source.is == "field" and source.name == "output_urls" then
    check:add("error", "argument", line, "rc.download takes one of output_urls: output_urls[1]")
  end
end

local function check_image(check, arguments, line)
  local bytes = arguments[1]
  if bytes and bytes.is == "field" and bytes.name == "url" then
    check:add("error", "argument", line, "rc.image takes bytes, not a URL: rc.image(rc.http({ url = … }).body)")
  end
end

local QUESTION = set "message input"

local function check_question(check, arguments)
  local node = arguments[1]
  for _, name in ipairs(node and node.is == "table" and vocabulary.names(node.fields) or {}) do
    if not QUESTION[name] then
      check:add("error", "unknown-field", node.lines[name], "ctx:elicit has no field '%s'; it takes message and input", name)
    end
  end
end

local function is_seed(name) return name == "seed" or name == "noise_seed" end

-- rc.random() where a whole number is meant, however deep in what is submitted.
local function check_seeds(check, node, depth)
  if not node or node.is ~= "table" or depth > 8 then return end
  for _, name in ipairs(vocabulary.names(node.fields)) do
    local value = node.fields[name]
    if is_seed(name) and value.is == "fraction" then
      check:add("error", "argument", node.lines[name], "rc.random() is below 1; a seed is a whole number: rc.random(0, 2147483647)")
    end
    check_seeds(check, value, depth + 1)
  end
end

local SPECIAL = {
  ["rc.log"] = function(check, arguments, line) check_level(check, "rc.log", arguments, line) end,
  ["ctx:log"] = function(check, arguments, line) check_level(check, "ctx:log", arguments, line) end,
  ["rc.image"] = check_image, ["ctx:elicit"] = check_question, ["pcall"] = check_pcall, ["rc.all"] = check_functions,
  ["rc.download"] = check_download,
  ["rc.submit"] = function(check, arguments) check_seeds(check, arguments[1], 1) end,
}

--- Checks the arguments of a call.
---@param check lint.Check
---@param scanned lint.Scan
---@param what string        "rc.submit", "job:wait", "ctx:log"
---@param arguments table[]
---@param line integer
function M.check(check, scanned, what, arguments, line)
  check_arguments(check, scanned, what, arguments, line)
  if SPECIAL[what] then SPECIAL[what](check, arguments, line) end
end

return M
