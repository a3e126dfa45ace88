--- Arguments of another kind than a function takes, or too few of them: a text for a table, a call for a function.  Only what a source
--- shows for certain is said.

local constants = require "lib.workbench.lint.constants"
local kinds = require "lib.workbench.lint.kinds"
local meaning = require("lib.recipes.source.values").meaning
local set = require("lib.workbench.lint.names").set
local signatures = require "lib.workbench.lint.signatures"
local vocabulary = require "lib.workbench.lint.vocabulary"

local M = {}

local NOTHING = {}

-- Kinds and numbers --------------------------------------------------------------------------------------

-- What gives one value, so that no more arguments come from it.
local ONE = set "string text number fraction boolean table function nil variable field item"

-- job.cancel without its job.
local function unbound(scanned, taken, node)
  if not (taken.takes and taken.takes["function"]) or node.is ~= "field" or kinds.of(scanned, node.of) ~= "job" then return nil end
  return vocabulary.job_methods[node.name] and node.name
end

local SPECIAL_LISTS = { ipairs = true }

local function check_kind(check, scanned, call, index, signature)
  local node, taken = call.arguments[index], signature[index]
  if not (node and taken) then return end
  local method = unbound(scanned, taken, node)
  if method then
    return check:add("error", "argument", call.line, "%s: a method needs its job: function() job:%s() end", call.what, method)
  end
  local kind = kinds.whole(scanned, node)
  if SPECIAL_LISTS[call.what] and kinds.answer_of(node) then return true end -- see check_answer
  if not taken.takes or not kind or kind == "nil" or taken.takes[kind] then return end
  check:add("error", "argument", call.line, "%s takes %s as argument %d, not %s: %s", call.what, taken.expected, index,
    kinds.WORDS[kind], signature.like)
  return true
end

local function check_count(check, call, signature)
  local count, last = #call.arguments, call.arguments[#call.arguments]
  if count < (signature.least or 0) and (not last or ONE[last.is]) then
    return check:add("error", "argument", call.line, "%s takes %d argument%s at least: %s", call.what, signature.least,
      signature.least == 1 and "" or "s", signature.like)
  end
  if count > (signature.most or #signature) then
    check:add("warning", "argument", call.line, "%s does not look at argument %d: %s", call.what, #signature + 1, signature.like)
  end
end

-- Whether an argument is of another kind, and that was said.
local function check_signature(check, scanned, call)
  local signature = signatures.of(call.what)
  if not signature then return false end
  for index = 1, #signature do
    if check_kind(check, scanned, call, index, signature) then return true end
  end
  check_count(check, call, signature)
  return false
end

-- What some take beside ------------------------------------------------------------------------------------

local LEVELS = set "debug info warning error"

local function check_level(check, _, call)
  local level = call.arguments[1]
  if level and level.is == "string" and level.text and not LEVELS[level.text] then
    check:add("error", "argument", call.line, "%s takes a level, which is debug, info, warning or error, and a text: %s(\"info\", …)",
      call.what, call.what)
  end
end

-- What is called in the place of a function that is handed over.
local CALLED = set "job finished status answer outcome response saved content results"

local function check_method_call(check, call, name)
  local second = call.arguments[2]
  if second and second.is == "variable" then return end
  check:add("error", "argument", call.line, "a method gets its job first: pcall(job.%s, job, …)", name)
end

-- The call that pcall makes.
local function called_by(first, arguments)
  local member = meaning(first)
  local shift = 1
  local what
  if member and member.is == "member" then what = "rc." .. member.name end
  if member and member.is == "tool" then what = "rc.tools." .. member.name end
  if first.is == "field" and first.of and first.of.is == "variable" and first.of.variable.role == "ctx" then
    what, shift = "ctx:" .. first.name, 2
  elseif first.is == "field" and (meaning(first.of) or NOTHING).is == "job" then
    what, shift = "job:" .. first.name, 2
  end
  return what, table.move(arguments, shift + 1, #arguments, 1, {})
end

local function check_pcall(check, scanned, call, everyday)
  local first = call.arguments[1]
  if not first then return end
  if CALLED[first.is] or first.what and kinds.of(scanned, first) ~= "function" then
    return check:add("error", "argument", call.line,
      "pcall takes a function and its arguments, and calls it itself: pcall(rc.submit, { … })")
  end
  if first.is == "field" and vocabulary.job_methods[first.name] and (meaning(first.of) or NOTHING).is == "job" then
    check_method_call(check, call, first.name)
  end
  local what, arguments = called_by(first, call.arguments)
  if what then M.check(check, scanned, { what = what, arguments = arguments, line = call.line }, everyday) end
end

local function check_functions(check, scanned, call)
  local list = call.arguments[1]
  for index, item in ipairs(list and list.is == "table" and list.items or {}) do
    local kind = kinds.of(scanned, item.value)
    if kind and (CALLED[kind] or kind == "table" or kind == "text" or kind == "list") then
      return check:add("error", "argument", item.line or call.line,
        "rc.all takes functions, and calls them itself; entry %d is %s: function() … end", index, kinds.WORDS[kind])
    end
  end
end

local function check_download(check, scanned, call)
  if kinds.of(scanned, call.arguments[1]) == "outputs" then
    check:add("error", "argument", call.line, "rc.download takes one of output_urls: output_urls[1]")
  end
end

local function is_address(node)
  return node.is == "field" and node.name == "url" or (node.is == "string" or node.is == "text") and (node.text or ""):find "^https?://"
end

local function check_image(check, _, call)
  local bytes = call.arguments[1]
  if bytes and is_address(bytes) then
    check:add("error", "argument", call.line, "%s takes bytes, not a URL: %s(rc.http({ url = … }).body)", call.what, call.what)
  end
end

local function check_proxy(check, _, call)
  local path, method = call.arguments[1], call.arguments[3] and call.arguments[3].is == "table" and call.arguments[3].fields.method
  if path and path.is == "string" and (path.text == "POST" or path.text == "GET") then
    return check:add("error", "argument", call.line, 'job:proxy takes the path first: job:proxy("api/free", { … })')
  end
  if method and method.is == "string" and method.text ~= "GET" and method.text ~= "POST" then
    check:add("error", "argument", call.line, "job:proxy: the method is GET or POST, not %s", tostring(method.text))
  end
end

local function check_bounds(check, _, call)
  local low, high = call.arguments[1], call.arguments[2]
  low, high = low and low.is == "number" and tonumber(low.text), high and high.is == "number" and tonumber(high.text)
  if low and high and low > high then
    check:add("error", "argument", call.line, "rc.random: nothing lies between %s and %s", tostring(low), tostring(high))
  end
end

local HTTP_METHODS = set "GET HEAD POST PUT PATCH DELETE"

local function check_http(check, _, call)
  local node = call.arguments[1]
  if not node or node.is ~= "table" then return end
  local url, method, headers = node.fields.url, node.fields.method, node.fields.headers
  if url and url.is == "string" and url.text and not url.text:find "^https?://" then
    check:add("error", "argument", node.lines.url, "rc.http: a URL begins with https://, not '%s'", url.text)
  end
  local word = method and method.is == "string" and method.text and method.text:upper() or not method and not node.open and "GET"
  if word and not HTTP_METHODS[word] then
    check:add("error", "argument", node.lines.method, "rc.http: the method is GET, HEAD, POST, PUT, PATCH or DELETE, not '%s'", word)
  elseif word == "GET" and (node.fields.body or node.fields.json) then
    check:add("error", "argument", call.line, "rc.http: no body goes with a GET; is method = \"POST\" missing?")
  end
  if headers and headers.is == "table" and #headers.items > 0 then
    check:add("error", "argument", node.lines.headers, "rc.http: headers are named: { Accept = \"text/html\" }")
  end
end

local ASKED = set "string integer number boolean"

-- The parameters that a person is asked for.
local function check_question(check, _, call)
  local node = call.arguments[1]
  local input = node and node.is == "table" and node.fields.input
  local list = input and input.is == "table" and constants.of(input)
  if type(list) ~= "table" or next(list) == nil then return end
  local ok, err = pcall(require("lib.parameters").compile, list, "input")
  if not ok then return check:add("error", "argument", node.lines.input, "ctx:elicit: %s", tostring(err)) end
  for _, entry in ipairs(list) do
    if not ASKED[entry[2]] then
      check:add("error", "argument", node.lines.input, "ctx:elicit asks for texts, numbers, true or false; '%s' is declared %s", entry[1],
        entry[2])
    end
  end
end

-- The answer of a built-in tool is an object, of which one field may be a list.
local function check_answer(check, _, call, everyday)
  local tool = kinds.answer_of(call.arguments[1])
  if not tool or not everyday.builtin(tool) then return end
  check:add("error", "misused", call.line, "what rc.tools.%s gives is no list%s", tool,
    tool == "list_deployments" and ": ipairs(answer.deployments)" or "")
end

local function is_seed(name) return name == "seed" or name == "noise_seed" end

-- rc.random() where a whole number is meant, however deep in what is submitted.
local function check_seeds(check, node, depth)
  if not node or node.is ~= "table" or depth > 8 then return end
  for _, name in ipairs(vocabulary.names(node.fields)) do
    local value = node.fields[name]
    if is_seed(name) and value.is == "fraction" then
      check:add("error", "argument", node.lines[name], "%s() is below 1; a seed is a whole number: rc.random(0, 2147483647)", value.what)
    end
    check_seeds(check, value, depth + 1)
  end
  for _, value in ipairs(node.values) do check_seeds(check, value, depth + 1) end
end

local SPECIAL = {
  ["rc.log"] = check_level, ["ctx:log"] = check_level, ["rc.image"] = check_image, ["rc.audio"] = check_image, pcall = check_pcall,
  ["rc.all"] = check_functions, ["rc.download"] = check_download, ["job:proxy"] = check_proxy, ["rc.random"] = check_bounds,
  ipairs = check_answer, ["rc.http"] = check_http, ["ctx:elicit"] = check_question,
  ["rc.submit"] = function(check, _, call) check_seeds(check, call.arguments[1], 1) end,
}

--- Checks the arguments of a call.
---@param check lint.Check
---@param scanned lint.Scan
---@param call { what: string, arguments: table[], line: integer }  what: "rc.submit", "job:wait", "ctx:log"
---@param everyday lint.Everyday
function M.check(check, scanned, call, everyday)
  local told = check_signature(check, scanned, call)
  require("lib.workbench.lint.options").check(check, scanned, everyday, call)
  if SPECIAL[call.what] and (not told or SPECIAL_LISTS[call.what]) then SPECIAL[call.what](check, scanned, call, everyday) end
end

return M
