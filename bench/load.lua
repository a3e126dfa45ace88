--- The load of the machine while something is measured: what else wants its processors makes figures worse.

local statistics = require "statistics"

local M = {}

---@class Load
---@field private values number[]
local Load = {}
Load.__index = Load

---@return Load
function M.new()
  return setmetatable({ values = {} }, Load)
end

-- Of the last minute; nil where the system does not tell.
local function average()
  local file <close> = io.open "/proc/loadavg"
  return file and file:read "n"
end

--- Looks at the load now.
function Load:sample()
  self.values[#self.values + 1] = average()
end

--- What was seen, in words.
---@return string
function Load:text()
  if #self.values == 0 then return "load unknown" end
  return ("load average %.1f to %.1f"):format(math.min(table.unpack(self.values)), math.max(table.unpack(self.values)))
end

--- The median of what was seen; nil where the system does not tell.
---@return number?
function Load:median()
  return self.values[1] and statistics.median(self.values)
end

return M
