--- How `rcmcp serve` ends: at the end of its input, at SIGTERM, at SIGINT, and where nobody reads its output.
---
--- What costs money is seen to at once, and all is done, or named in the log, within the times of lib.async.grace; where nobody
--- kills, clean-ups have the time that is theirs.

local clock = require "lib.async.clock"
local core_clock = require "core.clock"
local fiber = require "lib.async.fiber"
local grace = require "lib.async.grace"
local late = require "lib.async.late"
local log = require "core.log"
local loop = require "core.loop"
local signal = require "core.signal"
local timer = require "core.timer"

local M = {}

local HURRY = 0.4 -- seconds before grace.ALL at which what has come of answers to writes counts
local LAST_WORD = 0.3 -- seconds for writes that begin at the very end: the cancel of a job

---@class Ending
---@field private app App
---@field private began? number       on the real clock
---@field private finishing? boolean
---@field private interrupts integer
---@field private terminations integer  since it began
---@field private told table<string, true>
---@field private handles core.Handle[]
local Ending = {}
Ending.__index = Ending

---@param app App
---@return Ending
function M.new(app)
  return setmetatable({ app = app, interrupts = 0, terminations = 0, told = {}, handles = {} }, Ending)
end

local function keep(self, handle)
  table.insert(self.handles, handle)
end

local function elapsed(self)
  return core_clock.monotonic() - self.began
end

-- Names what has not ended, each thing once.
local function report(self)
  for _, line in ipairs(self.app:unfinished()) do
    if not self.told[line] then log.write("warning", line) end
    self.told[line] = true
  end
end

--- The end begins: nobody asks for anything more.  Does nothing the second time.
function Ending:begin()
  if self.began then return end
  self.began = core_clock.monotonic()
  local app = self.app
  if app.recipe_calls then app.recipe_calls.drain() end
  keep(self, timer.after(grace.UNDO_AT * 1000, function()
    if app.recipe_calls then app.recipe_calls.stop "undo" end
  end))
  keep(self, timer.after((grace.ALL - HURRY) * 1000 // 1, function() -- in time for the answers of their calls
    if app.writes then app.writes:hurry() end
  end))
  keep(self, late.after(grace.ALL + 0.05, function() report(self) end)) -- after the connection's own end
end

local function wait_for_all(self)
  local recipes, writes = self.app.recipe_calls, self.app.writes
  if recipes and recipes.count() > 0 then fiber.await(recipes.wait, math.max(0, grace.LONGEST - elapsed(self))) end
  if writes and writes:count() > 0 then
    fiber.await(writes.linger, writes, math.max(LAST_WORD, grace.ALL - elapsed(self)) * clock.speed())
  end
  report(self)
  loop.stop()
end

--- The connection has ended: what is under way is waited for, then the loop stops.
function Ending:finish()
  if self.finishing then return end
  self.finishing = true
  self:begin()
  if self.app.recipe_calls then self.app.recipe_calls.stop() end
  fiber.spawn(wait_for_all, self)
end

local function cut(self)
  report(self)
  loop.stop()
end

--- Watches the signals that end the program.
---@param transport StdioTransport
function Ending:watch(transport)
  local function drain() transport:drain(self.app:cancels_remote()) end
  keep(self, signal.on("TERM", function()
    if not self.began then return drain() end
    self.terminations = self.terminations + 1
    if self.terminations > 1 then cut(self) end
  end))
  keep(self, signal.on("INT", function()
    self.interrupts = self.interrupts + 1
    if not self.began then return drain() end
    if self.interrupts > 1 then cut(self) end
  end))
end

function Ending:close()
  for _, handle in ipairs(self.handles) do handle:cancel() end
end
Ending.__close = Ending.close

return M
