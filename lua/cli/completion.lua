--- `rcmcp completion SHELL`: the completion script, made from the commands' own options.

local exit_status = require "cli.shared.exit_status"
local options = require "cli.shared.options"

local M = {
  summary = "Print a completion script for bash, zsh or fish",
  needs_arguments = true,
  hidden = true,
}

local SHELLS = { "bash", "zsh", "fish" }

function M.define(parser)
  parser:argument("shell", "The shell"):choices(SHELLS)
end

-- The whole program as one parser; it is never asked to parse.
local function whole_program()
  local parser = options.argparse()("rcmcp"):add_help(false)
  parser:flag("-h --help", "Show help")
  parser:flag("-V --version", "Print the version")
  for _, name in ipairs(require("cli.cli").commands()) do
    local command = require("cli." .. name)
    local sub = parser:command(name, command.summary .. "."):add_help(false)
    sub:flag("-h --help", "Show this help")
    if command.define then command.define(sub) end
  end
  return parser
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("completion", M, argv)
  if not args then return status end
  local parser = whole_program()
  io.stdout:write(parser["get_" .. args.shell .. "_complete"](parser))
  return exit_status.ok
end

return M
