--- Why the simulator would refuse a request, without its being sent: for dry runs of a simulation.

local overrides = require "lib.sim.overrides"

local M = {}

-- "6.inputs.steps: Value 0 smaller than min of 1"; `loc` begins with "body" and the field.
local function text_of(entry)
  local place = table.concat(entry.loc, ".", 3)
  return place == "" and entry.msg or place .. ": " .. entry.msg
end

--- What is wrong with the node inputs of a request.
---@param workflow? table  the deployment's graph, as JSON is decoded; nil: it is not known
---@param input { overrides: table?, workflow_api_json: table? }  as JSON is decoded
---@return string[]
function M.problems(workflow, input)
  local ok, problem = true, nil ---@type boolean?, table?
  if input.workflow_api_json then
    ok, problem = overrides.check_graph(input.workflow_api_json)
  elseif workflow and input.overrides then
    ok, problem = overrides.check(workflow, input.overrides)
  end
  local list = {}
  for i, entry in ipairs(not ok and problem and problem.detail or {}) do list[i] = text_of(entry) end
  return list
end

return M
