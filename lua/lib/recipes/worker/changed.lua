--- What a call that runs in a worker has changed, in words: what somebody must look at where its clean-ups were lost.

local M = {}

local MOST = 10        -- that are named; the others are counted
local MOST_VALUE = 200 -- bytes of an id

---@class ChangedList
---@field private words string[]  each named once
---@field private known table<string, true>
---@field private further integer
local Changed = {}
Changed.__index = Changed

---@return ChangedList
function M.new()
  return setmetatable({ words = {}, known = {}, further = 0 }, Changed)
end

-- Ids alone: other members may hold a secret.
local function ids_of(input)
  local ids = {}
  for name, value in pairs(type(input) == "table" and input or {}) do
    if type(name) == "string" and name:sub(-3) == "_id" and type(value) == "string" and #value <= MOST_VALUE then
      ids[#ids + 1] = name .. " " .. value
    end
  end
  table.sort(ids)
  return ids
end

local function words_of(effect)
  local ids = ids_of(effect.input)
  local name = effect.kind == "tool" and effect.name or effect.kind .. " " .. effect.name
  return #ids > 0 and ("%s (%s)"):format(name, table.concat(ids, ", ")) or name
end

local function add(self, effect)
  local words = words_of(effect)
  if self.known[words] then return end
  if #self.words < MOST then
    self.words[#self.words + 1] = words
    self.known[words] = true
  else
    self.further = self.further + 1
  end
end

--- Notes an effect that may have changed something; one for whose words there is no memory is counted.
---@param effect Effect
function Changed:note(effect)
  if not pcall(add, self, effect) then self.further = self.further + 1 end
end

---@return string? words  nil: nothing
function Changed:told()
  local parts = table.move(self.words, 1, #self.words, 1, {})
  if self.further > 0 then parts[#parts + 1] = ("%d more"):format(self.further) end
  return #parts > 0 and table.concat(parts, ", ") or nil
end

return M
