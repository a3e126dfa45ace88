--- Copies of values across the border between recipes and the host, by raw access, without a metamethod: what a recipe made becomes
--- plain (`import`), a result which was perhaps paid loses only what has no JSON form (`salvager`), and what is the host's becomes a
--- value that the recipe may change (`export`).

local codec = require "core.codec"
local json = require "core.json"
local long_texts = require "lib.recipes.boundary.long_texts"
local meter = require "lib.async.meter"
local opaque = require "lib.recipes.boundary.opaque"
local texts = require "lib.text"

local brief, clean = texts.brief, texts.clean

local M = {}

M.HEAVY = 8 * 1024 * 1024 -- bytes of text from which a value is handed over by few at once

local getmetatable_of = debug.getmetatable -- whatever __metatable says
local MAX_DEPTH, MAX_VALUES, MAX_BYTES = 100, 1000000, 64 * 1024 * 1024
local MOST_RESULT = 16 * 1024 * 1024 -- bytes of text in a result, beside content: clients get half of it, and the host copies all of it
local MOST_FAULTS = 20 -- named; who has made more looks at the first ones
local MOST_KEYS = 12   -- of a place that are shown, half of them from its end

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

-- In a result what does not fit takes no room: what is small behind it still stands there, such as the ids of what was paid.
local function has_room(state, count)
  local left = state.bytes - count
  if left >= 0 or not state.faults then state.bytes = left end
  return left >= 0
end

local function has_room_beside(state, count)
  state.beside = state.beside - count
  return state.beside >= 0
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
  return refuse_rest(state, depth, "has more than %d bytes of text", state.most)
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
  local bytes = opaque.bytes(value)
  if bytes then
    if not has_room_beside(state, bytes) then return refuse_rest(state, depth, "has more than %d bytes of content", MAX_BYTES) end
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

---@param take? fun(token: table): any
---@param most? integer  bytes of text
local function new_state(take, most)
  most = most or MAX_BYTES
  return { values = MAX_VALUES, most = most, bytes = most, beside = MAX_BYTES, open = {}, path = {}, take = take }
end

local HEAVY = M.HEAVY
local weights = setmetatable({}, { __mode = "k" }) ---@type table<table, integer>  of copies that are heavy

--- The bytes of text in what `import` gave, where they are many.
---@param value any
---@return integer
function M.weight(value)
  if type(value) == "string" then return #value end
  return type(value) == "table" and weights[value] or 0
end

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

--- As `import`, for the values of one result, which may have 16 MiB of text: what they hold counts together, also what stands in them
--- many times.
---@param take? fun(token: table): any  what stands for an opaque value
---@param nested? boolean              opaque values may stand inside of tables, too
---@return fun(value: any): any
function M.importer(take, nested)
  local state = new_state(nil, MOST_RESULT)
  state.meter = meter.new()
  return function(value)
    state.path, state.open = {}, {}
    state.take = (nested or opaque.open(value)) and take or nil
    return copy(value, state, 1)
  end
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
  end, MOST_RESULT)
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
  if type(value) ~= "table" then return long_texts.adopt(value) end
  local result = {}
  for key, item in next, value do result[key] = M.export(item, work) end
  return json.like(value, result)
end

return M
