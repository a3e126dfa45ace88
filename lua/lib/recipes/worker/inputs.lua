--- What the effects that a worker asks for may hold, by kind and name: what `rc` makes of what recipes give it.
---
--- The kinds themselves judge what a recipe may do (lib.recipes.effects); this is what no recipe could ask for, whatever its code is,
--- so that only a worker that is no longer ours sends it.

local errors = require "lib.errors"
local fields = require "lib.recipes.worker.fields"
local json = require "core.json"
local texts = require "lib.text"

local M = {}

local MOST = 192 * 1024 * 1024 -- bytes of a text: no message has more
local HOUR = 3600
local MOST_QUESTION = 262144   -- bytes of what a person is to read, as rc.context has them

local any, is_table, like, one_of = fields.any, fields.is_table, fields.like, fields.one_of
local text = fields.text(MOST)

local function is_path(value)
  return type(value) == "string" and value ~= "" and not value:find("\0", 1, true)
end

-- Whether there is JSON of it.  At once: it is asked for in the midst of sending, too, where nothing may wait.  Where memory runs out
-- nothing is known of that: the message comes again.
local function has_json(value, most)
  local ok, err = pcall(json.encode, value, most)
  if not ok and errors.is_out_of_memory(err) then error(err, 0) end
  return ok
end

-- What goes into JSON is made so that it can (rc.work, import_json).
local function is_json(value)
  return type(value) == "table" and has_json(value)
end

local function is_nothing(value) return value == nil end

local function is_duration(value) return fields.is_number(value) and value >= 0 end

-- Requests ---------------------------------------------------------------------------------------------

local METHODS = one_of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

local function is_header(value)
  return type(value) == "string" and value:find "^[%w!#$%%&'*+.^_`|~-]+: " ~= nil and not value:find "%c"
end

local function is_body(value) return type(value) ~= "table" or is_json(value) end

local REQUEST = like {
  method = METHODS, url = text, headers = fields.list_of(is_header, 100000), ["body?"] = text, ["json?"] = is_body,
  timeout = function(value) return fields.is_number(value) and value > 0 and value <= HOUR end,
}

-- As lib.recipes.rc.http has it.
local function is_request(value, name)
  if not REQUEST(value) or value.method ~= name then return false end
  local has_body = value.body ~= nil or value.json ~= nil
  return not (value.body ~= nil and value.json ~= nil) and not (has_body and (name == "GET" or name == "HEAD"))
end

-- By kind ----------------------------------------------------------------------------------------------

-- Of a job what its recipe says, which may be wrong: that it is told by the tools that take it.
local function job(more)
  local form = { ["deployment_id?"] = any, ["request_id?"] = text }
  for name, check in pairs(more or {}) do form[name] = check end
  return like(form)
end

local function is_wait(value) return type(value) == "number" and value >= 0 end

local PATH = like { path = is_path }

local function is_question(value)
  return is_table(value) and type(value.message) == "string" and is_table(value.input)
    and has_json(texts.clean_all(value), MOST_QUESTION)
end

-- The checks of an effect's input by its name; or one for all names.
local KINDS = {
  tool = is_json,
  job = {
    submit = is_json, wait = job { ["timeout?"] = is_wait }, status = job(), result = job(), cancel = job(),
    proxy = job { path = text, method = one_of("GET", "POST"), ["body?"] = is_json, ["instance_id?"] = any },
  },
  http = is_request,
  download = { save = like { url = text, ["name?"] = text, ["about?"] = is_json, ["origin?"] = is_json } },
  file = { read = PATH, read_text = PATH, data_uri = PATH },
  ask = { confirm = like { message = fields.text(MOST_QUESTION) }, elicit = is_question },
  sleep = { sleep = like { seconds = is_duration } },
  module = is_nothing,
}

-- Where it stands --------------------------------------------------------------------------------------

-- Paths of branches are numbers (lib.recipes.rc.numbers); a module has a place of its own.
local function stands(message)
  if message.effect == "module" then return message.branch == "require " .. message.name and message.seq == 1 end
  -- linear: one class
  return message.branch:find "^[%d:/~]*$" ~= nil
end

--- What is wrong with a message that asks for an effect; nil: nothing.
---@param message WorkerMessage  of the form
---@return string? problem
function M.fault(message)
  local check = KINDS[message.effect]
  if type(check) == "table" then check = check[message.name] end
  if not check then return ("there is no effect '%s' of this name"):format(message.effect) end
  if not stands(message) then return "no code stands where it asks" end
  if not check(message.input, message.name) then return ("an effect '%s' has another input"):format(message.effect) end
end

-- Answered there ---------------------------------------------------------------------------------------

local BOUNDS = like { first = fields.whole(math.mininteger, math.maxinteger), last = fields.whole(math.mininteger, math.maxinteger) }

local NOTED = {
  now = { program = is_nothing, system = is_nothing, cpu = is_nothing, cancelled = is_nothing, deadline = is_nothing },
  random = { float = is_nothing, integer = BOUNDS },
  uuid = { v4 = is_nothing },
}

local MOST_ANSWER = 1024 -- bytes: a tape may hold any, and what is noted is kept

--- What is wrong with a message that tells of time and chance; nil: nothing.
---@param message WorkerMessage  of the form
---@return string? problem
function M.noted_fault(message)
  local check, answer = NOTED[message.effect][message.name], message.answer
  if not check then return ("there is no '%s' of this name"):format(message.effect) end
  if not stands(message) then return "no code stands where it asks" end
  if not check(message.input) then return ("a '%s' has another input"):format(message.effect) end
  if is_table(answer) or type(answer) == "string" and #answer > MOST_ANSWER then return "it tells more than there is to tell" end
end

return M
