--- The command line: a command is a file in this folder (the folders below it hold what they share).

local didyoumean = require "lib.didyoumean"
local exit_status = require "cli.shared.exit_status"
local host = require "core.host"

local M = {}

--- Names of the commands, sorted.
---@param with_hidden? boolean
---@return string[]
function M.commands(with_hidden)
  local names = {}
  for _, module in ipairs(host.modules("cli.")) do
    local name = module:match("^cli%.([^.]+)$")
    if name and name ~= "cli" and (with_hidden or not require(module).hidden) then names[#names + 1] = name end
  end
  return names
end

--- The help of the program.
---@return string
function M.help()
  local lines = {
    "rcmcp " .. host.version .. ": RunComfy deployments for MCP clients, shells and scripts",
    "",
    "Usage: rcmcp COMMAND [ARGUMENT...]",
    "",
    "Commands:",
  }
  for _, name in ipairs(M.commands()) do
    lines[#lines + 1] = ("  %-11s %s"):format(name, require("cli." .. name).summary)
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "rcmcp COMMAND --help tells more; rcmcp --version prints the version."
  lines[#lines + 1] = "No key at hand? rcmcp call list_deployments --simulate works without one."
  return table.concat(lines, "\n") .. "\n"
end

local function unknown(name)
  io.stderr:write(require("cli.shared.terminal").plain(("rcmcp: unknown command '%s'%s\nTry: rcmcp --help\n"):format(name,
    didyoumean.hint(name, M.commands()))))
  return exit_status.usage
end

-- What stands for itself instead of a command.
local function answer(argv)
  local word = argv[1]
  if word == nil then
    io.stderr:write(M.help())
    return exit_status.usage
  elseif word == "--version" or word == "-V" then
    io.stdout:write("rcmcp ", host.version, "\n")
    return exit_status.ok
  elseif word == "--help" or word == "-h" then
    io.stdout:write(M.help())
    return exit_status.ok
  end
end

--- The command of a name.
---@param name string
---@return Command?
function M.find(name)
  for _, module in ipairs(host.modules("cli." .. name)) do
    if module == "cli." .. name and not name:find("[.]") and name ~= "cli" then return require(module) end
  end
end

local function run(argv)
  local status = answer(argv)
  if status then return status end
  local name, arguments = argv[1], table.move(argv, 2, #argv, 1, { [0] = argv[0] })
  local command = M.find(name)
  if command then return command.run(arguments) end
  return unknown(name)
end

--- Runs the command that the first argument names.
---@param argv string[]
---@return integer status
function M.main(argv)
  return require("cli.shared.output").status(run(argv))
end

return M
