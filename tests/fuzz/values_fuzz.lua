--- What must hold for every text: see values_fuzz.c.

local json = require "core.json"
local reader = require "lib.cjson.reader"
local settings_of = require "lib.cjson.settings"
local writer = require "lib.cjson.writer"

local kinds = { array_mt = {}, empty_array_mt = {}, empty_array = json.raw "[]", setmetatable = setmetatable }
local defaults = settings_of.new()

-- core.json is not asked below its own depth: lua-cjson's rules read the whole text.
local DEPTH = 999
local by_rules, strictly_by_rules = settings_of.new(), settings_of.new()
by_rules.decode_max_depth, strictly_by_rules.decode_max_depth = DEPTH, DEPTH
strictly_by_rules.decode_invalid_numbers = false

local function kind_of(value)
  local meta = debug.getmetatable(value)
  return type(value) == "table" and rawequal(meta, json.array) and "array" or math.type(value) or type(value)
end

local same

local function same_table(a, b)
  local order, other = json.order(a) or {}, json.order(b) or {}
  assert(#order == #other, "the orders differ")
  for i, key in ipairs(order) do assert(key == other[i], "the orders differ") end
  for key, value in next, a do same(value, rawget(b, key)) end
  for key in next, b do assert(rawget(a, key) ~= nil, "a key is new") end
end

-- Raises unless two values are the same, kinds of numbers and order of members included.
function same(a, b)
  local kind = kind_of(a)
  assert(kind == kind_of(b), "the kinds differ")
  if type(a) == "table" then return same_table(a, b) end
  if kind == "userdata" then return assert(tostring(a) == tostring(b), "the numbers differ") end
  assert(a == b and (a ~= 0 or kind ~= "float" or 1 / a == 1 / b), "the values differ")
end

local function check_encoding(value)
  local text = assert(json.encode(value))
  local again = json.decode(text)
  same(value, again)
  assert(json.encode(again) == text, "encoding twice gives two texts")
  same(value, json.decode(writer.write(defaults, kinds, value)))
end

local function sorted_keys(object)
  local keys = {}
  for key in next, object do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

-- The entries of checked text, one by one.
local function check_entries(raw, value)
  local count = 0
  for key, entry in raw:pairs() do
    count = count + 1
    if count <= 20 then same(raw:get(key):value(), value[key]) end
    if kind_of(value) == "array" then same(entry:value(), value[key]) end
  end
  if kind_of(value) == "array" then return assert(count == #value and raw:keys() == nil) end
  local keys, found = sorted_keys(value), raw:keys()
  assert(#keys == #found and count >= #keys)
  local wanted = {}
  for i, key in ipairs(keys) do
    assert(found[i] == key)
    wanted[key] = i % 2 == 0 or nil
  end
  local members = raw:members(wanted)
  for key in next, wanted do same(members[key]:value(), value[key]) end
  for key in next, members do assert(wanted[key]) end
end

local function check_raw(raw, value)
  same(raw:value(), value)
  same(json.decode(raw:text()), value)
  assert(raw:size() == #raw:text() and json.encode(raw) == raw:text())
  assert(raw:get "no such member" == nil or value["no such member"] ~= nil)
  if type(value) == "table" then check_entries(raw, value) end
end

-- What lua-cjson takes and is no JSON, its numbers aside: control characters in strings, and fractions without digits.
local function is_taken_by_rules(text)
  -- linear: no pattern has two repeats
  return text:find "[\1-\31]" or text:find "%.[^%d]" or text:find "%.$" or text:find "[^%d]%."
end

local function check_by_rules(text, value, depth)
  local ok, found = pcall(reader.read, by_rules, kinds, text)
  if value ~= nil and depth <= DEPTH then
    assert(ok, found)
    same(value, found)
  elseif ok then
    assert(value == nil, "too deep a text was read")
  else
    assert(type(found) == "string" and (found:find(" at character %d+$") or found:find "UTF%-16"), found)
  end
end

local function check_strictly(text)
  local ok, found = pcall(reader.read, strictly_by_rules, kinds, text)
  if not ok then return end
  assert(is_taken_by_rules(text), "no JSON was read as JSON")
  check_encoding(found)
end

---@param text string
return function(text)
  local value, problem = json.decode(text)
  local raw, raw_problem = json.raw(text)
  assert(problem == raw_problem and (value == nil) == (raw == nil), "decode and raw differ")
  check_by_rules(text, value, raw and raw:depth())
  if not raw then return check_strictly(text) end
  check_encoding(value)
  check_raw(raw, value)
end
