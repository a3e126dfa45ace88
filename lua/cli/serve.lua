--- `rcmcp serve`: the MCP server on standard input and output.

local exit_status = require "cli.shared.exit_status"
local options = require "cli.shared.options"

local LINGER = 2 -- seconds; official clients kill 2 s after SIGTERM

local M = {
  summary = "Serve MCP on standard input and output",
  epilog = [[
An MCP client starts this.  It ends with the client's end of its standard input, or at SIGINT or SIGTERM, with status 0;
SIGHUP reads the configuration and the recipes again.  Recipes are Lua files in ~/.config/rcmcp/recipes, in the folders
of --recipes and in those that RCMCP_RECIPES names (with ":" between them); rcmcp recipes shows what became of each.]],
}

function M.define(parser)
  options.settings(parser)
  options.recipes(parser)
end

M.INSTRUCTIONS = "Drives RunComfy Serverless deployments: ComfyUI workflows on cloud GPUs. Running requests cost the user "
  .. "money. Begin with list_deployments; get_deployment with include_payload=true shows a workflow's nodes and inputs. "
  .. "submit_request sends one request; change inputs through overrides by node id. A cold start takes minutes: wait with "
  .. "wait_for_completion=true, and when the result says pending, ask get_request_status with the ids in it instead of "
  .. "submitting again. get_request_result gives the outputs' URLs, kept for seven days."

local function instructions(program)
  if not program.simulated then return M.INSTRUCTIONS end
  return require("cli.shared.simulated").INSTRUCTIONS .. "\n\n" .. M.INSTRUCTIONS
end

-- The answers of writes that are on their way are waited for, a little: they may cost money, and hold ids.
local function linger(loop, log)
  local writes = package.loaded["lib.runcomfy.writes"]
  if not writes or writes.count() == 0 then return end
  writes.linger(LINGER, function(lost)
    for _, line in ipairs(lost) do log.write("warning", line) end
    loop.stop()
  end)
  loop.run()
end

local function serve(program)
  local host, log, loop, signal = require "core.host", require "core.log", require "core.loop", require "core.signal"
  local recipes = program:may_have_recipes()
  local live = recipes and program.settings.hot_reload
  if recipes then require("lib.recipes.rc.lines").limit(true) end
  local server
  server = require("lib.mcp.server").new {
    snapshot = program:snapshot_on_demand(function(snapshot) server:tools_changed(snapshot) end),
    version = host.version,
    title = "RunComfy",
    instructions = instructions(program),
    list_changed = live,
    ttl_ms = live and 0 or nil,
    offers = { prompts = recipes, resources = recipes },
  }
  local status = exit_status.ok
  local transport, message = require("lib.mcp.transports.stdio").run {
    server = server,
    max_line_bytes = program.settings.max_line_bytes,
    on_end = function(ended) status = ended loop.stop() end,
  }
  if not transport then
    log.write("error", "cannot read standard input: " .. tostring(message))
    return exit_status.unavailable
  end
  local function stop() transport:close() end
  local _ <close> = signal.on("INT", stop)
  local _ <close> = signal.on("TERM", stop)
  local _ <close> = signal.on("HUP", function() program:reload() end)
  loop.run()
  linger(loop, log)
  return status
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("serve", M, argv)
  if not args then return status end
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
