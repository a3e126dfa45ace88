--- `rcmcp lua FILE [ARG...]`: runs a Lua file inside the program, with the core modules at hand.

local exit_status = require "cli.shared.exit_status"

local M = {
  summary = "Run a Lua file inside the program, as its specs are",
  usage = "FILE [ARGUMENT...]",
}

-- An installed lua-cjson comes first: a script for the interpreter means what it finds.
local function add_cjson()
  local made
  table.insert(package.searchers, function(name)
    if name ~= "cjson" and name ~= "cjson.safe" then return ("no module '%s' inside the program"):format(name) end
    made = made or require("lib.cjson").modules()
    return made[name]
  end)
end

--- Runs a script, as the stand-alone interpreter would.
---@param argv string[]  the arguments behind the subcommand's name
---@return integer status
function M.run(argv)
  local file = argv[1]
  if not file or file == "--help" then
    local stream = file and io.stdout or io.stderr
    stream:write(("usage: rcmcp lua %s\n\n%s.\n"):format(M.usage, M.summary))
    return file and exit_status.ok or exit_status.usage
  end
  local arg = table.move(argv, 2, #argv, 1, { [0] = file, [-1] = "lua", [-2] = argv[0] })
  _G.arg = arg
  add_cjson()
  require("cli.shared.output").at_exit(function(code) return code end)
  local chunk, err = loadfile(file)
  if not chunk then
    io.stderr:write(require("cli.shared.terminal").plain("rcmcp lua: " .. err), "\n")
    return exit_status.bad_input
  end
  chunk(table.unpack(arg))
  return 0
end

return M
