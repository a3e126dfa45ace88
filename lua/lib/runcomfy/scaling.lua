--- How a deployment grows and shrinks: the parameters that create and update share, and their rule.

local parameters = require "lib.parameters"

local M = {}

local LIST = {
  { "min_instances", "Instances that are always on, billed all the time; saves the cold start of 3 to 5 minutes", 0, 30 },
  { "max_instances", "Most instances at once, at least min_instances", 1, 60 },
  { "queue_size", "Requests that wait for an instance before another one starts", 0 },
  { "keep_warm_duration_in_seconds", "Seconds that an idle instance stays on, billed", 0 },
}

--- The four parameters, with these defaults; optional ones without.
---@param defaults? table<string, integer>
---@return Parameter[]
function M.parameters(defaults)
  local list = {}
  for i, entry in ipairs(LIST) do
    list[i] = {
      entry[1], "integer", entry[2], minimum = entry[3], maximum = entry[4],
      default = defaults and defaults[entry[1]], optional = not defaults, empty = "refused",
    }
  end
  return list
end

--- max_instances is at least min_instances, where both are known.
---@param values { min_instances: integer?, max_instances: integer? }
---@return true|nil ok, Error?
---@return_overload true
---@return_overload nil, Error
function M.check(values)
  local min, max = values.min_instances, values.max_instances
  if not min or not max or max >= min then return true end
  return nil, parameters.invalid("max_instances", ("Field 'max_instances' must be at least min_instances (%d), got %d."):format(min, max))
end

return M
