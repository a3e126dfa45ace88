--- `rcmcp call TOOL …`: one call of one tool, for shells and scripts.

local exit_status = require "cli.shared.exit_status"
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
78 wrong settings; 130 interrupted: Ctrl-C in a wait cancels the request at RunComfy and says whether that worked.

Examples:
  rcmcp call list_deployments
  rcmcp call submit_request deployment_id=ID overrides='{"6":{"inputs":{"text":"a fox"}}}' wait_for_completion=true
  rcmcp call submit_request deployment_id=ID overrides=@changes.json
  rcmcp call list_deployments --simulate]],
}

function M.define(parser)
  parser:argument("tool", "Name of the tool"):argname("TOOL")
  parser:argument("words", "Arguments of the tool"):argname("key=value"):args("*")
  parser:option("--args", "All arguments as one JSON object; - reads it from standard input"):argname("JSON")
  parser:flag("-q --quiet", "Say nothing on standard error, unless the call fails")
  parser:flag("--json", "Whatever happens, print one line of JSON")
  options.settings(parser)
end

-- Where the outcome goes: the data on standard output, the words on standard error.
local function report(args, outcome)
  local json = require "core.json"
  if outcome.data then io.stdout:write(json.encode(outcome.data), "\n") end
  local silent = args.json or (args.quiet and outcome.status == exit_status.ok)
  if not silent and outcome.text then
    io.stderr:write(outcome.text, outcome.text:sub(-1) == "\n" and "" or "\n")
  end
  return outcome.status
end

-- An error met before the tool ran: data only for who asked for JSON in any case.
local function refused(err, status, as_json)
  local data = as_json and { ok = false, error = err.message, code = err.code } or nil
  return { status = status, text = "rcmcp call: " .. err.message, data = data }
end

local function read_arguments(program, args, tool)
  local input = require "cli.shared.input"
  if args.args and #args.words > 0 then
    return nil, require("lib.errors").new("give either key=value words or --args, not both", { code = "usage" })
  end
  if args.args then return input.from_json(args.args) end
  return input.from_words(args.words, program.declarations[tool.name].input or {})
end

local function find_tool(program, name)
  local snapshot = program:snapshot()
  local tool = snapshot.find(name)
  if tool then return tool end
  local names = {}
  for i, entry in ipairs(snapshot.list) do names[i] = entry.name end
  local hint = require("lib.didyoumean").hint(name, names)
  if hint == "" then hint = "; rcmcp tools lists them" end
  return nil, require("lib.errors").new(("there is no tool '%s'%s"):format(name, hint), { code = "usage" })
end

local function status_of(result)
  local data = type(result.data) == "table" and result.data or {}
  if result.is_error then return exit_status.of_error(data) end
  return data.pending == true and exit_status.pending or exit_status.ok
end

-- The tool's view of its caller: progress is a line on the terminal; what it logs is told at the end.
local function context(line)
  local ctx = { cancelled = false, client = { name = "rcmcp call", version = require("core.host").version }, notes = {} }
  function ctx:progress(_, _, message)
    if not self.cancelled and message then line:show(message) end
  end
  function ctx.on_leaving() end -- whoever typed the command waits for its end
  function ctx:log(_, text)
    table.insert(self.notes, text)
  end
  return ctx
end

local function interrupted(ctx, as_json)
  local text = "interrupted" .. (#ctx.notes > 0 and "; " .. table.concat(ctx.notes, "; ") or "")
  return refused({ message = text, code = "interrupted" }, exit_status.interrupted, as_json)
end

local function run_tool(tool, arguments, args)
  local registry = require "lib.mcp.registry"
  local line <close> = require("cli.shared.progress_line").new(args.quiet or args.json)
  local ctx = context(line)
  local ok, result = require("cli.shared.run").to_end(function()
    return registry.call(tool, arguments, ctx)
  end, function()
    ctx.cancelled = true
    line:show("interrupted; cancelling the request at RunComfy")
  end)
  if ok then return { status = status_of(result), text = result.text, data = result.data } end
  if require("lib.fiber").is_cancelled(result) then return interrupted(ctx, args.json) end
  error(result, 0)
end

local function call(args)
  local program <close>, status, err = require("cli.shared.program").open(args, { cancel_remote = true })
  if not program then return err and refused(err, status, args.json) or { status = status } end
  local tool, arguments
  tool, err = find_tool(program, args.tool)
  if tool then arguments, err = read_arguments(program, args, tool) end
  if not arguments then
    return refused(err, err.code == "usage" and exit_status.usage or exit_status.bad_input, args.json)
  end
  return run_tool(tool, arguments, args)
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("call", M, argv)
  if not args then return status end
  return report(args, call(args))
end

return M
