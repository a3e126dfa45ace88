--- Deployments by their name.  A recipe that uses it needs "list_deployments" in its `uses`.

local rc = require "rc"

local M = {}

--- The id of a deployment that is given by its id or its name.
---@param deployment string
---@return string id
function M.id_of(deployment)
  if deployment:find("^%x+%-%x+%-%x+%-%x+%-%x+$") then return deployment end
  local names, found = {}, {}
  for _, item in ipairs(rc.tools.list_deployments().deployments) do
    if item.name == deployment or item.id == deployment then found[#found + 1] = item.id end
    names[#names + 1] = item.name
  end
  if #found == 1 then return found[1] end
  if #found > 1 then rc.fail(("%d deployments are named '%s': give the id of one"):format(#found, deployment), { ids = found }) end
  return rc.fail(("there is no deployment '%s'; there are: %s"):format(deployment, table.concat(names, ", "))) --[[@as any]]
end

return M
