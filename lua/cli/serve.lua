--- `rcmcp serve`: the MCP server on standard input and output.

local exit_status = require "cli.shared.exit_status"
local options = require "cli.shared.options"

local M = {
  summary = "Serve MCP on standard input and output",
  epilog = [[
An MCP client starts this.  It ends with the client's end of its standard input, or at SIGINT or SIGTERM, with status 0:
calls that need no wait are still answered, recipes that wait are ended and their clean-ups run.  A second SIGINT, or a
second SIGTERM once the end has begun, ends it at once.  SIGHUP reads the configuration and the recipes again.  Recipes
are Lua files in ~/.config/rcmcp/recipes, in the folders of --recipes and in those that RCMCP_RECIPES names (with ":"
between them); rcmcp recipes shows what became of each.]],
}

function M.define(parser)
  options.settings(parser)
  options.recipes(parser)
end

local function serve(app)
  local log, loop, signal = require "core.log", require "core.loop", require "core.signal"
  local status = exit_status.ok
  local ending <close> = require("lib.app.ending").new(app)
  local transport, message = require("lib.mcp.transports.stdio").run {
    server = app:server(),
    max_line_bytes = app.settings.max_line_bytes,
    on_drain = function() ending:begin() end,
    on_end = function(ended)
      status = ended
      ending:finish()
    end,
  }
  if not transport then
    log.write("error", "cannot read standard input: " .. tostring(message))
    return exit_status.unavailable
  end
  ending:watch(transport)
  local _ <close> = signal.on("HUP", function() require("cli.shared.opening").reload(app) end)
  loop.run()
  return status
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("serve", M, argv)
  if not args then return status end
  local refusal = require("cli.shared.standard_input").refusal "serve"
  if refusal then return refusal end
  local stdio = require "core.stdio"
  stdio.take()
  if stdio.is_terminal(0) then
    io.stderr:write("rcmcp serve: waiting for an MCP client on standard input; end with Ctrl-C. "
      .. "For a call by hand: rcmcp call --help\n")
  end
  local app <close>, failed = require("cli.shared.opening").open(args)
  if not app then return failed end
  return serve(app)
end

return M
