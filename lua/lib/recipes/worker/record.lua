--- What a call has asked of the world, and what it was told: with it the call can be run again, up to where it was, in another
--- worker, and nothing is done twice.
---
--- It lies in memory, and ends with the call.  Its effects are known by their places (branch and number), which the same code that gets
--- the same answers gives them again; what it asks for there must be the same, byte for byte.

local json = require "core.json"
local place_of = require("lib.recipes.worker.door").place

local M = {}

---@class RecordedEffect
---@field kind EffectKind
---@field name string
---@field input string          packed
---@field serial integer        from 1 on
---@field asked boolean         the worker that runs now has asked for it
---@field fiber? Fiber          that performs it
---@field outcome? { value: any, err: table? }  what it was told
---@field left boolean          the recipe waited no more, and will not again

---@class CallRecord
---@field known table<string, any>  what time and chance said, by place
---@field count integer              effects so far
---@field private effects table<string, RecordedEffect>  by place
local Record = {}
Record.__index = Record

---@param known? table<string, any>
---@return CallRecord
function M.new(known)
  local copy = {}
  for place, answer in pairs(known or {}) do copy[place] = answer end
  return setmetatable({ known = copy, effects = {}, count = 0 }, Record)
end

local function packed(effect)
  return json.pack(effect.input)
end

--- What is known of this effect from an earlier worker; a problem where it is another one than there.
---@param effect Effect
---@return RecordedEffect? entry, string? problem
function Record:find(effect)
  local entry = self.effects[place_of(effect)]
  if not entry then return nil end
  if entry.kind ~= effect.kind or entry.name ~= effect.name then
    return nil, ("it asked for %s '%s' where it had asked for %s '%s'"):format(effect.kind, effect.name, entry.kind, entry.name)
  end
  if entry.input ~= packed(effect) then return nil, ("it asked for %s '%s' with other arguments"):format(effect.kind, effect.name) end
  return entry
end

--- Takes down an effect that is asked for the first time.
---@param effect Effect
---@return RecordedEffect
function Record:add(effect)
  self.count = self.count + 1
  local entry = {
    kind = effect.kind, name = effect.name, input = packed(effect), serial = self.count, asked = true, left = false,
    fiber = nil, outcome = nil,
  }
  self.effects[place_of(effect)] = entry
  return entry
end

--- The entry of a place; nil: none, or one that has its outcome.
---@param message { branch: string, seq: integer }
---@return RecordedEffect?
function Record:open(message)
  local entry = self.effects[place_of(message)]
  return entry and not entry.outcome and not entry.left and entry or nil
end

--- Takes down what the worker has answered itself.
---@param effect Effect
---@param answer any
function Record:note(effect, answer)
  self.known[place_of(effect)] = answer
end

--- The worker has ended: what is asked for from now on comes from another one.
function Record:begin_again()
  for _, entry in pairs(self.effects) do entry.asked = false end
end

--- Ends what is still performed.
function Record:close()
  local effects = self.effects
  self.effects = {}
  for _, entry in pairs(effects) do
    if entry.fiber then entry.fiber:cancel "the call is over" end
  end
end

return M
