--- The command line: finds the subcommand and runs it.

local M = {}

---@param argv string[]
---@return integer status
function M.main(argv)
  local name = argv[1]
  local command = require("cli." .. name)
  return command.run(table.move(argv, 2, #argv, 1, {}))
end

return M
