--- A tape: the calls that a recipe made and what came back, to be played to it again.  Secrets are not on it.

local errors = require "lib.errors"
local json = require "core.json"
local long_json = require "lib.async.long_json"
local meter = require "lib.async.meter"
local redaction = require "lib.redaction"
local text_file = require "lib.text_file"
local write_file = require("lib.write_file").write

local M = {}

M.VERSION = 1

local MAX_BYTES = 1024 * 1024 * 1024

---@class TapeEntry
---@field name string
---@field input table
---@field result? { text: string?, data: any }
---@field times? integer   how often in a row the same came back, default 1
---@field error? { message: string, code: string?, status_code: integer?, error_code: any, hint: string?, data: any }

---@class Tape
---@field entries TapeEntry[]
---@field package played table<integer, integer>  how often an entry was played
local Tape = {}
Tape.__index = Tape

local REMOVED = "[redacted]"

local SECRET_NAMES = { "api_?key", "token$", "secret", "passw", "authorization", "credential" }

-- Members that are secret whatever they hold; not "max_tokens".
local function is_secret_name(name)
  local lower = type(name) == "string" and name:lower() or ""
  for _, pattern in ipairs(SECRET_NAMES) do
    if lower:find(pattern) then return true end
  end
  return false
end

-- The query of a URL may be a signature, and a name before its host a password.
local function clean_word(word)
  local _, scheme = word:find("://", 1, true)
  if not scheme or not word:sub(1, scheme - 3):lower():find "https?$" then return word end
  word = word:sub(1, (word:find("?", scheme + 1, true) or #word + 1) - 1)
  local stop = word:find("[/#]", scheme + 1) or #word + 1
  local at = word:find("@", scheme + 1, true)
  return at and at < stop and word:sub(1, scheme) .. word:sub(at + 1) or word
end

local PIECE = 65536    -- bytes of a text that are cleaned at a time
local BYTES_A_STEP = 8

-- Piece by piece, cut between words.
local function clean_text(text, work)
  if not text:find("://", 1, true) then return text end
  local parts, from = {}, 1
  while from <= #text do
    local to = text:find("[%s\"']", from + PIECE) or #text
    parts[#parts + 1] = text:sub(from, to):gsub("[^%s\"']+", clean_word)
    work:step((to - from) // BYTES_A_STEP)
    from = to + 1
  end
  return table.concat(parts)
end

-- Takes what is secret out of a copy of our own.
local function clean(value, work)
  work:step()
  if type(value) == "string" then return clean_text(value, work) end
  if type(value) ~= "table" then return value end
  for key, item in next, value do
    value[key] = is_secret_name(key) and type(item) == "string" and REMOVED or clean(item, work)
  end
  return value
end

-- A value as it is recorded: a copy, without what is secret.
local function recorded(value)
  if value == nil then return nil end
  local work = meter.new()
  local text = long_json.encode(value)
  work:step(#text // BYTES_A_STEP)
  text = redaction.json(text)
  work:step(#text // BYTES_A_STEP)
  value = json.decode(text)
  work:step(#text // BYTES_A_STEP)
  return clean(value, work)
end

-- The same for what a call is given.
local function recorded_input(call)
  if type(call.input) == "table" then redaction.secrets(call.input.extra_data) end
  return recorded(call.input)
end

---@return Tape
function M.new()
  return setmetatable({ entries = {}, played = {} }, Tape)
end

-- Recording ------------------------------------------------------------------------------------------

local ERROR_FIELDS = { "message", "code", "status_code", "error_code", "hint", "data" }

local function error_of(err)
  local fields = {}
  for _, name in ipairs(ERROR_FIELDS) do fields[name] = err[name] end
  return fields
end

local function same(a, b, work)
  work:step()
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key, value in pairs(a) do
    if not same(value, b[key], work) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

local function is_repeated(last, entry)
  local work = meter.new()
  return last ~= nil and last.name == entry.name and same(last.input, entry.input, work) and same(last.result, entry.result, work)
    and same(last.error, entry.error, work)
end

-- Polls that say the same are one entry.
local function add(self, entry)
  local last = self.entries[#self.entries]
  if is_repeated(last, entry) then
    last.times = (last.times or 1) + 1
  else
    self.entries[#self.entries + 1] = entry
  end
end

local function record(self, call, proceed)
  local entry = { name = call.name, input = recorded_input(call) }
  local result, err = proceed()
  if result then
    entry.result = recorded { text = result.text, data = result.data }
  else
    entry.error = recorded(error_of(errors.wrap(err)))
  end
  add(self, entry)
  return result, err
end

--- A link of the chain of effects that takes down the calls of tools and what comes of them: see lib.calls.effects.
---@return Interceptor
function Tape:recorder()
  return function(effect, proceed, scope)
    if effect.kind ~= "tool" or not scope.caller then return proceed() end
    return record(self, effect, proceed)
  end
end

local ENTRY_KEYS = { "name", "times", "input", "result", "error" }

--- Writes the tape: one line for each call, so that two tapes can be compared.
---@param path string
---@return true|nil ok, string? message
function Tape:save(path)
  local lines = { json.encode { rcmcp_tape = M.VERSION } }
  for _, entry in ipairs(self.entries) do lines[#lines + 1] = json.encode(json.ordered(ENTRY_KEYS, entry)) end
  return write_file(path, table.concat(lines, "\n"), "\n")
end

-- Playing --------------------------------------------------------------------------------------------

--- Reads a tape.
---@param path string
---@return Tape|nil tape, Error? err
function M.open(path)
  local text, message = text_file.read(path, MAX_BYTES)
  if not text then return nil, errors.new("cannot read the tape: " .. message) end
  local tape, number = M.new(), 0
  for line in text:gmatch "[^\n]+" do
    number = number + 1
    local value, problem = json.decode(line)
    if type(value) ~= "table" or number == 1 and value.rcmcp_tape ~= M.VERSION then
      return nil, errors.new(("%s:%d: %s"):format(path, number, problem or "this is no tape of rcmcp"))
    end
    if number > 1 then tape.entries[#tape.entries + 1] = value end
  end
  return tape
end

-- The first entry of this call that has not been played as often as it was recorded.
local function find(self, call)
  local input, work = recorded_input(call), meter.new()
  for i, entry in ipairs(self.entries) do
    if (self.played[i] or 0) < (entry.times or 1) and entry.name == call.name and same(entry.input, input, work) then return i, entry end
  end
end

local function play(self, call)
  local at, entry = find(self, call)
  if not entry then
    local message = ("the tape holds no further call of '%s' with %s; record it again"):format(call.name,
      json.encode(recorded_input(call)))
    return nil, errors.new(message, { code = "not_on_tape" })
  end
  self.played[at] = (self.played[at] or 0) + 1
  if entry.error then
    local fields = {}
    for key, value in pairs(entry.error) do fields[key] = value end
    return nil, errors.new(entry.error.message, fields)
  end
  return { text = entry.result.text, data = entry.result.data, is_error = false }
end

--- A link of the chain of effects that answers the calls of tools from the tape.  A call that is not on it is an error.
---@return Interceptor
function Tape:player()
  return function(effect, proceed, scope)
    if effect.kind ~= "tool" or not scope.caller then return proceed() end
    return play(self, effect)
  end
end

--- The calls on the tape that have not been played at all.
---@return TapeEntry[]
function Tape:left()
  local list = {}
  for i, entry in ipairs(self.entries) do
    if not self.played[i] then list[#list + 1] = entry end
  end
  return list
end

return M
