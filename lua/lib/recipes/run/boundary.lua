--- The border between recipes and the host.  Nothing that a recipe made crosses it as it is: values are
--- copied by raw access, without a metamethod; and the host's own work for a recipe runs in a plain fiber,
--- where neither the recipe's limits nor its end can leave anything half done.

local calls = require "lib.recipes.run.call"
local coroutines = require "lib.recipes.load.coroutines"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local codec = require "core.codec"
local meter = require "lib.async.meter"
local texts = require "lib.text"

local brief, clean = texts.brief, texts.clean

local M = {}

local getmetatable_of = debug.getmetatable -- whatever __metatable says
local MAX_DEPTH, MAX_VALUES, MAX_BYTES = 100, 1000000, 64 * 1024 * 1024
local MOST_FAULTS = 20 -- named; who has made more looks at the first ones
local MOST_KEYS = 12   -- of a place that are shown, half of them from its end

local made_here = setmetatable({}, { __mode = "k" }) ---@type table<table, true>

local arrays = setmetatable({}, { __mode = "k" }) ---@type table<table, "always"|"empty">

--- Notes a metatable that says in a recipe that a table is an array: always, or where it is empty.
---@param meta table
---@param when "always"|"empty"
function M.note_arrays(meta, when)
  arrays[meta] = when
  json.mark_arrays(meta, when == "empty")
end

local function is_array(value)
  local meta = getmetatable_of(value)
  local when = meta and arrays[meta]
  return when == "always" or when == "empty" and next(value) == nil
end

--- Notes a metatable that a recipe gave to one of its values.
---@param meta table
function M.note_metatable(meta)
  made_here[meta] = true
end

-- Marked values ------------------------------------------------------------------------------------

-- What the host hands out and recognises again by identity; the payload stays out of reach.
local payloads = setmetatable({}, { __mode = "k" }) ---@type table<table, { kind: string, value: any, bytes: integer }>

local Opaque = { __name = "value of rc", __metatable = false }

function Opaque.__newindex()
  error("this value cannot be changed", 2)
end

--- A value that a recipe can only hand back.
---@param kind string  for `open`: "content", …
---@param value any
---@param bytes? integer  of text in it, which count where it is handed back
---@return table
function M.opaque(kind, value, bytes)
  local token = setmetatable({}, Opaque)
  payloads[token] = { kind = kind, value = value, bytes = bytes or 0 }
  return token
end

--- What an opaque value stands for.
---@param token any
---@return string? kind, any value
function M.open(token)
  local payload = token ~= nil and payloads[token]
  if payload then return payload.kind, payload.value end
end

-- Errors -------------------------------------------------------------------------------------------

local RcError = { __name = "rc.Error", __metatable = false }

function RcError:__tostring()
  local message = rawget(self, "message")
  return type(message) == "string" and message or "rc.Error"
end

local error_fields = { "message", "code", "status_code", "error_code", "hint", "delivery", "detail", "data" }
local own_errors = setmetatable({}, { __mode = "k" }) ---@type table<table, { deliberate: boolean }>

--- Makes the error value that a recipe catches.
---@param message string
---@param fields? table           code, status_code, error_code, hint, data, …; copied
---@param deliberate? boolean     the recipe ends by its own will: no frames are shown
---@return rc.Error
function M.new_error(message, fields, deliberate)
  local err = {}
  for _, name in ipairs(error_fields) do
    local value = fields and rawget(fields, name)
    if value ~= nil then err[name] = M.export(value) end
  end
  err.message = message
  setmetatable(err, RcError)
  own_errors[err] = { deliberate = deliberate or false }
  return err
end

--- Whether a value is an error value that a recipe may have got from here.
---@param value any
---@return boolean
function M.is_error(value)
  return value ~= nil and own_errors[value] ~= nil
end

--- Whether the error was raised by rc.fail.
---@param value any
---@return boolean
function M.is_deliberate(value)
  return value ~= nil and own_errors[value] ~= nil and own_errors[value].deliberate
end

-- The recipe's side of an error that host code returned or raised.
local function present(err)
  if M.is_error(err) then return err end
  if fiber.is_cancelled(err) then return M.new_error("cancelled", { code = "cancelled" }) end
  if errors.is(err) then return M.new_error(err.message, err) end
  return M.new_error(type(err) == "string" and err or "an error of type " .. type(err), { code = "internal" })
end

-- Copies -------------------------------------------------------------------------------------------

-- The keys that lead to the value being copied.
local function place(state, depth)
  local parts, left_out = {}, depth - 1 - MOST_KEYS
  for i = 1, depth - 1 do
    local key = state.path[i]
    if left_out <= 0 or i <= MOST_KEYS // 2 or i > MOST_KEYS // 2 + left_out then
      parts[#parts + 1] = type(key) == "string" and "." .. brief(key, 60) or ("[%d]"):format(key)
    elseif i == MOST_KEYS // 2 + 1 then
      parts[#parts + 1] = "…"
    end
  end
  return #parts == 0 and "the value" or "the value at " .. table.concat(parts)
end

-- Raises, or notes the fault and gives what stands in the value's place.
local function refuse(state, depth, message, ...)
  local faults = state.faults
  if not faults then error(place(state, depth) .. " " .. message:format(...), 0) end
  if #faults < MOST_FAULTS then
    faults[#faults + 1] = place(state, depth) .. " " .. message:format(...)
  else
    faults.more = (faults.more or 0) + 1
  end
  return json.null
end

local copy ---@type fun(value: any, state: table, depth: integer): any

local function has_room(state, count)
  state.bytes = state.bytes - count
  return state.bytes >= 0
end

-- Once there is too much, all that comes is too much: that is one fault.
local function refuse_rest(state, depth, message, most)
  if not state.faults then return refuse(state, depth, message, most) end
  if not state.faults[message] then
    state.faults[message] = true
    refuse(state, depth, message, most)
  end
  return json.null
end

local function too_long(state, depth)
  return refuse_rest(state, depth, "has more than %d bytes of text", MAX_BYTES)
end

local function take_string(value, state, depth)
  if not has_room(state, #value) then return too_long(state, depth) end
  if not state.faults or codec.is_utf8(value) then return value end
  refuse(state, depth, "is no valid UTF-8 (was a character cut in two?)")
  return clean(value)
end

local WORDS = { boolean = true, float = true }

-- The key in the copy; nil: no text says what it was, and its member is left out.
local function take_key(key, state, depth)
  local kind = math.type(key) or type(key)
  if kind == "integer" then return key end
  if kind ~= "string" then
    refuse(state, depth, "has a key of type %s", kind)
    return WORDS[kind] and tostring(key) or nil
  end
  if not has_room(state, #key) then
    too_long(state, depth)
    return nil
  end
  if not state.faults or codec.is_utf8(key) then return key end
  refuse(state, depth, "has a key that is no valid UTF-8")
  return clean(key)
end

local function is_dense(list)
  local count = 0
  for key in next, list do
    if math.type(key) ~= "integer" or key < 1 then return false end
    count = count + 1
  end
  return count == rawlen(list) and (count == 0 or list[count] ~= nil)
end

local function copy_table(value, state, depth)
  if depth > MAX_DEPTH then return refuse(state, depth, "is nested more than %d levels deep", MAX_DEPTH) end
  if payloads[value] then
    if not has_room(state, payloads[value].bytes or 0) then return too_long(state, depth) end
    local taken = state.take and state.take(value)
    if taken ~= nil or state.faults and depth == 1 then return taken end
    return refuse(state, depth, "is a value of rc, which belongs beside the result, not into it")
  end
  if state.open[value] then return refuse(state, depth, "contains itself") end
  state.open[value] = true
  local result = {}
  for key, item in next, value do
    local name = take_key(key, state, depth)
    if name ~= nil then
      state.path[depth] = name
      result[name] = copy(item, state, depth + 1)
    end
  end
  state.open[value] = nil
  if state.faults and getmetatable_of(value) == json.array and not is_dense(result) then
    refuse(state, depth, "is a list with holes or names")
    return result
  end
  return is_array(value) and is_dense(result) and json.as_array(result) or json.like(value, result)
end

local userdata_kinds = { ["core.json.Integer"] = true, ["core.json.Raw"] = true }

-- The core's numbers and checked text never change: they may pass as they are.
local function take_userdata(value, state, depth)
  if rawequal(value, json.null) then return value end
  local meta = getmetatable_of(value)
  if meta and userdata_kinds[rawget(meta, "__name")] then return value end
  return refuse(state, depth, "is a userdata, which has no JSON form")
end

-- Numbers that JSON has not are text in a salvaged copy.
local function take_number(value, state, depth)
  if not state.faults or value - value == 0 then return value end
  refuse(state, depth, "is a number that JSON has not: %s", value ~= value and "NaN" or "Infinity")
  return value ~= value and "NaN" or value > 0 and "Infinity" or "-Infinity"
end

function copy(value, state, depth)
  state.values = state.values - 1
  if state.values < 0 then return refuse_rest(state, depth, "has more than %d parts", MAX_VALUES) end
  if state.meter then state.meter:step() end
  local kind = type(value)
  if kind == "table" then return copy_table(value, state, depth) end
  if kind == "string" then return take_string(value, state, depth) end
  if kind == "number" then return take_number(value, state, depth) end
  if kind == "userdata" then return take_userdata(value, state, depth) end
  if kind == "function" or kind == "thread" then return refuse(state, depth, "is a %s, which has no JSON form", kind) end
  return value
end

local function new_state(take)
  return { values = MAX_VALUES, bytes = MAX_BYTES, open = {}, path = {}, take = take }
end

local HEAVY = 8 * 1024 * 1024 -- bytes of text from which a value is handed over by few at once
local weights = setmetatable({}, { __mode = "k" }) ---@type table<table, integer>  of copies that are heavy

local function deep_copy(value, take)
  local kind = type(value)
  if kind == "nil" or kind == "boolean" or kind == "number" or kind == "string" then return value end
  local state = new_state(take)
  local result = copy(value, state, 1)
  if type(result) == "table" and MAX_BYTES - state.bytes >= HEAVY then weights[result] = MAX_BYTES - state.bytes end
  return result
end

--- A plain deep copy of what a recipe made: tables without metatables but those of JSON arrays and ordered
--- objects, strings, numbers, booleans, JSON null.  Raises a message where it is anything else, or too large.
---@param value any
---@param take? fun(token: table): any  what stands in the copy for an opaque value; default: they are refused
---@return any
function M.import(value, take)
  return deep_copy(value, take)
end

--- As `import`, for the values of one result: what they hold counts together, also what stands in them many times.
---@param take? fun(token: table): any  what stands for an opaque value
---@param nested? boolean              opaque values may stand inside of tables, too
---@return fun(value: any): any
function M.importer(take, nested)
  local state = new_state()
  state.meter = meter.new()
  return function(value)
    state.path, state.open = {}, {}
    state.take = (nested or payloads[value]) and take or nil
    return copy(value, state, 1)
  end
end

local LONG = 64 * 1024 -- bytes of a text from which it counts as the recipe's memory, whoever made it

local function own(value, recipe)
  if #value < LONG or not recipe.memory then return value end
  return recipe.memory:own(value)
end

-- Long texts of the host's would be held without being counted.
local function adopt(value)
  local call = type(value) == "string" and #value >= LONG and calls.current()
  return call and own(value, call.recipe) or value
end

--- Makes long texts in what a call is given the recipe's memory, in place.
---@param recipe Recipe
---@param given any  plain
---@return any given
function M.give(recipe, given)
  if type(given) == "string" then return own(given, recipe) end
  if type(given) ~= "table" then return given end
  for key, item in next, given do
    local kind = type(item)
    if kind == "string" and #item >= LONG or kind == "table" then rawset(given, key, M.give(recipe, item)) end
  end
  return given
end

--- The same of a result, which was perhaps paid: what has no JSON form is left out, and named, instead of ending all.
--- Numbers that JSON has not become text, bytes that are no UTF-8 U+FFFD, all else null.
---@param faults string[]               takes what is wrong, with its place, up to 20; `more`: how many further ones
---@param take fun(token: table)         takes each opaque value; null stands in its place
---@return fun(value: any): any
function M.salvager(faults, take)
  local state = new_state(function(token)
    take(token)
    return nil
  end)
  state.faults, state.meter = faults, meter.new()
  return function(value)
    state.path, state.open = {}, {}
    return copy(value, state, 1)
  end
end

local function is_raw(value)
  local meta = type(value) == "userdata" and getmetatable_of(value)
  return meta and rawget(meta, "__name") == "core.json.Raw"
end

--- A copy of the host's value for a recipe, which may change it as it likes; checked JSON text is decoded.
---@param value any
---@param work? Meter  of one that may be large, and that nothing changes meanwhile
---@return any
function M.export(value, work)
  if work then work:step() end
  if is_raw(value) then return value:value() end
  if type(value) ~= "table" then return adopt(value) end
  local result = {}
  for key, item in next, value do result[key] = M.export(item, work) end
  return json.like(value, result)
end

-- Host work ----------------------------------------------------------------------------------------

local HostCall = {}
HostCall.__index = HostCall

-- What has an outcome is at its end.  Where memory runs out it is called again, and cancels what was not cancelled yet.
function HostCall:__close()
  if self.ended or self.outcome then return end
  self.task:cancel()
  if self.task.status ~= "done" then table.insert(self.call.ending, self.task) end
  self.ended = true
end

function HostCall:recheck(callback)
  if self.task.status == "done" then callback(nil, self.outcome or self.spare) end
end

-- The bytes of long text in what is handed over.
local function weigh(args)
  local bytes = 0
  for i = 1, args.n do
    local value = args[i]
    bytes = bytes + (type(value) == "string" and #value or type(value) == "table" and weights[value] or 0)
  end
  return bytes
end

-- The host copies and writes what it works on, several times over: few calls do that with long texts at once.
local function perform(call, fn, args)
  local _ <close> = weigh(args) >= HEAVY and call.phase == "run" and call.heavy:take() or nil
  return fn(table.unpack(args, 1, args.n))
end

local function packed(call, fn, args)
  return table.pack(pcall(perform, call, fn, args))
end

-- A `start` for coroutines.await, on the host's side; the answer is one packed table, ok first.  It comes also where memory
-- runs out on the way: whoever waits must not wait for ever.
local function begin(call, fn, args, callback)
  local self = setmetatable({
    call = call, ended = false, task = nil, outcome = nil, spare = { n = 2, false, "not enough memory" },
  }, HostCall)
  self.task = fiber.spawn(function()
    local ok, result = pcall(packed, call, fn, args)
    self.outcome = ok and result or self.spare
    callback(nil, self.outcome)
  end)
  if self.task.status ~= "done" then return self end
  self:__close()
  return nil, self.outcome or self.spare
end

-- What is handed over to a recipe: a table of the host's own stays one, with its texts.
local function adopt_all(outcome)
  for i = 2, outcome.n do
    local value = outcome[i]
    outcome[i] = adopt(value)
    for key, item in next, type(value) == "table" and getmetatable_of(value) == nil and value or {} do
      if type(item) == "string" then value[key] = adopt(item) end
    end
  end
  return outcome
end

-- What a recipe made has metatables of its own, whose functions would run without limits here.
local function check_plain(args)
  for i = 1, args.n do
    local meta = getmetatable_of(args[i])
    if type(args[i]) == "table" and meta and made_here[meta] then
      error("internal error: a value of the recipe would reach the host as it is", 0)
    end
  end
end

--- Runs `fn(…)` in a plain fiber of the host and waits for it, from a recipe's code.  Arguments and results
--- are handed over as they are: `fn` must not touch what the recipe made.  What `fn` raises is raised as
--- rc.Error.
---@param fn function
---@param ... any
---@return any ...
function M.host_raw(fn, ...)
  local call = calls.current()
  if not call then error("this works only in a recipe's call", 2) end
  local args = table.pack(...)
  check_plain(args)
  local _, outcome = coroutines.await(begin, call, fn, args)
  if not outcome[1] then error(present(outcome[2]), 0) end
  return table.unpack(adopt_all(outcome), 2, outcome.n)
end

local function export_all(...)
  local values = table.pack(...)
  for i = 1, values.n do values[i] = M.export(values[i]) end
  return table.unpack(values, 1, values.n)
end

--- As `host_raw`, with copies of the arguments and of the results.
---@param fn function
---@param ... any
---@return any ...
function M.host(fn, ...)
  local args = table.pack(...)
  for i = 1, args.n do args[i] = M.import(args[i]) end
  return export_all(M.host_raw(fn, table.unpack(args, 1, args.n)))
end

return M
