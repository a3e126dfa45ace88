--- What rcmcp check finds in the body of a recipe's function, as "line rule: message".

local lint = require "lib.workbench.lint"

local M = {}

local HEAD = 'local rc = require "rc"\nreturn rc.tool { name = "probe", description = "P.", input = { { "x", "string", "X" } },\n'
  .. 'uses = { "submit_request", "get_deployment", "list_deployments" }, run = function(input, ctx)\n'

-- What such short bodies break beside.
local BESIDE = { ["unread-parameter"] = true, ["unknown-parameter"] = true, ["uses-missing"] = true, ["uses-unused"] = true,
  ["missing-field"] = true, ["job-lost"] = true }

--- Lines count from the body's first.
---@param body string
---@param tools? table<string, table>  tools that there are, by name
---@return string[]
function M.of(body, tools)
  local list = {}
  local findings = lint.check_text(HEAD .. body .. "\nend }", "probe.lua", { tool = function(name) return tools and tools[name] end })
  for _, finding in ipairs(findings) do
    if not BESIDE[finding.rule] then list[#list + 1] = ("%d %s: %s"):format((finding.line or 0) - 3, finding.rule, finding.message) end
  end
  return list
end

return M
