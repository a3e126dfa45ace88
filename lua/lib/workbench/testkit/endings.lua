--- How a run ends before its time: its caller gives up, its client leaves, the host is told to end.  Each as in `rcmcp serve`;
--- see lib.app.ending and lib.mcp.session.

local clock = require "lib.async.clock"
local grace = require "lib.async.grace"
local moments = require "lib.workbench.testkit.moments"
local under_way = require "lib.recipes.run.under_way"

local M = {}

---@class testkit.Endings
---@field package run table        of the kit: options, result, ctx, task
---@field package moments testkit.Moment[]
---@field package timers table[]
local Endings = {}
Endings.__index = Endings

local function cancel(self, why)
  self.run.ctx.cancelled = true
  self.run.task:cancel(why)
end

local function note_end(self)
  self.run.result.ended_at = self.run.result.ended_at or clock.now() - self.run.started
end

-- What the end of the program does when it has begun, and what it says when it can wait no longer.
local function begin_end(self)
  note_end(self)
  under_way.drain()
  table.insert(self.timers, clock.after(grace.UNDO_AT, function() under_way.stop "undo" end))
  table.insert(self.timers, clock.after(grace.ALL, function()
    table.move(under_way.unfinished(), 1, 100, 1, self.run.result.unfinished)
    under_way.stop()
  end))
end

local happens = {}

function happens.cancel_after(self)
  note_end(self)
  cancel(self, "the spec gave up")
end

function happens.leave_after(self)
  self.run.result.left = true
  self.run.ctx:drain()
  begin_end(self)
end

-- As at SIGTERM: where the operator has set that jobs are cancelled, calls that wait are cancelled with them.
function happens.shutdown_after(self)
  self.run.result.shut_down = true
  begin_end(self)
  if self.run.account.runcomfy.cancel_remote_on_client_cancel then cancel(self, "the server ends") else self.run.ctx:drain() end
end

--- A tool is about to be called.
---@param name string
function Endings:begins(name)
  for _, moment in ipairs(self.moments) do moment:begins(name) end
end

--- A tool has answered.
---@param name string
function Endings:ended(name)
  for _, moment in ipairs(self.moments) do moment:ended(name) end
end

function Endings:close()
  for _, list in ipairs { self.moments, self.timers } do
    for _, handle in ipairs(list) do (handle.close or handle.cancel)(handle) end
  end
end
Endings.__close = Endings.close

--- The endings of a run that begins now, by its options `cancel_after`, `leave_after`, `shutdown_after`.
---@param run table
---@return testkit.Endings
function M.new(run)
  local self = setmetatable({ run = run, moments = {}, timers = {} }, Endings)
  for _, name in ipairs { "cancel_after", "leave_after", "shutdown_after" } do
    local when = run.options[name]
    if when ~= nil then table.insert(self.moments, moments.new(when, name, function() happens[name](self) end)) end
  end
  return self
end

return M
