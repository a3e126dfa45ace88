--- Runs one piece of waiting work to its end, for the commands that are not servers.
---
--- Ctrl-C, TERM and the terminal's end (HUP) cancel the work; its clean-ups run, and writes on their way get their answers.
--- A second Ctrl-C or TERM ends the wait for all that.  A second HUP does not: when a terminal closes, both the shell and the
--- kernel send one (POSIX, exit(): the controlling process), and nobody asks for haste.

local clock = require "lib.async.clock"
local core_clock = require "core.clock"
local fiber = require "lib.async.fiber"
local late = require "lib.async.late"
local log = require "core.log"
local loop = require "core.loop"
local signal = require "core.signal"
local timer = require "core.timer"

local M = {}

local SAME = 0.05   -- seconds within which several signals are one: timeout(1), say, sends its own twice
local LINGER = 2    -- seconds that writes which had begun have for their answers, where no recipe cleans up
local HURRY = 0.4   -- seconds before these at which what has come of such answers counts
local LONGEST = 12  -- seconds after which even clean-ups are given up

---@alias SignalName "INT"|"TERM"|"HUP"

---@class Interruption  of a run, from the first signal on
---@field package app App
---@field package task Fiber
---@field package on_interrupt? fun(name: SignalName)
---@field package last? number       moment of the latest signal, on the real clock
---@field package hurried? boolean   a second one has come
---@field package handles core.Handle[]
---@field cut? boolean             what has not ended is not waited for any longer
local Interruption = {}
Interruption.__index = Interruption

local function recipes_run(app)
  return app.recipe_calls ~= nil and app.recipe_calls.count() > 0
end

local function any_open(writes)
  for _, write in ipairs(writes) do
    if write:is_open() then return true end
  end
  return false
end

local function keep(self, handle)
  table.insert(self.handles, handle)
end

local function cut(self)
  self.cut = true
end

-- What has come of the answers to writes counts, in time for what their callers have to say.
local function hurry_writes(app)
  if app.writes then app.writes:hurry() end
end

local function begin(self, name)
  local app = self.app
  local begun = app.writes and app.writes:all() or {}
  keep(self, late.after(LINGER, function()
    if any_open(begun) and not recipes_run(app) then cut(self) end
  end))
  for _, seconds in ipairs { LINGER, LONGEST } do
    keep(self, timer.after((seconds - HURRY) * 1000 // 1, function() hurry_writes(app) end))
  end
  keep(self, late.after(LONGEST, function() cut(self) end))
  if self.on_interrupt then self.on_interrupt(name) end
  self.task:cancel("interrupted")
end

-- What a write that is on its way has begun is named only in its answer.
local function hurry(self)
  local writes = self.app.writes
  if self.hurried or not writes or writes:sent() == 0 then return cut(self) end
  self.hurried = true
  keep(self, writes:linger(LINGER * clock.speed(), function()
    keep(self, timer.next_turn(function() cut(self) end)) -- whoever waits for the answer has read it by then
  end))
end

local function on_signal(self, name)
  local now, last = core_clock.monotonic(), self.last
  self.last = now
  if not last then return begin(self, name) end
  if now - last < SAME then return end
  if name ~= "HUP" then return hurry(self) end
  for _, line in ipairs(self.app:unfinished()) do log.write("warning", line) end
end

local function watch(app, on_interrupt)
  local self = setmetatable({ app = app, on_interrupt = on_interrupt, handles = {} }, Interruption)
  for _, name in ipairs { "INT", "TERM", "HUP" } do
    if not (name == "HUP" and signal.is_ignored "HUP") then -- nohup
      keep(self, signal.on(name, function() on_signal(self, name) end))
    end
  end
  return self
end

function Interruption:__close()
  for _, handle in ipairs(self.handles) do handle:cancel() end
end

local function outcome(interruption, task)
  if task.status ~= "done" then return "cut" end
  local result = table.pack(task:join()) ---@type table
  if result[1] then return "done", table.unpack(result, 2, result.n) end
  return interruption.last and fiber.is_cancelled(result[2]) and "interrupted" or "failed", result[2]
end

--- Runs `fn` in a fiber while the loop turns.
---@param app App
---@param fn fun(): any
---@param on_interrupt? fun(name: SignalName)  the first signal has come, and the fiber is about to be cancelled
---@return "done"|"failed"|"interrupted"|"cut" how  cut: it has not ended, and is not waited for any longer
---@return any ...  what it returned, or the error that it failed with
function M.to_end(app, fn, on_interrupt)
  local interruption <close> = watch(app, on_interrupt)
  local task = fiber.spawn(fn)
  task.quiet, interruption.task = true, task
  while task.status ~= "done" and not interruption.cut do
    if not loop.step(true) and task.status ~= "done" then error("the loop has nothing left to wait for", 0) end
  end
  return outcome(interruption, task)
end

return M
