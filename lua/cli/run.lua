--- `rcmcp run FILE|NAME …`: one call of a recipe, or one run of a script.

local exit_status = require "cli.shared.exit_status"
local one_call = require "cli.shared.one_call"
local options = require "cli.shared.options"
local whereabouts = require "cli.shared.whereabouts"

local M = {
  summary = "Run a recipe or a script and print its result as JSON",
  needs_arguments = true,
  epilog = [[
FILE is a Lua file; NAME is a recipe of the recipe folders.  The arguments of a recipe are key=value words, read by its
parameters as rcmcp call reads those of a tool.  A script, which declares nothing, gets the words as its table arg.

Standard output carries one line of JSON; print, log lines and progress go to standard error.  The exit statuses are
those of rcmcp call.  Ctrl-C, or the end of the terminal, cancels jobs and runs the clean-ups, then ends with 130; a second
Ctrl-C ends without them.  Both name what goes on by its ids.

A recipe that asks is answered at the terminal, or by --yes and --answer; without either it fails, and the message names
the options that answer.

A run may take a day, where the setting recipe_seconds does not say otherwise.

With --dry-run the same code runs, reads are asked for real, and whatever would change or cost something is answered
with the recipe's samples, or with made-up data, and listed with its risk and what the GPU time would cost.

Examples:
  rcmcp run my_recipes/hello.lua
  rcmcp run generate_image deployment_id=ID prompt="a fox" --examples --dry-run
  rcmcp run nightly_batch.lua text-to-image prompts.csv --examples --simulate]],
}

function M.define(parser)
  parser:argument("target", "A Lua file, or the name of a recipe"):argname("FILE|NAME")
  parser:argument("words", "Arguments of the recipe, or words for the script"):argname("key=value"):args("*")
  one_call.define(parser)
  parser:option("--tool", "The tool to call, of a file that declares several"):argname("NAME")
  parser:flag("--dry-run", "Send nothing that changes or costs something; print what would have been sent")
  parser:option("--record", "Save the calls of tools, without secrets, for the test kit's replay"):argname("FILE")
  options.recipes(parser)
  options.settings(parser)
end

local function usage(message, ...)
  return nil, require("lib.errors").new(message:format(...), { code = "usage" })
end

local function is_file(target)
  return target:find("%.lua$") ~= nil or target:find("/", 1, true) ~= nil
end

-- Example scripts are no tools, so no catalog has them: --examples names their folder for them, too.
local function find_example(args)
  if not args.examples or require("core.fs").stat(args.target) then return end
  local path, is_script = whereabouts.example(args.target)
  if path and (is_script or is_file(args.target)) then args.target = path end
end

-- What will run ------------------------------------------------------------------------------------

---@class Target
---@field tool Tool
---@field arguments table
---@field find fun(name: string): Tool?

local function names_of(list, key)
  local names = {}
  for i, entry in ipairs(list) do names[i] = entry[key] end
  return names
end

local function pick(standalone, wanted)
  local names = names_of(standalone.tools, "key")
  if #names == 0 then return usage("%s declares no tool", standalone.file) end
  if not wanted and #names > 1 then
    return usage("%s declares several tools; take one with --tool: %s", standalone.file, table.concat(names, ", "))
  end
  for _, entry in ipairs(standalone.tools) do
    if not wanted or entry.key == wanted then return entry end
  end
  return usage("%s declares no tool '%s'%s", standalone.file, wanted, require("lib.didyoumean").hint(wanted, names))
end

local function elsewhere(args, err)
  if require("core.fs").stat(args.target) then return err end
  return require("lib.errors").new(err.message .. whereabouts.hint(args.target, args), { code = err.code })
end

local function from_file(app, args)
  local standalone, err = app:open_file(args.target)
  if not standalone then return nil, elsewhere(args, err) end
  if standalone.is_script then
    if args.args or args.tool then return usage("%s is a script: it takes words, which it finds in arg", args.target) end
    local tool, script_err = require "lib.async.to_end"(standalone.script, standalone, args.words)
    if not tool then return nil, script_err end
    return { tool = tool, arguments = {}, find = standalone.snapshot.find }
  end
  local entry, pick_err = pick(standalone, args.tool)
  if not entry then return nil, pick_err end
  local arguments, read_err = one_call.read_arguments(args, require("cli.shared.parameters").of(entry.fields.input))
  if not arguments then return nil, read_err end
  return { tool = standalone.snapshot.find(entry.key), arguments = arguments, find = standalone.snapshot.find }
end

local function from_name(app, args)
  if args.tool then return usage("--tool goes with a file") end
  local catalog = app:catalog()
  local tool = catalog:find(args.target)
  if not tool then
    local err = catalog:problem_of(args.target)
    if err then return nil, err end
    local hint = whereabouts.hint(args.target, args)
    if hint == "" then hint = require("lib.didyoumean").hint(args.target, names_of(catalog:snapshot().list, "name")) end
    return usage("there is no recipe '%s'%s", args.target, hint ~= "" and hint or "; a file ends in .lua, rcmcp recipes lists the others")
  end
  local arguments, err = one_call.read_arguments(args, require("cli.shared.parameters").of(tool.schema))
  if not arguments then return nil, err end
  return { tool = tool, arguments = arguments, find = function(name) return catalog:find(name) end }
end

-- How it runs --------------------------------------------------------------------------------------

local function builtin_names(app)
  local names = {}
  for _, tool in ipairs(app:snapshot().list) do names[tool.name] = true end
  return names
end

local function new_dry_run(app, target)
  local builtin = builtin_names(app)
  return require("lib.workbench.dry_run").new {
    account = app:account(), find = target.find, is_recipe = function(name) return not builtin[name] end,
    judge = app.simulated and require("lib.sim.judge").problems or nil,
  }
end

local function prepare(app, args, dry_run, tape)
  local links = {}
  if tape then table.insert(links, tape:recorder()) end
  if dry_run then table.insert(links, dry_run:link()) end
  return function(ctx)
    ctx.simulated, ctx.dry_run = app.simulated, dry_run ~= nil
    if #links > 0 then ctx.effects = require("lib.calls.effects").chain(links, ctx.effects) end
    if not args.quiet and app.settings.origin.log_level == "default" then
      require("core.log").set_level "info" -- what a script prints is a line of the log
    end
  end
end

-- Before anything is paid for what shall be recorded.
local function check_record(path)
  local ok, message = require("lib.write_file").try(path)
  if ok then return true end
  return usage("--record: cannot write %s; nothing was sent", message)
end

local function save(tape, path, outcome)
  local ok, message = tape:save(path)
  if ok then return outcome end
  require("core.log").write("error", "the calls were made, but cannot be recorded: " .. message)
  if outcome.status == exit_status.ok then outcome.status = exit_status.io end
  return outcome
end

local function planned(dry_run, outcome, result)
  if not result then return outcome end
  local text = dry_run:text()
  if result.is_error then text = text .. "\n" .. (result.text or "") end
  return { status = outcome.status, text = text, data = dry_run:plan(result) }
end

local function perform(app, args, target)
  local dry_run = args.dry_run and new_dry_run(app, target) or nil
  local tape = args.record and require("lib.workbench.tape").new() or nil
  local outcome, result = one_call.run(app, args, {
    command = "run",
    interrupt = "cleaning up",
    prepare = prepare(app, args, dry_run, tape),
    perform = function(ctx) return require("lib.features.registry").call(target.tool, target.arguments, ctx) end,
  })
  if dry_run then outcome = planned(dry_run, outcome, result) end
  if tape then outcome = save(tape, args.record, outcome) end
  if outcome.data == nil and result and not result.is_error then outcome.data = { ok = true, text = outcome.text } end
  return outcome
end

local DAY = 86400

-- The hour that a call through a client may take is short for what runs at night.
local function give_time(settings)
  if settings.origin.recipe_seconds ~= "default" then return end
  settings.recipe_seconds, settings.origin.recipe_seconds = DAY, "default of rcmcp run"
end

local function run(args)
  local app <close>, status, err = require("cli.shared.opening").open(args, { cancel_remote = true })
  if not app then return one_call.not_opened("run", args, err, status) end
  give_time(app.settings)
  find_example(args)
  local target
  target, err = (is_file(args.target) and from_file or from_name)(app, args)
  if target and args.record then
    local ok
    ok, err = check_record(args.record)
    target = ok and target
  end
  ---@cast err Error
  if not target then return one_call.refused("run", args, err, one_call.refused_status(err)) end
  return perform(app, args, target)
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("run", M, argv)
  if not args then return status end
  return one_call.report(args, run(args))
end

return M
