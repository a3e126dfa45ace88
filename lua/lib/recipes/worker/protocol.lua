--- The messages between a host and its worker: what each holds, checked field by field at both ends.
---
--- A worker may be in anybody's hands: what is no message of these, or has a field that it may not have, ends it.  What the
--- fields hold beyond that (`input`, `result`, `fields`) is plain data, which its readers judge.

local budgets = require "core.budget"
local json = require "core.json"
local meter = require "lib.async.meter"

-- Lua's own: in a worker the globals of these names keep an order, which no check needs.
local next, pairs = next, pairs

local M = {}

M.MOST = 192 * 1024 * 1024 -- bytes of a message: a result of 64 MiB, of which each byte may be an escape
local MOST_VALUES = 2100000 -- of a message, keys included: a recipe's result has a million, each of which may have a key (run.boundary)

---@alias WorkerMessage table  `kind` names its form

-- Checks of fields ------------------------------------------------------------------------------------

---@alias FieldCheck fun(value: any): boolean

local function any() return true end

local function is_boolean(value) return type(value) == "boolean" end

local function is_table(value) return type(value) == "table" end

local function is_number(value) return type(value) == "number" and value - value == 0 end

---@param most integer  bytes
---@return FieldCheck
local function text(most)
  return function(value) return type(value) == "string" and #value <= most end
end

---@param low integer
---@param high integer
---@return FieldCheck
local function whole(low, high)
  return function(value) return math.type(value) == "integer" and low <= value and value <= high end
end

local function one_of(...)
  local words = {}
  for _, word in ipairs { ... } do words[word] = true end
  return function(value) return type(value) == "string" and words[value] == true end
end

---@param check FieldCheck
---@param most integer  entries
---@return FieldCheck
local function list_of(check, most)
  return function(value)
    if type(value) ~= "table" or #value > most then return false end
    local count = 0
    for _ in next, value do count = count + 1 end
    if count ~= #value then return false end
    for _, item in ipairs(value) do
      if not check(item) then return false end
    end
    return true
  end
end

---@class MessageForm
---@field fields table<string, FieldCheck>
---@field optional table<string, true>

-- "name?" stands for a field that may be absent.
---@return MessageForm
local function form(fields)
  local made = { fields = {}, optional = {} }
  for name, check in pairs(fields) do
    local bare = name:gsub("%?$", "")
    made.fields[bare] = check
    made.optional[bare] = bare ~= name or nil
  end
  return made
end

---@param made MessageForm
---@param value any
---@return string? problem
local function fault(made, value)
  if type(value) ~= "table" then return "it is a " .. type(value) end
  for name in next, value do
    if name ~= "kind" and not made.fields[name] then return "it has a field that it may not have" end
  end
  for name, check in pairs(made.fields) do
    local item = rawget(value, name)
    if item == nil then
      if not made.optional[name] then return ("its field '%s' is missing"):format(name) end
    elseif not check(item) then
      return ("its field '%s' is not what it must be"):format(name)
    end
  end
end

---@return FieldCheck
local function like(fields)
  local made = form(fields)
  return function(value) return fault(made, value) == nil end
end

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

M.WALL = like { name = NAME, stands = is_boolean, text = WORDS }

--- What a host sends.
---@type table<string, MessageForm>
M.TO_WORKER = {
  hello = form { memory = whole(0, math.maxinteger), level = LEVEL, limits_lines = is_boolean },
  load = form {
    recipe = ID, name = NAME, shown = WORDS, text = text(M.MOST), modules = is_table, ["folder?"] = WORDS, ["root?"] = WORDS,
    ["words?"] = list_of(text(M.MOST), 100000),
  },
  unload = form { recipe = ID },
  call = form {
    call = ID, recipe = ID, feature = FEATURE, key = WORDS, args = is_table, tools = is_table, limits = is_table, chain = is_table,
    wall = is_number, speed = is_number, seed = text(16), simulated = is_boolean, dry_run = is_boolean,
    ["schema?"] = any, ["annotations?"] = is_table, ["client?"] = any, ["deadline?"] = is_number, ["ends?"] = is_number,
    ["known?"] = is_table, ["tells?"] = is_boolean, ["given?"] = list_of(AT_ONCE, 1000000),
  },
  answer = form { call = ID, branch = BRANCH, seq = SEQ, wall = is_number, ["ahead?"] = is_number, ["value?"] = any, ["err?"] = PROBLEM },
  cancel = form { call = ID },
  rested = form { call = ID, wall = is_number },
  turn = form { number = whole(1, math.maxinteger) },
  settle = form { number = whole(1, math.maxinteger) },
}

--- What a worker sends.
---@type table<string, MessageForm>
M.FROM_WORKER = {
  ready = form { walls = list_of(M.WALL, 100) },
  loaded = form {
    recipe = ID, ["declarations?"] = list_of(DECLARATION, 20000), ["problem?"] = WORDS, ["refused?"] = WORDS,
    missing = list_of(NAME, 1000),
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

--- What is wrong with a message.
---@param forms table<string, MessageForm>
---@param message any
---@return string? problem  nil: nothing
function M.fault(forms, message)
  if type(message) ~= "table" then return "a message is a table, not a " .. type(message) end
  local kind = rawget(message, "kind")
  local made = type(kind) == "string" and forms[kind]
  if not made then return "there is no message of its kind" end
  local problem = fault(made, message)
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

--- The message of bytes that came.
---@param forms table<string, MessageForm>
---@param bytes string
---@return WorkerMessage|nil message, string? problem
function M.read(forms, bytes)
  local message, problem = json.unpack(bytes, MOST_VALUES)
  problem = problem or M.fault(forms, message)
  if problem then return nil, problem end
  return message
end

local STEPS = 2000 -- values between two looks at the clock

--- As `read`, for a message that may be long: in a fiber, while the loop turns.
---@param forms table<string, MessageForm>
---@param bytes string
---@return WorkerMessage|nil message, string? problem
function M.read_in_steps(forms, bytes)
  local work = meter.new { shielded = true }
  local co = budgets.create_plain(json.unpack_in_steps)
  local ok, message, problem = budgets.resume_plain(co, bytes, MOST_VALUES, STEPS)
  while coroutine.status(co) == "suspended" do
    work:step(STEPS)
    ok, message, problem = budgets.resume_plain(co)
  end
  if not ok then return nil, message end
  problem = problem or M.fault(forms, message)
  if problem then return nil, problem end
  return message
end

return M
