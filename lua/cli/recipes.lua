--- `rcmcp recipes`: what became of each recipe file.

local exit_status = require "cli.shared.exit_status"
local options = require "cli.shared.options"
local terminal = require "cli.shared.terminal"

local M = {
  summary = "List the recipes: state, load time, last error",
  epilog = [[
Recipes are Lua files in ~/.config/rcmcp/recipes, in the folders of --recipes and in those that RCMCP_RECIPES names (with
":" between them).  Exit status: 0; 1 when a recipe or a folder has a problem.]],
}

function M.define(parser)
  parser:flag("--json", "Print the list as JSON")
  options.recipes(parser)
  options.settings(parser)
end

-- Names, paths and messages are other people's.
local function print_line(...)
  io.stdout:write(terminal.plain(table.concat { ... }), "\n")
end

local function line_of(entry, width)
  local took = entry.load_ms and ("%.1f ms"):format(entry.load_ms) or ""
  return terminal.in_line(("%s %-9s %9s  %s"):format(entry.name .. (" "):rep(width - #entry.name), entry.state, took, entry.file))
end

local function print_text(app, catalog, report)
  local width = 0
  for _, entry in ipairs(report) do width = math.max(width, #entry.name) end
  for _, entry in ipairs(report) do
    print_line(line_of(entry, width))
    if entry.error then print_line("    ", entry.error) end
    for _, shadow in ipairs(entry.shadowed or {}) do
      print_line(("    '%s' is shadowed by %s"):format(shadow.name, shadow.by))
    end
  end
  for _, problem in ipairs(catalog:folder_problems()) do print_line(problem.error) end
  if #report > 0 then return end
  local paths = {}
  for i, root in ipairs(app:recipe_folders()) do paths[i] = root.path end
  print_line("no recipes", #paths > 0 and " in " .. table.concat(paths, ", ") or "")
end

local function has_problem(catalog, report)
  for _, entry in ipairs(report) do
    if entry.error then return true end
  end
  return #catalog:folder_problems() > 0
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("recipes", M, argv)
  if not args then return status end
  local app <close>, failed = require("cli.shared.opening").open(args)
  if not app then return failed end
  local catalog = app:catalog(true)
  local report = catalog:report()
  if args.json then
    io.stdout:write(terminal.json(require("core.json").encode(require("lib.recipes.link.report").json(catalog))), "\n")
  else
    print_text(app, catalog, report)
  end
  return has_problem(catalog, report) and exit_status.tool_error or exit_status.ok
end

return M
