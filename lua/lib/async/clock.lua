--- The program's clock: what waits for the API, and the simulator itself, measure time with it.
---
--- It runs at any speed (`rcmcp … --simulate --speed 60`), or by hand: under `virtual()` time stands
--- still while anything else is going on, and jumps to the next timer when nothing is, so that a
--- five-minute wait takes milliseconds and is the same at each run.  Time-outs of real transfers
--- are libcurl's own and always real.

local budgets = require "core.budget"
local core_clock = require "core.clock"
local fiber = require "lib.async.fiber"
local http = require "core.http"
local httpd = require "core.httpd"
local loop = require "core.loop"
local timer = require "core.timer"
local turn = require "lib.async.turn"

local M = {}

local speed = 1.0
local origin_monotonic, origin_wall = core_clock.monotonic(), core_clock.wall()
local base = 0.0 -- seconds on this clock at origin
local driven ---@type VirtualClock?

---@class VirtualClock
---@field package time number
---@field package queue table[]
local VirtualClock = {}
VirtualClock.__index = VirtualClock

--- Seconds on the program's clock; starts near 0 and never goes back.
---@return number
function M.now()
  if driven then return driven.time end
  return base + (core_clock.monotonic() - origin_monotonic) * speed
end

--- Seconds since 1970, running at the clock's speed since the program's start.
---@return number
function M.wall()
  return origin_wall + M.now()
end

--- ISO 8601 text of a moment of `wall()`, UTC, with milliseconds.
---@param seconds? number  default: now
---@return string
function M.iso(seconds)
  local t = seconds or M.wall()
  local whole = math.floor(t)
  local milliseconds = math.floor((t - whole) * 1000)
  return os.date("!%Y-%m-%dT%H:%M:%S", whole) .. string.format(".%03dZ", milliseconds)
end

local VirtualTimer = {}
VirtualTimer.__index = VirtualTimer

function VirtualTimer:cancel()
  self.fn = nil
end
VirtualTimer.__close = VirtualTimer.cancel

-- Earliest first; among equals the one that was started first.
local function earlier(a, b)
  if a.due ~= b.due then return a.due < b.due end
  return a.serial < b.serial
end

-- The queue is a binary heap: the earliest first, each entry no later than its two children.

local function push(heap, entry)
  local at = #heap + 1
  while at > 1 and earlier(entry, heap[at // 2]) do
    heap[at] = heap[at // 2]
    at = at // 2
  end
  heap[at] = entry
end

local function pop(heap)
  local first, last = heap[1], table.remove(heap)
  local size, at = #heap, 1
  if size == 0 then return first end
  while 2 * at <= size do
    local child = 2 * at
    if child < size and earlier(heap[child + 1], heap[child]) then child = child + 1 end
    if not earlier(heap[child], last) then break end
    heap[at] = heap[child]
    at = child
  end
  heap[at] = last
  return first
end

function VirtualClock:after(seconds, fn)
  self.serial = self.serial + 1
  local entry = setmetatable({ due = self.time + math.max(0, seconds), serial = self.serial, fn = fn }, VirtualTimer)
  push(self.queue, entry)
  return entry
end

--- Calls `fn` once, `seconds` from now on this clock, from the loop.
---@param seconds number
---@param fn function
---@return core.Handle
function M.after(seconds, fn)
  if driven then return driven:after(seconds, fn) --[[@as core.Handle]] end
  return timer.after(math.max(0, math.ceil(seconds / speed * 1000)), fn)
end

--- Waits, in a fiber.
---@param seconds number
function M.sleep(seconds)
  fiber.await(M.after, seconds)
end

--- Makes the clock run `factor` times as fast from now on.  Timers already started keep their moment.
---@param factor number  above 0
function M.set_speed(factor)
  base, origin_monotonic = M.now(), core_clock.monotonic()
  speed = factor
end

---@return number
function M.speed()
  return speed
end

--- Takes the clock in hand; `close()` gives it back.  One at a time.
---@return VirtualClock
function M.virtual()
  assert(not driven, "the clock is already driven by hand")
  -- From a whole second on, sums of usual waits are exact and the same at each run.
  driven = setmetatable({ time = math.ceil(M.now()) + 0.0, queue = {}, serial = 0 }, VirtualClock)
  return driven
end

-- Fires the next timer, moving time to it; false if there is none up to `limit`.
local function fire_next(self, limit)
  local entry = self.queue[1]
  if not entry or entry.due > limit then return false end
  pop(self.queue)
  if entry.fn then
    budgets.new_turn()
    self.time = math.max(self.time, entry.due)
    entry.fn()
  end
  return true
end

local held = 0 -- by how many

local Hold = {}
Hold.__index = Hold

function Hold:close()
  if self.closed then return end
  self.closed = true
  held = held - 1
end
Hold.__close = Hold.close

--- Whether the clock is driven by hand.
---@return boolean
function M.is_virtual()
  return driven ~= nil
end

--- Holds a clock that is driven by hand, while another process works: time stands still until the hold is closed.
---@return table hold
function M.hold()
  held = held + 1
  return setmetatable({ closed = false }, Hold)
end

--- Whether anybody holds it.
---@return boolean
function M.is_held()
  return held > 0
end

-- Whether something is under way that does not itself wait for this clock: a transfer, an answer that is
-- there already, the work of another process.
local function transfers_move()
  return held > 0 or turn.deferred() > 0 or http.active() > httpd.pending()
end

--- Lets time run until `done()` is true: real events first, then the next timer, at once.
---@param done fun(): boolean
---@param limit? number  seconds of this clock after which it raises; default a day
function VirtualClock:run_until(done, limit)
  local deadline = self.time + (limit or 86400)
  while not done() do
    if transfers_move() then
      loop.step(true)
    elseif not fire_next(self, deadline) then
      if self.queue[1] then error("virtual clock: the wait is longer than its limit", 2) end
      if not loop.step(true) then error("virtual clock: nothing left that could end the wait", 2) end
    end
  end
end

--- Runs `fn` in a fiber and lets time run until it ends; returns what it returned, raises what it raised.
---@param fn function
---@param ... any
---@return any ...
function VirtualClock:run(fn, ...)
  local task = fiber.spawn(function(...) return fn(...) end, ...)
  task.quiet = true
  self:run_until(function() return task.status == "done" end)
  local results = table.pack(task:join())
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

--- Moves time by `seconds`, firing what falls due and letting transfers finish in between.
---@param seconds number
function VirtualClock:advance(seconds)
  local target = self.time + seconds
  repeat
    while transfers_move() do loop.step(true) end
  until not fire_next(self, target)
  self.time = target
end

--- Gives the clock back to real time; it goes on from where it stands.
function VirtualClock:close()
  base, origin_monotonic = self.time, core_clock.monotonic()
  driven = nil
end
VirtualClock.__close = VirtualClock.close

return M
