--- What a call has asked of its host, in all the workers that have run it: the same code asks for the same again, under the same
--- branch and number.  What came of it is kept by whoever performs it (lib.calls.replay).

local orders = require "lib.recipes.worker.order"
local place_of = require("lib.recipes.worker.door").place

local M = {}

---@class AskedEffect
---@field serial integer   from 1 on
---@field asked boolean    the worker that runs now has asked for it
---@field effect? Effect
---@field fiber? Fiber     that performs it, or did before memory ran out
---@field begun boolean    it may have been performed
---@field outcome? table   what came of that
---@field written_before? integer  what the call had changed outside before
---@field done boolean     it was performed
---@field left boolean     the recipe waited no more, and will not again
---@field cleans boolean   a clean-up asks for it
---@field size integer     bytes of the message that asks for it
---@field behind integer   how many answers had been given when it was asked for first
---@field nth? integer     its answer's place in the order of answers (AnswerOrder), whose links the next three are
---@field following? AskedEffect
---@field is_held boolean
---@field held_before? AskedEffect

---@class AskedEffects
---@field count integer
---@field order AnswerOrder
---@field private is_again boolean  there was another worker before, and this one does not stand yet where that did
---@field private effects table<string, AskedEffect>  by place
local Asked = {}
Asked.__index = Asked

---@return AskedEffects
function M.new()
  return setmetatable({ effects = {}, count = 0, order = orders.new(), is_again = false }, Asked)
end

--- The effect of this branch and number; nil: it is asked for the first time.
---@param place { branch: string, seq: integer }
---@return AskedEffect?
function Asked:at(place)
  return self.effects[place_of(place)]
end

--- The same, where somebody waits for it.
---@param place { branch: string, seq: integer }
---@return AskedEffect?
function Asked:open(place)
  local entry = self:at(place)
  return entry and not entry.done and not entry.left and entry or nil
end

---@param place { branch: string, seq: integer }
---@param cleans boolean
---@return AskedEffect
function Asked:add(place, cleans)
  self.count = self.count + 1
  local entry = { serial = self.count, asked = true, fiber = nil, done = false, left = false, cleans = cleans, size = 0,
    effect = nil, begun = false, outcome = nil, written_before = nil, behind = self.order.count, nth = nil, following = nil,
    is_held = false, held_before = nil } -- room: setting them must not fail
  self.effects[place_of(place)] = entry
  return entry
end

--- The effects whose fiber has ended before they were answered, for want of memory.
---@return AskedEffect[]
function Asked:lost()
  local list = {}
  for _, entry in pairs(self.effects) do
    if not entry.done and not entry.left and entry.fiber and entry.fiber.status == "done" then list[#list + 1] = entry end
  end
  return list
end

--- The recipe waits for nothing of it any more: ends what is still performed, but for clean-ups, and for what another worker is given
--- again.  Where memory runs out it is called again.
---@param on_left fun(entry: AskedEffect)  told of each that was open
function Asked:leave(on_left)
  local open = {}
  for _, entry in pairs(self.effects) do
    if not entry.done and not entry.cleans and not entry.nth then open[#open + 1] = entry end
  end
  table.sort(open, function(a, b) return a.serial < b.serial end)
  for _, entry in ipairs(open) do
    if not entry.left then on_left(entry) end
    entry.left = true
    if entry.fiber then entry.fiber:cancel "the recipe waits no more" end
  end
end

--- What is asked for from now on comes from another worker.
function Asked:begin_again()
  self.is_again = true
  for _, entry in pairs(self.effects) do entry.asked = false end
  self.order:begin_again()
end

--- How many of them the worker that runs now has still to ask for.
---@return integer
function Asked:missing()
  local count = 0
  for _, entry in pairs(self.effects) do count = count + (entry.asked and 0 or 1) end
  return count
end

--- Whether the worker that runs now has still to ask for any, but for those of clean-ups: then it does not stand yet where the one
--- before did.
---@param most? integer  serial of the last that counts
---@return boolean
function Asked:lacks(most)
  if not self.is_again then return false end -- of the first, or known
  for _, entry in pairs(self.effects) do
    if not entry.asked and not entry.cleans and entry.serial <= (most or math.huge) then return true end
  end
  self.is_again = false
  return false
end

--- The call has ended its worker, and is to end where it asked last: it is given what it had been given then.
function Asked:cut()
  local last = 0
  for _, entry in pairs(self.effects) do last = math.max(last, entry.behind) end
  self.order:cut(last)
end

--- Ends what is still performed.  Where memory runs out it is called again.
function Asked:close()
  for _, entry in pairs(self.effects) do
    entry.left = true
    if entry.fiber then entry.fiber:cancel "the call is over" end
  end
  self.effects = {}
end

return M
