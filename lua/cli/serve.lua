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

M.INSTRUCTIONS = "Drives RunComfy Serverless deployments: ComfyUI workflows on cloud GPUs. Running requests cost the user "
  .. "money. Begin with list_deployments; get_deployment with include_payload=true shows a workflow's nodes and inputs. "
  .. "submit_request sends one request; change inputs through overrides by node id. A cold start takes minutes: wait with "
  .. "wait_for_completion=true, and when the result says pending, ask get_request_status with the ids in it instead of "
  .. "submitting again; a recipe that says pending goes on: call it again with the same arguments, or run_recipe with collect. "
  .. "get_request_result gives the outputs' URLs, kept for seven days."

local function instructions(program)
  if not program.simulated then return M.INSTRUCTIONS end
  return require("cli.shared.simulated").INSTRUCTIONS .. "\n\n" .. M.INSTRUCTIONS
end

local function serve(program)
  local host, log, loop, signal = require "core.host", require "core.log", require "core.loop", require "core.signal"
  local recipes = program:may_have_recipes()
  local live = recipes and program.settings.hot_reload
  if recipes then require("lib.recipes.rc.lines").limit(true) end
  local server ---@type Server
  server = require("lib.mcp.server").new {
    snapshot = program:snapshot_on_demand(function(snapshot) server:tools_changed(snapshot) end),
    version = host.version,
    title = "RunComfy",
    instructions = instructions(program),
    list_changed = live,
    ttl_ms = live and 0 or nil,
    offers = { prompts = recipes, resources = recipes },
    account = function() return program:account() end,
    patience = function(client, listens)
      return require("lib.mcp.patience").seconds(program.settings.wait_slice, client, listens)
    end,
  }
  local status = exit_status.ok
  local ending <close> = require("cli.shared.ending").new(program)
  local transport, message = require("lib.mcp.transports.stdio").run {
    server = server,
    max_line_bytes = program.settings.max_line_bytes,
    grace = ending.GRACE,
    on_leave = function() ending:begin() end,
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
  local _ <close> = signal.on("HUP", function() program:reload() end)
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
  local program <close>, failed = require("cli.shared.program").open(args)
  if not program then return failed end
  return serve(program)
end

return M
