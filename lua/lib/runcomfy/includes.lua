--- The parts of a deployment that the API gives on demand.

local M = {}

--- The `includes` that a tool's flags ask for; nil for none.
---@param input { include_payload: boolean?, include_readme: boolean? }
---@return string[]?
function M.of(input)
  local list = {}
  if input.include_payload then list[#list + 1] = "payload" end
  if input.include_readme then list[#list + 1] = "readme" end
  return #list > 0 and list or nil
end

return M
