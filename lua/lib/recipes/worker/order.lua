--- The order in which a call is given the answers to what it asks for.  Branches that run beside each other see what the others have
--- done, so another worker, which runs the call again, is given them in the order in which they were given first.
---
--- The lists are links within the entries: nothing here needs memory, so none of it is done by half.

local M = {}

---@class AnswerOrder
---@field count integer                 answers that were given
---@field private first? AskedEffect    of these
---@field private last? AskedEffect
---@field private at? AskedEffect       the last of them that this worker was given; nil: none was
---@field private held? AskedEffect     the first that was answered before its turn
---@field private last_held? AskedEffect
---@field private end_at integer        so many had been given when the call was to end
local Order = {}
Order.__index = Order

---@return AnswerOrder
function M.new()
  return setmetatable({ count = 0, first = nil, last = nil, at = nil, held = nil, last_held = nil, end_at = 0 }, Order)
end

-- The one whose turn it is; nil: all that were given before are given again.  What the recipe has left has no turn.
---@return AskedEffect?
local function next_of(self)
  local entry
  if self.at then entry = self.at.following else entry = self.first end
  while entry and entry.left do
    self.at = entry
    entry = entry.following
  end
  return entry
end

--- It was given.
---@param entry AskedEffect
function Order:went(entry)
  if next_of(self) == entry then
    self.at = entry
  elseif not entry.nth then -- else the order was given up, and it comes out of it
    if self.last then self.last.following = entry else self.first = entry end
    self.at, self.last, self.count = entry, entry, self.count + 1
    entry.nth = self.count
  end
end

-- Code that cleans up is at its end already, whatever it had asked for before: it has what it needs for that.
local function may_be_new(entry, given_only)
  return not given_only or entry.cleans
end

--- Whether an answer may be given now.
---@param entry AskedEffect
---@param given_only boolean  none that was not given before, but for clean-ups
---@return boolean
function Order:may_go(entry, given_only)
  local next = next_of(self)
  if next then return next == entry end
  return may_be_new(entry, given_only)
end

-- What is answered before its turn -----------------------------------------------------------------------

--- Keeps one for its turn.
---@param entry AskedEffect
function Order:hold(entry)
  if entry.is_held then return end
  entry.is_held, entry.held_before = true, nil
  if self.last_held then self.last_held.held_before = entry else self.held = entry end
  self.last_held = entry
end

-- Drops the first of those that are held.
local function drop_held(self)
  local entry = self.held
  self.held = entry.held_before
  if not self.held then self.last_held = nil end
  entry.is_held, entry.held_before = false, nil
end

local function first_held(self)
  while self.held and (self.held.left or self.held.done) do drop_held(self) end
  return self.held
end

--- One that is held and whose turn has come.
---@param given_only boolean
---@return AskedEffect?
function Order:ready(given_only)
  local next, held = next_of(self), first_held(self)
  if next then return next.is_held and not next.done and next or nil end
  while held and (held.left or held.done or not may_be_new(held, given_only)) do held = held.held_before end
  return held
end

--- Whether it holds answers for want of one that nobody has asked for again.
---@return boolean
function Order:is_stuck()
  local next = next_of(self)
  return next ~= nil and not next.asked and first_held(self) ~= nil
end

--- The code does something else than before: what is held has its turn.
function Order:give_up()
  self.at = self.last
end

-- Ends, and other workers -------------------------------------------------------------------------------

--- The call is to end behind what was given so far.
function Order:mark_end()
  self.end_at = self.count
end

--- The call has ended its worker, and is to end before: what was given behind its last question may have been what it ended by.
---@param count integer  answers that had been given when that came
function Order:cut(count)
  local entry, last = self.first, nil
  while entry do
    local following = entry.following
    if entry.nth == count then entry.following, last = nil, entry end
    if entry.nth > count then entry.following, entry.nth = nil, nil end
    entry = following
  end
  if not last then self.first = nil end
  self.last, self.count, self.end_at = last, count, 0
end

--- Whether all was given again that had been given when the call was to end.
---@return boolean
function Order:is_at_end()
  return next_of(self) == nil or self.end_at <= (self.at and self.at.nth or 0)
end

--- Another worker runs the call.
function Order:begin_again()
  while self.held do drop_held(self) end
  self.at = nil
end

return M
