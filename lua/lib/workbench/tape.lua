--- A tape: the effects of a recipe and what came back, to be played to it again: calls of tools, requests, downloads, time and chance.
--- Secrets are not on it.

local clean = require "lib.workbench.tape.clean"
local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local forms = require "lib.workbench.tape.forms"
local json = require "core.json"
local meter = require "lib.async.meter"
local text_file = require "lib.text_file"
local write_file = require("lib.write_file").write

local M = {}

M.VERSION = 2

local KINDS_OF_1 = { tool = true } -- a tape of version 1 has calls of tools alone

local MAX_BYTES = 1024 * 1024 * 1024

---@class TapeEntry
---@field kind? EffectKind   none: "tool"
---@field name string
---@field input any
---@field result? any        see lib.workbench.tape.forms
---@field times? integer   how often in a row the same came back, default 1
---@field error? { message: string, code: string?, status_code: integer?, error_code: any, hint: string?, data: any }

---@class Tape
---@field entries TapeEntry[]
---@field package played table<integer, integer>  how often an entry was played
---@field package from table<string, integer>      by kind and name: no entry before this one can still be played
---@field package version integer
local Tape = {}
Tape.__index = Tape

---@return Tape
function M.new()
  return setmetatable({ entries = {}, played = {}, from = {}, version = M.VERSION }, Tape)
end

-- Recording ------------------------------------------------------------------------------------------

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
  local work = meter.new { still = effects.LOCAL[entry.kind] }
  return last ~= nil and last.kind == entry.kind and last.name == entry.name and same(last.input, entry.input, work)
    and same(last.result, entry.result, work) and same(last.error, entry.error, work)
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

local function record(self, form, effect, proceed)
  local entry = { kind = effect.kind ~= "tool" and effect.kind or nil, name = effect.name, input = form.input(effect) }
  local result, err = proceed()
  if result ~= nil then
    entry.result = form.result(result)
  else
    local failed = errors.wrap(err)
    entry.error = clean.copy(errors.crossing(failed, { message = failed.message }))
  end
  add(self, entry)
  return result, err
end

--- A link of the chain of effects that takes down what the recipe does and what comes of it: see lib.calls.effects.
---@return Interceptor
function Tape:recorder()
  return effects.hears(function(effect, proceed, scope)
    local form = forms.of(effect, scope)
    if not form then return proceed() end
    return record(self, form, effect, proceed)
  end)
end

local ENTRY_KEYS = { "kind", "name", "times", "input", "result", "error" }

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
---@return_overload Tape
---@return_overload nil, Error
function M.open(path)
  local text, message = text_file.read(path, MAX_BYTES)
  if not text then return nil, errors.new("cannot read the tape: " .. message) end
  local tape, number = M.new(), 0
  for line in text:gmatch "[^\n]+" do
    number = number + 1
    local value, problem = json.decode(line)
    local version = number == 1 and type(value) == "table" and value.rcmcp_tape or nil
    if type(value) ~= "table" or number == 1 and version ~= 1 and version ~= M.VERSION then
      return nil, errors.new(("%s:%d: %s"):format(path, number, problem or "this is no tape of rcmcp"))
    end
    tape.version = version or tape.version
    if number > 1 then tape.entries[#tape.entries + 1] = value end
  end
  return tape
end

local function is_left(self, at)
  return (self.played[at] or 0) < (self.entries[at].times or 1)
end

local function is_of(entry, effect)
  return entry.name == effect.name and (entry.kind or "tool") == effect.kind
end

-- The first entry of this effect that has not been played as often as it was recorded.
local function find(self, effect, input)
  local work, group = meter.new { still = effects.LOCAL[effect.kind] }, effect.kind .. " " .. effect.name
  local first
  for at = self.from[group] or 1, #self.entries do
    local entry = self.entries[at]
    if is_of(entry, effect) and is_left(self, at) then
      first = first or at
      if same(entry.input, input, work) then
        self.from[group] = first
        return at, entry
      end
    end
  end
end

local function not_there(effect, input)
  local message = ("the tape holds no further %s '%s' with %s; record it again"):format(
    effect.kind == "tool" and "call of" or effect.kind, effect.name, json.encode(input))
  return nil, errors.new(message, { code = "not_on_tape" })
end

local function play(self, form, effect, proceed)
  local input = form.input(effect)
  local at, entry = find(self, effect, input)
  if not entry then
    if form.optional then return proceed() end
    return not_there(effect, input)
  end
  self.played[at] = (self.played[at] or 0) + 1
  if not entry.error then return form.answer(entry.result) end
  return nil, errors.new(entry.error.message, entry.error)
end

--- A link of the chain of effects that answers from the tape.  What would reach beyond this machine and is not on it is an error.
---@return Interceptor
function Tape:player()
  return effects.hears(function(effect, proceed, scope)
    local form = forms.of(effect, scope)
    if not form or self.version == 1 and not KINDS_OF_1[effect.kind] then return proceed() end
    return play(self, form, effect, proceed)
  end, function() return self:at_once() end)
end

--- What it has left of time and chance.
---@return AnswerAtOnce[]
function Tape:at_once()
  local list = {}
  for at, entry in ipairs(self.entries) do
    local left = (entry.times or 1) - (self.played[at] or 0)
    if effects.LOCAL[entry.kind] and left > 0 and not entry.error then
      list[#list + 1] = { key = effects.question(entry --[[@as Effect]]), answer = entry.result, times = left }
    end
  end
  return list
end

--- The entries of the tape that have not been played at all.
---@return TapeEntry[]
function Tape:left()
  local list = {}
  for i, entry in ipairs(self.entries) do
    if not self.played[i] then list[#list + 1] = entry end
  end
  return list
end

return M
