--- What the simulated service will do, and when: events in the order of their time.
---
--- An event runs with `now()` at the very moment it was due, however late the loop comes to it, so
--- a run's course does not depend on when somebody looks.  Time is the program's clock plus what
--- `advance` has added; one timer of that clock stands for the earliest event.

local M = {}

---@class sim.Agenda
---@field package clock table
---@field package events sim.Event[]
---@field package offset number     seconds added by hand
---@field package current? number   time of the event that runs now
---@field package serial integer
---@field package timer? table       stands for the earliest event
---@field package closed? boolean
local Agenda = {}
Agenda.__index = Agenda

---@class sim.Event
---@field due number
---@field serial integer
---@field fn? function
local Event = {}
Event.__index = Event

function Event:cancel()
  self.fn = nil
end
Event.__close = Event.cancel

---@param clock table  of lib.async.clock's form: now, wall, after
---@return sim.Agenda
function M.new(clock)
  return setmetatable({ clock = clock, events = {}, offset = 0.0, serial = 0 }, Agenda)
end

--- Seconds of simulated time.
---@return number
function Agenda:now()
  return self.current or self.clock.now() + self.offset
end

--- The same moment in seconds since 1970.
---@return number
function Agenda:wall()
  return self.clock.wall() - self.clock.now() + self:now()
end

local function disarm(self)
  if self.timer then self.timer:cancel() end
  self.timer = nil
end

-- Lets the clock wake the agenda for its earliest event.
local function arm(self)
  disarm(self)
  local first = self.events[1]
  if first and not self.closed then
    local delay = math.max(0, first.due - self.offset - self.clock.now()) --[[@as number]]
    self.timer = self.clock.after(delay, function() self:settle() end)
  end
end

local function earlier(a, b)
  if a.due ~= b.due then return a.due < b.due end
  return a.serial < b.serial
end

--- Calls `fn` once, `seconds` from now.
---@param seconds number
---@param fn function
---@return sim.Event event  with cancel(); a to-be-closed value
function Agenda:after(seconds, fn)
  self.serial = self.serial + 1
  local event = setmetatable({ due = self:now() + math.max(0, seconds), serial = self.serial, fn = fn }, Event)
  local at = #self.events + 1
  while at > 1 and earlier(event, self.events[at - 1]) do at = at - 1 end
  table.insert(self.events, at, event)
  if at == 1 and not self.current then arm(self) end
  return event
end

--- Lets everything happen that is due by now.
function Agenda:settle()
  if self.current or self.closed then return end
  local _ <close> = setmetatable({}, { __close = function()
    self.current = nil
    arm(self)
  end })
  local now = self:now()
  local first = self.events[1]
  while first and (first.due <= now or not first.fn) do
    table.remove(self.events, 1)
    self.current = first.due
    if first.fn then first.fn() end
    first = self.events[1]
  end
end

--- Moves simulated time by hand.
---@param seconds number  0 or more
function Agenda:advance(seconds)
  self.offset = self.offset + seconds
  self:settle()
end

--- Has to be called when the clock's speed has changed.
function Agenda:rearm()
  self:settle()
end

function Agenda:close()
  self.closed = true
  self.events = {}
  disarm(self)
end

return M
