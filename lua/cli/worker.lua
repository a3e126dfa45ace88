--- `rcmcp worker`: what rcmcp starts for the recipes that it runs; of no use by hand, and refused there (src/walls/entry.c).

local exit_status = require "cli.shared.exit_status"

local M = {
  summary = "Run recipes for the rcmcp that starts this",
  hidden = true,
}

--- Runs as a worker.  With arguments the walls were not raised, so that nothing of a recipe is run then.
---@param argv string[]  the arguments behind the subcommand's name
---@return integer status
function M.run(argv)
  if #argv == 0 then return require("lib.recipes.worker.main").run() end
  local wants_help = argv[1] == "--help" or argv[1] == "-h"
  local stream = wants_help and io.stdout or io.stderr
  stream:write("usage: rcmcp worker\n\n", M.summary, "; it takes no arguments, and nobody else can start it.\n")
  return wants_help and exit_status.ok or exit_status.usage
end

return M
