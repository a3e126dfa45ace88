--- `rc.tools.NAME(input)`

local calls = require "lib.recipes.rc.calls"
local work = require "lib.recipes.rc.work"

local M = {}

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
  local plain = input ~= nil and work.import(input, "rc.tools." .. name, 3) or {}
  return work.run_json(calls.perform_text, state, name, plain)
end

return M
