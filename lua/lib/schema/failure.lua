--- What a check answers when a value does not fit: nil means that it does.

local M = {}

---@class schema.Failure
---@field message string    "must be …", without the place
---@field keyword string
---@field package path string[]  the innermost step first

---@param keyword string
---@param message string
---@return schema.Failure
function M.new(keyword, message)
  return { keyword = keyword, message = message, path = {} }
end

--- Says that the failure lies one step deeper; returns it.
---@param failure schema.Failure
---@param step string|integer  member name, or 0-based index
---@return schema.Failure
function M.below(failure, step)
  failure.path[#failure.path + 1] = tostring(step)
  return failure
end

--- The same failure, to be led to another place.
---@param failure schema.Failure
---@return schema.Failure
function M.copy(failure)
  return { keyword = failure.keyword, message = failure.message, path = table.move(failure.path, 1, #failure.path, 1, {}) }
end

--- The place, as "overrides/6/inputs/seed"; "" for the value itself.
---@param failure schema.Failure
---@return string
function M.place(failure)
  local steps = {}
  for i = #failure.path, 1, -1 do steps[#steps + 1] = failure.path[i] end
  return table.concat(steps, "/")
end

return M
