--- The messages between a host and its worker: what each holds, checked field by field at both ends.
---
--- A worker may be in anybody's hands: what is no message of these, or has a field that it may not have, ends it.  What the
--- fields hold beyond that (`input`, `result`, `fields`) is plain data, which its readers judge.

local fields = require "lib.recipes.worker.fields"
local in_steps = require "lib.async.in_steps"
local inputs = require "lib.recipes.worker.inputs"
local json = require "core.json"

local M = {}

M.MOST = 192 * 1024 * 1024 -- bytes of a message: a result of 64 MiB, of which each byte may be an escape
local MOST_VALUES = 2100000 -- of a message, keys included: a recipe's result has a million, each of which may have a key (boundary/copies)

---@alias WorkerMessage table  `kind` names its form

local any, form, like, list_of, map_of = fields.any, fields.form, fields.like, fields.list_of, fields.map_of
local is_boolean, is_number, is_table, one_of, text, whole =
  fields.is_boolean, fields.is_number, fields.is_table, fields.one_of, fields.text, fields.whole

-- Forms ----------------------------------------------------------------------------------------------

local ID = text(4096)     -- of a call: it grows with each recipe that a recipe calls
local BRANCH = text(4096) -- see Effect
local SEQ = whole(1, math.maxinteger)
local NAME = text(1024)
local WORDS = text(64 * 1024)

local KIND = one_of("tool", "job", "http", "download", "file", "ask", "sleep", "module")
local LOCAL_KIND = one_of("now", "random", "uuid")
local LEVEL = one_of("debug", "info", "warning", "error")
local FEATURE = one_of("tool", "prompt", "resource", "template")

local TEXTS = list_of(text(M.MOST), 100000)

-- Recipes raise what they like: its fields may be of any type here as they may be in one process.
local PROBLEM = like {
  message = text(M.MOST), ["code?"] = any, ["hint?"] = any, ["delivery?"] = any, ["status_code?"] = any, ["error_code?"] = any,
  ["detail?"] = any, ["data?"] = any, ["retry_after?"] = any, ["content?"] = list_of(is_table, 100000), ["notes?"] = TEXTS,
  ["frames?"] = TEXTS,
}

local LINE = like { source = WORDS, line = whole(1, math.maxinteger) }

local AT_ONCE = like { key = text(64 * 1024), answer = any, times = whole(1, math.maxinteger) }

local DECLARATION = like { feature = FEATURE, fields = is_table, functions = list_of(text(1024 * 1024), 20000), ["line?"] = LINE }

local WALL = like { name = NAME, stands = is_boolean, refused = is_boolean, text = WORDS }

local MODULES = map_of(1024, fields.or_false(like { shown = WORDS, ["text?"] = text(M.MOST), ["problem?"] = WORDS }))

local LIMITS = map_of(64, is_number)

local function is_seed(value) return type(value) == "string" and #value == 16 end

local function is_speed(value) return is_number(value) and value >= 0 end

local is_span = is_speed -- of time

--- What a host sends.
---@type table<string, MessageForm>
M.TO_WORKER = {
  hello = form { memory = whole(0, math.maxinteger), level = LEVEL, limits_lines = is_boolean },
  load = form {
    recipe = ID, name = NAME, shown = WORDS, text = text(M.MOST), modules = MODULES, loaded_at = is_number,
    ["folder?"] = WORDS, ["root?"] = WORDS, ["words?"] = list_of(text(M.MOST), 100000),
  },
  unload = form { recipe = ID },
  call = form {
    call = ID, recipe = ID, feature = FEATURE, key = WORDS, args = is_table, tools = is_table, limits = LIMITS,
    chain = list_of(text(M.MOST), 1000), wall = is_number, speed = is_speed, seed = is_seed, simulated = is_boolean, dry_run = is_boolean,
    ["schema?"] = any, ["annotations?"] = is_table, ["client?"] = any, ["deadline?"] = is_number, ["ends?"] = is_number,
    ["known?"] = is_table, ["tells?"] = is_boolean, ["given?"] = list_of(AT_ONCE, 1000000),
  },
  answer = form { call = ID, branch = BRANCH, seq = SEQ, wall = is_number, ["ahead?"] = is_number, ["value?"] = any, ["err?"] = PROBLEM,
    ["written?"] = is_boolean },
  cancel = form { call = ID },
  rested = form { call = ID, wall = is_number },
  turn = form { number = whole(1, math.maxinteger) },
  settle = form { number = whole(1, math.maxinteger) },
}

--- What a worker sends.
---@type table<string, MessageForm>
M.FROM_WORKER = {
  ready = form { walls = list_of(WALL, 100) },
  loaded = form {
    recipe = ID, ["declarations?"] = list_of(DECLARATION, 20000), ["problem?"] = WORDS, ["refused?"] = WORDS,
    missing = list_of(NAME, 1000), ["took?"] = is_span,
  },
  effect = form {
    call = ID, branch = BRANCH, seq = SEQ, effect = KIND, name = NAME, ["input?"] = any, ["cleans?"] = is_boolean,
  },
  undoes = form { call = ID },
  rest = form { call = ID },
  leave = form { call = ID, branch = BRANCH, seq = SEQ },
  noted = form { call = ID, branch = BRANCH, seq = SEQ, effect = LOCAL_KIND, name = NAME, ["input?"] = any, answer = any },
  progress = form { call = ID, done = is_number, ["total?"] = is_number, ["message?"] = WORDS },
  log = form { ["call?"] = ID, name = NAME, level = LEVEL, text = WORDS },
  done = form { call = ID, ["result?"] = any, ["err?"] = PROBLEM },
  turn = form { number = whole(1, math.maxinteger) },
  settled = form { number = whole(1, math.maxinteger) },
}

local FURTHER = { effect = inputs.fault, noted = inputs.noted_fault }

--- What is wrong with a message.
---@param forms table<string, MessageForm>
---@param message any
---@return string? problem  nil: nothing
function M.fault(forms, message)
  if type(message) ~= "table" then return "a message is a table, not a " .. type(message) end
  local kind = rawget(message, "kind")
  local made = type(kind) == "string" and forms[kind]
  if not made then return "there is no message of its kind" end
  local problem = fields.fault(made, message, "kind")
  if not problem and made == M.FROM_WORKER[kind] and FURTHER[kind] then problem = FURTHER[kind](message) end
  return problem and ("a message '%s' is none: %s"):format(kind, problem)
end

--- The message as bytes; raises where it is none: the mistake is ours.
---@param forms table<string, MessageForm>
---@param message WorkerMessage
---@return string bytes
function M.write(forms, message)
  local problem = M.fault(forms, message)
  if problem then error(problem, 2) end
  return json.pack(message, M.MOST)
end

-- What came, where it could be read and is of its form.
local function checked(forms, message, problem)
  problem = problem or M.fault(forms, message)
  if problem then return nil, problem end
  return message
end

--- The message of bytes that came.
---@param forms table<string, MessageForm>
---@param bytes string
---@return WorkerMessage|nil message, string? problem
function M.read(forms, bytes)
  return checked(forms, json.unpack(bytes, MOST_VALUES))
end

local STEPS = 2000 -- values between two looks at the clock

--- As `read`, for a message that may be long: in a fiber, while the loop turns.
---@param forms table<string, MessageForm>
---@param bytes string
---@return WorkerMessage|nil message, string? problem
function M.read_in_steps(forms, bytes)
  local ok, message, problem = pcall(in_steps.run, STEPS, json.unpack_in_steps, bytes, MOST_VALUES, STEPS)
  if not ok then return nil, message end
  return checked(forms, message, problem)
end

return M
