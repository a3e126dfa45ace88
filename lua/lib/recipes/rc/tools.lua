--- `rc.tools.NAME(input)`

local work = require "lib.recipes.rc.work"

local M = {}

local decoded = setmetatable({}, { __mode = "k" }) ---@type table<Tool, table>  schemas that were kept as text

-- What a tool's parameters are, as a table.
local function schema_of(tool)
  local schema = tool and tool.schema
  if type(schema) ~= "userdata" then return schema end
  decoded[tool] = decoded[tool] or schema:value()
  return decoded[tool]
end

--- Calls a tool and gives its structured content; raises what fails.
---@param state rc.State
---@param name string
---@param input? table
---@param further integer  how many arguments came after the input
---@return any
function M.call(state, name, input, further)
  if input ~= nil and type(input) ~= "table" or further > 0 then
    error(("rc.tools.%s takes one table: rc.tools.%s { name = value }"):format(name, name), 3)
  end
  local plain = input ~= nil and work.import_json(input, "rc.tools." .. name, 3, schema_of(state.find(name))) or {}
  return work.effect_json(state, "tool", name, plain)
end

return M
