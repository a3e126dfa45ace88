--- Recipe files for specs of the catalog, and calls of what it makes of them.  They are loaded in this process: what a catalog makes of
--- what was loaded is the host's; how a worker loads has specs of its own, and the shipped recipes run there (spec.support.recipes).

local context = require "lib.calls.context"
local fiber = require "lib.async.fiber"
local kit = require "spec.support.mcp"
local loop = require "core.loop"
local registry = require "lib.features.registry"

local M = {}

--- A built-in tool that only reads.
M.BUILTIN = assert(registry.compile(kit.tool {
  name = "list_deployments",
  annotations = { readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = false },
}))

--- The text of a recipe whose tool answers with `version`.
---@param name string
---@param version integer
---@param more? string  further fields
---@return string
function M.source(name, version, more)
  return ([[local rc = require "rc"
return rc.tool { name = %q, description = "A recipe.", %s run = function() return { version = %d } end }
]]):format(name, more or "", version)
end

--- Begins a call of a tool.
---@param tool Tool
---@param arguments? table
---@param ended fun(result: CallResult)
---@return Fiber
function M.begin(tool, arguments, ended)
  return fiber.spawn(function() ended(registry.call(tool, arguments or {}, context.new { tool = tool.name })) end)
end

--- Calls a tool and waits for its result.
---@param tool Tool
---@param arguments? table
---@return CallResult
function M.call(tool, arguments)
  local result
  local task = M.begin(tool, arguments, function(answer) result = answer end)
  while task.status ~= "done" do loop.step(true) end
  return result
end

return M
