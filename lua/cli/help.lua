--- `rcmcp help [NAME]`: what a command, a tool or a recipe is and takes.

local exit_status = require "cli.shared.exit_status"
local options = require "cli.shared.options"
local terminal = require "cli.shared.terminal"

local M = {
  summary = "Show what a command, a tool or a recipe does and takes",
}

function M.define(parser)
  parser:argument("name", "A command, a tool, a recipe, or a Lua file"):argname("NAME"):args("?")
  options.recipes(parser)
  options.settings(parser)
end

local describe ---@type fun(fields: table, tool: Tool, file: string?, call: string): string

-- As rcmcp run finds it: a file, else a name.
local function of_file(app, path)
  local standalone, err = app:open_file(path)
  if not standalone then return nil, err end
  if standalone.is_script then return ("%s is a script: rcmcp run %s WORD …"):format(path, path) end
  local texts = {}
  for i, entry in ipairs(standalone.tools) do
    local call = "rcmcp run " .. path .. (#standalone.tools > 1 and " --tool " .. entry.key or "")
    texts[i] = describe(entry.fields, standalone.snapshot.find(entry.key --[[@as string]]) --[[@as Tool]], path, call)
  end
  return #texts > 0 and table.concat(texts, "\n\n") or path .. " declares no tool"
end

function describe(fields, tool, file, call)
  return require("cli.shared.describe").text {
    name = fields.name, title = fields.title, description = fields.description, input = fields.input, call = call,
    annotations = tool.annotations, uses = fields.uses, hosts = fields.hosts, file = file,
  }
end

local function file_of_recipe(catalog, name)
  for _, entry in ipairs(catalog:report()) do
    for _, tool in ipairs(entry.tools) do
      if tool == name then return entry.file end
    end
  end
end

local function names_of(snapshot)
  local names = require("cli.cli").commands()
  for _, tool in ipairs(snapshot.list) do names[#names + 1] = tool.name end
  return names
end

local function of_name(app, name, args)
  local builtin = app:snapshot().find(name)
  local tool = builtin or app:catalog():find(name)
  if not tool then
    local hint = require("cli.shared.whereabouts").hint(name, args)
    if hint == "" then hint = require("lib.didyoumean").hint(name, names_of(app:catalog():snapshot())) end
    return nil, app:catalog():problem_of(name) or require("lib.errors").new(
      ("there is no command, tool or recipe '%s'%s"):format(name, hint), { code = "usage" })
  end
  local file = not builtin and file_of_recipe(app:catalog(), name)
  if file then return of_file(app, file) end
  return describe({ name = tool.name, title = tool.title, description = tool.description, input = tool.schema }, tool, nil,
    "rcmcp call " .. name)
end

---@return integer status
local function print_help(args)
  local app <close>, status = require("cli.shared.opening").open(args)
  if not app then return status end
  local name = args.name
  local is_file = name:find "%.lua$" or name:find("/", 1, true)
  local text, err
  if is_file then text, err = of_file(app, name) else text, err = of_name(app, name, args) end
  if not text then
    ---@cast err Error
    io.stderr:write("rcmcp help: ", terminal.plain(err.message), "\n")
    return err.code == "usage" and exit_status.usage or exit_status.bad_input
  end
  io.stdout:write(terminal.plain(text), "\n")
  return exit_status.ok
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local cli = require "cli.cli"
  local command = argv[1] and not argv[2] and cli.find(argv[1])
  if command then return command.run { "--help" } end
  local args, status = options.parse("help", M, argv)
  if not args then return status end
  if args.name then return print_help(args) end
  io.stdout:write(cli.help())
  return exit_status.ok
end

return M
