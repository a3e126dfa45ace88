--- When something happens to a run: after so many seconds, or at a call of a tool.

local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"

local M = {}

---@alias testkit.When number|string|{ [1]: string, count: integer?, before: boolean? }

---@class testkit.Moment
---@field package name? string     of the tool
---@field package left integer     calls of it until then
---@field package before boolean   when the call begins, rather than when it has its answer
---@field package fire? fun()
---@field package timer? table
local Moment = {}
Moment.__index = Moment

local FIELDS = { [1] = "string", count = "number", before = "boolean" }

local function check_table(when, what)
  for name, value in pairs(when) do
    if FIELDS[name] == nil then
      error(("%s has no field '%s'; it takes a tool's name, count and before"):format(what, tostring(name)), 0)
    end
    if type(value) ~= FIELDS[name] then error(("%s: '%s' must be a %s"):format(what, tostring(name), FIELDS[name]), 0) end
  end
  if not when[1] then error(("%s names no tool"):format(what), 0) end
end

-- Not from within the call that it struck: what was struck is told in a turn of its own, when the recipe, in its worker, has done with
-- an answer what it does at once.
function Moment:strike()
  local fire = self.fire
  self.fire = nil
  if not fire then return end
  fiber.spawn(function()
    repeat fiber.next_turn() until not clock.is_held()
    fire()
  end)
end

function Moment:noted(name)
  if name ~= self.name then return end
  self.left = self.left - 1
  if self.left == 0 then self:strike() end
end

--- A tool is about to be called.
---@param name string
function Moment:begins(name)
  if self.before then self:noted(name) end
end

--- A tool has answered.
---@param name string
function Moment:ended(name)
  if not self.before then self:noted(name) end
end

function Moment:close()
  if self.timer then self.timer:cancel() end
end
Moment.__close = Moment.close

--- Calls `fn` once, at a moment of a run that begins now.
---@param when testkit.When
---@param what string  for messages: "cancel_after"
---@param fn fun()
---@return testkit.Moment
function M.new(when, what, fn)
  local self = setmetatable({ fire = fn, left = 1, before = false }, Moment)
  if type(when) == "number" then
    self.timer = clock.after(when, fn)
  elseif type(when) == "string" then
    self.name = when
  elseif type(when) == "table" then
    check_table(when, what)
    self.name, self.left, self.before = when[1], when.count or 1, when.before == true
  else
    error(("%s takes seconds, or the name of a tool, got %s"):format(what, type(when)), 0)
  end
  return self
end

return M
