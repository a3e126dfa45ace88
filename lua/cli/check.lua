--- `rcmcp check [FILE|DIR …]`: what is wrong with recipes, without running them.

local fs = require "core.fs"
local exit_status = require "cli.shared.exit_status"
local options = require "cli.shared.options"
local terminal = require "cli.shared.terminal"

local M = {
  summary = "Check recipes and scripts without running them",
  epilog = [[
Found are: errors of syntax and of the declaration; names that recipes do not have; tools that are called but not in
'uses', or in 'uses' but never called; parameters that are never read; input schemas that known clients refuse.
Without FILE or DIR the recipe folders are checked.

Exit status: 0 no errors (there may be warnings); 1 errors; 64 wrong command line.]],
}

function M.define(parser)
  parser:argument("places", "Files, or folders with recipes"):argname("FILE|DIR"):args("*")
  parser:flag("--json", "Print the findings as JSON")
  options.recipes(parser)
  parser:option("--config", "Read this configuration instead of ~/.config/rcmcp/config.lua"):argname("FILE")
end

local function recipe_folders(args)
  return require("lib.recipes.files.folders").list {
    examples = args.examples, flags = args.recipes,
  }
end

-- With what is wrong with files and folders; a folder that would not be taken is checked all the same.  In a folder that
-- somebody named there may be scripts, too.
local function add_folder(list, root, named)
  local folders = require "lib.recipes.files.folders"
  local files, err = folders.scan(root, list.lenient)
  if not files and err.code == "bad_folder" then
    list.problems[#list.problems + 1] = { file = root.path, level = "error", rule = "folder", message = err.message }
    files = folders.scan(root, true) or {}
  end
  if not files then return (named or root.expected) and err or nil end
  for _, file in ipairs(files) do
    file.recipe = not named
    if not file.disabled then list[#list + 1] = file end
  end
end

-- The entry of a file that lies in a recipe folder, as that is loaded.
local function as_recipe(path, args)
  local real = fs.realpath(path)
  for _, root in ipairs(recipe_folders(args)) do
    for _, file in ipairs(require("lib.recipes.files.folders").scan(root, true) or {}) do
      if fs.realpath(file.file) == real then
        file.file, file.recipe = path, true
        return file
      end
    end
  end
end

local function is_recipe_folder(path, args)
  local real = fs.realpath(path)
  for _, root in ipairs(recipe_folders(args)) do
    if fs.realpath(root.path) == real then return true end
  end
  return false
end

local function add_place(list, path, args)
  local stat, message = fs.stat(path)
  if not stat then
    local hint = require("cli.shared.whereabouts").hint(path, { recipes = args.recipes, examples = true })
    return require("lib.errors").new(("cannot read %s%s"):format(message, hint))
  end
  if stat.type == "directory" then
    -- linear: a word of the command line or of the settings
    local root = { path = #path > 1 and path:gsub("/+$", "") or path, label = "command line" }
    return add_folder(list, root, not is_recipe_folder(root.path, args))
  end
  local file = as_recipe(path, args) or { file = path }
  file.problem = not list.lenient and require("lib.recipes.files.folders").file_problem(path) or nil
  list[#list + 1] = file
end

local function files_of(args, lenient)
  local list, places = { problems = {}, lenient = lenient }, args.places or {}
  for _, path in ipairs(places) do
    local err = add_place(list, path, args)
    if err then return nil, err end
  end
  for _, root in ipairs(#places == 0 and recipe_folders(args) or {}) do
    local err = add_folder(list, root)
    if err then return nil, err end
  end
  return list
end

-- What only shows beside the others: names in `uses` that nobody has, circles, hints that are too mild.
local function link(app, at)
  local _, err = app:open_file(at.file, { root = at.root, quiet = true })
  if not err then return nil end
  -- linear: a path that the system took, 4,096 bytes at most
  local shown, message, line = at.file:match "[^/]+$" .. ":", err.message, nil
  if message:sub(1, #shown) == shown then
    local rest = message:sub(#shown + 1)
    line = rest:match "^%d+"
    message = rest:sub(line and #line + 3 or 2)
  end
  return { file = at.file, line = math.tointeger(line), level = "error", rule = "link", message = message }
end

local function has_errors(findings)
  for _, finding in ipairs(findings) do
    if finding.level == "error" then return true end
  end
  return false
end

-- A tool whose parameters are known.  What is wrong with other recipes of the folders is no finding, unless they are checked themselves.
local function tool_of(app, name)
  return app:snapshot().find(name) or app:catalog(true):find(name)
end

local function check_one(app, at)
  if at.unreadable then return { { file = at.file, level = "error", rule = "read", message = at.unreadable } } end
  local findings, about = require("lib.workbench.lint").check_file(at.file, {
    name = at.name, shown = at.shown, folder = at.folder, root = at.root, recipe = at.recipe, key = app.settings.api_key,
    tool = function(name) return tool_of(app, name) end, worker = app:worker(),
  })
  if not findings then return { { file = at.file, level = "error", rule = "read", message = about.message } } end
  if at.problem then
    findings[#findings + 1] = { file = at.file, level = "error", rule = "permissions", message = at.problem }
  end
  if about ~= true and not has_errors(findings) then findings[#findings + 1] = link(app, at) end
  return findings
end

local function check(app, files)
  local findings = files.problems
  for _, at in ipairs(files) do
    local found = check_one(app, at)
    table.move(found, 1, #found, #findings + 1, findings)
  end
  return findings
end

local function count(findings, level)
  local number = 0
  for _, finding in ipairs(findings) do
    if finding.level == level then number = number + 1 end
  end
  return number
end

local function plural(number, noun)
  return ("%d %s%s"):format(number, noun, number == 1 and "" or "s")
end

local function print_text(report)
  for _, finding in ipairs(report.findings) do
    local place = finding.line and ("%s:%d"):format(finding.file, finding.line) or finding.file
    io.stdout:write(terminal.plain(("%s: %s: %s [%s]"):format(place, finding.level, finding.message, finding.rule)), "\n")
  end
  io.stderr:write(("%s: %s, %s\n"):format(plural(report.files, "file"), plural(report.errors, "error"),
    plural(report.warnings, "warning")))
end

local function print_json(report)
  local json = require "core.json"
  local list = {}
  for i, finding in ipairs(report.findings) do
    list[i] = json.ordered({ "file", "line", "level", "rule", "message" }, require("lib.text").clean_all(finding))
  end
  report.findings = json.as_array(list)
  io.stdout:write(terminal.json(json.encode(json.ordered({ "ok", "files", "errors", "warnings", "findings" }, report))), "\n")
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("check", M, argv)
  if not args then return status end
  local app <close>, failed = require("cli.shared.opening").open(args)
  if not app then return failed end
  local files, err = files_of(args, app.settings.allow_writable_recipes)
  if not files then return options.usage_error("check", err.message) end
  app:account() -- what is found may quote the source: from here on the key is secret
  local findings = require "lib.async.to_end"(check, app, files)
  local report = { files = #files, findings = findings, errors = count(findings, "error"), warnings = count(findings, "warning") }
  report.ok = report.errors == 0
  local result = report.ok and exit_status.ok or exit_status.tool_error
  if args.json then print_json(report) else print_text(report) end
  return result
end

return M
