--- Clean-ups that fail: the writes that they make are answered with errors.

local M = {}

---@class testkit.FailingCleanup
---@field status? integer   default 503
---@field count? integer    how many requests fail; default: all.  Writes that may be repeated are, while there is time
---@field message? string
---@field lost? boolean     what was asked is done, and the answer is lost

local FIELDS = { status = "number", count = "number", message = "string", lost = "boolean" }

local function read(option)
  if option == true then return {} end
  if type(option) ~= "table" then error("failing_cleanup takes true, or { status = …, count = …, message = …, lost = … }", 0) end
  for name, value in pairs(option) do
    if type(value) ~= FIELDS[name] then
      error(("failing_cleanup: %s"):format(FIELDS[name] and ("'%s' must be a %s"):format(name, FIELDS[name])
        or ("there is no field '%s'; it takes count, lost, message, status"):format(tostring(name))), 0)
    end
  end
  return option
end

local function only_reads(scope)
  if scope.reads then return true end
  for _, hint in ipairs(scope.tool.annotations) do
    if hint[1] == "readOnlyHint" then return hint[2] end
  end
  return false
end

---@class testkit.Failing
---@field package writing integer  writes of clean-ups that are under way
local Failing = {}
Failing.__index = Failing

--- A link of the chain of effects that makes calls of tools; in a clean-up their requests fail.
---@return Interceptor
function Failing:link()
  return function(effect, proceed, scope)
    if effect.kind ~= "tool" or not scope.cleans or only_reads(scope) then return proceed() end
    self.writing = self.writing + 1
    local _ <close> = setmetatable({}, { __close = function() self.writing = self.writing - 1 end })
    return proceed()
  end
end

--- Spoils the clean-ups of a run.
---@param option true|testkit.FailingCleanup
---@param sim? sim.Server  none: a tape is played
---@return testkit.Failing
function M.new(option, sim)
  local given = read(option)
  if not sim then error("failing_cleanup needs the simulator, and a tape is played", 0) end
  local self = setmetatable({ writing = 0 }, Failing)
  assert(sim:fault {
    kind = given.lost and "drop" or "status", handled = given.lost, status = given.status, message = given.message,
    forever = given.count == nil or nil, count = given.count,
    when = function(method) return self.writing > 0 and method ~= "GET" end,
  })
  return self
end

return M
