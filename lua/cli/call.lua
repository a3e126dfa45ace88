--- `rcmcp call TOOL …`: one call of one tool, for shells and scripts.

local one_call = require "cli.shared.one_call"
local options = require "cli.shared.options"

local M = {
  summary = "Call a tool and print what it answers as JSON",
  needs_arguments = true,
  epilog = [[
The arguments are key=value words, read by the tool's parameters: text stays text; an object or a list is JSON, or
@FILE with JSON in it; a list of texts may also repeat its word.  rcmcp tools TOOL shows the parameters.

Standard output carries one line of JSON, everything else goes to standard error.  Exit status: 0 done; 1 the tool
answered with an error; 64 wrong command line; 65 wrong arguments, nothing was sent; 69 the API cannot be reached or is
unwell; 75 the wait ended and the request goes on (its ids are in the output); 77 no key, or the API refused it;
78 wrong settings; 130 interrupted: Ctrl-C in a wait, or the end of the terminal, cancels the request at RunComfy and says
whether that worked; a second Ctrl-C ends without that and names what goes on.

Examples:
  rcmcp call list_deployments
  rcmcp call submit_request deployment_id=ID overrides='{"6":{"inputs":{"text":"a fox"}}}' wait_for_completion=true
  rcmcp call submit_request deployment_id=ID overrides=@changes.json
  rcmcp call list_deployments --simulate]],
}

function M.define(parser)
  parser:argument("tool", "Name of the tool"):argname("TOOL")
  parser:argument("words", "Arguments of the tool"):argname("key=value"):args("*")
  one_call.define(parser)
  options.settings(parser)
end

local function find_tool(app, name)
  local snapshot = app:snapshot()
  local tool = snapshot.find(name)
  if tool then return tool end
  local names = {}
  for i, entry in ipairs(snapshot.list) do names[i] = entry.name end
  local hint = require("lib.didyoumean").hint(name, names)
  local whereabouts = require "cli.shared.whereabouts"
  if whereabouts.recipe(name) or whereabouts.example(name) then hint = "; it is a recipe: rcmcp run " .. name end
  if hint == "" then hint = "; rcmcp tools lists them" end
  return nil, require("lib.errors").new(("there is no tool '%s'%s"):format(name, hint), { code = "usage" })
end

local function call(args)
  local app <close>, status, err = require("cli.shared.opening").open(args, { cancel_remote = true })
  if not app then return one_call.not_opened("call", args, err, status) end
  local tool, arguments ---@type Tool?, table?
  tool, err = find_tool(app, args.tool)
  if tool then arguments, err = one_call.read_arguments(args, app.declarations[tool.name].input --[[@as Parameter[] ]] or {}) end
  if not tool or not arguments then
    ---@cast err Error
    return one_call.refused("call", args, err, one_call.refused_status(err))
  end
  return (one_call.run(app, args, {
    command = "call",
    interrupt = "cancelling the request at RunComfy",
    perform = function(ctx) return require("lib.features.registry").call(tool, arguments, ctx) end,
  }))
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("call", M, argv)
  if not args then return status end
  return one_call.report(args, call(args))
end

return M
