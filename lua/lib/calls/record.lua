--- The record of a call's effects: what was asked, in order, and what came of it.  From it a call can be replayed: lib.calls.replay.
---
--- This one is in memory.  A journal on disk has the same three functions: two that append, one that reads back.

local json = require "core.json"

local M = {}

---@class RecordAnswer  plain, and never changed
---@field result any
---@field err? table    the fields of an Error, where there is no result

---@class RecordEvent
---@field key string           of the effect: effects.key
---@field effect? Effect       of an intent; without its input
---@field digest string        of an intent: of the effect's input; of an answer: of that
---@field answer? RecordAnswer

---@class Record
---@field package events RecordEvent[]
local Record = {}
Record.__index = Record

---@return Record
function M.new()
  return setmetatable({ events = {} }, Record)
end

--- An effect is about to be executed.
---@param key string
---@param effect Effect
---@param digest string  of its input
---@return Effect kept  the same without its input, which may be long and is not needed again
function Record:intend(key, effect, digest)
  local kept = {
    call = effect.call, branch = effect.branch, seq = effect.seq, kind = effect.kind, name = effect.name,
  }
  self.events[#self.events + 1] = { key = key, effect = kept, digest = digest }
  return kept
end

--- An effect was executed.
---@param key string
---@param answer RecordAnswer
---@param digest string  of the answer
function Record:answer(key, answer, digest)
  self.events[#self.events + 1] = { key = key, answer = answer, digest = digest }
end

--- What was appended, in order.
---@return fun(): RecordEvent?
function Record:read()
  local at = 0
  return function()
    at = at + 1
    return self.events[at]
  end
end

--- The whole as bytes, for another process of the same program.
---@return string
function Record:pack()
  return json.pack(self.events)
end

--- A record of bytes that `pack` has made.
---@param bytes string
---@return Record|nil record, string? problem
function M.unpack(bytes)
  local events, problem = json.unpack(bytes, #bytes) -- a value has a byte at least
  if not events then return nil, problem end
  return setmetatable({ events = events }, Record)
end

return M
