--- What a recipe called, held against what a spec expects.

local json = require "core.json"
local redaction = require "lib.redaction"

local M = {}

---@class testkit.Call
---@field name string
---@field input table
---@field result? table  structured content
---@field error? Error

---@alias testkit.Expected string|{ [1]: string, [2]: table? }  name, and members that the input must have

-- Waiting for a job is polling, as often as it takes: one call in a row of the same.
local POLLS = { get_request_status = true }

--- The calls without the polls that repeat the one before.
---@param calls testkit.Call[]
---@return testkit.Call[]
function M.without_repeated_polls(calls)
  local list, last = {}, nil
  for _, call in ipairs(calls) do
    local repeated = last and POLLS[call.name] and last.name == call.name and last.input.request_id == call.input.request_id
    if not repeated then list[#list + 1] = call end
    last = call
  end
  return list
end

local function describe(value)
  local ok, text = pcall(json.encode, value)
  return ok and text or tostring(value)
end

-- For a message: without what is secret.
local function shown(value)
  return redaction.json(describe(value))
end

-- Of an extra_data no value is shown, and no name: names of tokens are tokens.
local function differs(place, got, expected, is_secret)
  if is_secret then return ("%s is another than expected"):format(place) end
  return ("%s is %s, expected %s"):format(place, shown(got), shown(expected))
end

-- Where `expected` is not in `got`; nil where all of it is.
local function difference(expected, got, place, is_secret)
  if type(expected) ~= "table" or getmetatable(expected) == json.array or #expected > 0 then
    if type(expected) == "table" and type(got) == "table" and describe(expected) == describe(got) or expected == got then return nil end
    return differs(place, got, expected, is_secret)
  end
  if type(got) ~= "table" then return differs(place, got, expected, is_secret) end
  for key, value in pairs(expected) do
    local inner = is_secret and place or ("%s.%s"):format(place, tostring(key))
    local problem = difference(value, got[key], inner, is_secret or key == "extra_data")
    if problem then return problem end
  end
end

local function lines_of(calls)
  local lines = {}
  for i, call in ipairs(calls) do lines[i] = ("  %d. %s %s"):format(i, call.name, shown(call.input)) end
  return #lines > 0 and table.concat(lines, "\n") or "  none"
end

local function compare(calls, expected)
  for i, wanted in ipairs(expected) do
    local name, input = wanted, nil
    if type(wanted) == "table" then name, input = wanted[1], wanted[2] end
    local call = calls[i]
    if not call then return ("call %d, '%s', was not made"):format(i, name) end
    if call.name ~= name then return ("call %d is '%s', expected '%s'"):format(i, call.name, name) end
    local problem = input and difference(input, call.input, "input")
    if problem then return ("call %d, '%s': %s"):format(i, name, problem) end
  end
  if #calls > #expected then return ("call %d, '%s', was not expected"):format(#expected + 1, calls[#expected + 1].name) end
end

-- What the calls were given, or should have been, is secret from here on.
local function learn_secrets(calls, expected)
  for _, call in ipairs(calls) do redaction.secrets(call.input.extra_data) end
  for _, wanted in ipairs(expected) do
    local input = type(wanted) == "table" and wanted[2]
    if type(input) == "table" then redaction.secrets(input.extra_data) end
  end
end

--- Raises where the calls are others than expected.
---@param calls testkit.Call[]
---@param expected testkit.Expected[]
---@param level integer  of the error
function M.check(calls, expected, level)
  local plain = M.without_repeated_polls(calls)
  learn_secrets(plain, expected)
  local problem = compare(plain, expected)
  if problem then error(redaction.text(("%s; the calls were:\n%s"):format(problem, lines_of(plain))), level + 1) end
end

return M
