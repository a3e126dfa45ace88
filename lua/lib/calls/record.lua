--- The record of a call's effects: what was asked, in order, and what came of it.  From it a call can be replayed: lib.calls.replay.
---
--- This one is in memory, where a call may take a hundred thousand steps: each is one small table.  A journal on disk has the same
--- functions: two that append, one that reads back.

local json = require "core.json"

local M = {}

---@class RecordAnswer  plain, and never changed
---@field result any
---@field err? table    the fields of an Error, where there is no result

---@class RecordStep  an effect
---@field call string
---@field branch string
---@field seq integer
---@field kind EffectKind
---@field name string
---@field digest string          of its input, which may be long and is not needed again
---@field answer? RecordAnswer   nil: it was not executed, or its answer was too long to be kept
---@field answered_as? string    the digest of such an answer

---@class Record
---@field package steps RecordStep[]
local Record = {}
Record.__index = Record

---@return Record
function M.new()
  return setmetatable({ steps = {} }, Record)
end

--- An effect is about to be executed.
---@param effect Effect
---@param digest string  of its input
---@return RecordStep
function Record:intend(effect, digest)
  local step = {
    call = effect.call, branch = effect.branch, seq = effect.seq, kind = effect.kind, name = effect.name, digest = digest,
    answer = nil, answered_as = nil, -- room for them
  }
  self.steps[#self.steps + 1] = step
  return step
end

--- An effect was executed.
---@param step RecordStep
---@param answer? RecordAnswer   nil: it is too long to be kept
---@param answered_as? string    then its digest
function Record.answer(_, step, answer, answered_as) -- a journal writes it down beside the step
  step.answer, step.answered_as = answer, answered_as
end

--- The steps, in order.
---@return fun(): RecordStep?
function Record:read()
  local at = 0
  return function()
    at = at + 1
    return self.steps[at]
  end
end

--- The whole as bytes, for another process of the same program.
---@return string
function Record:pack()
  return json.pack(self.steps)
end

--- A record of bytes that `pack` has made.
---@param bytes string
---@return Record|nil record, string? problem
function M.unpack(bytes)
  local steps, problem = json.unpack(bytes, #bytes) -- a value has a byte at least
  if not steps then return nil, problem end
  return setmetatable({ steps = steps }, Record)
end

return M
