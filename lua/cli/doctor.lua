--- `rcmcp doctor`: what rcmcp would work with, and whether it does.

local exit_status = require "cli.shared.exit_status"
local options = require "cli.shared.options"
local terminal = require "cli.shared.terminal"
local sorted_keys = require("lib.tables").sorted_keys

local M = {
  summary = "Check settings, key, the way to the API, recipes, clients",
  epilog = [[
Looks at the settings, the key, the certificates, the API, the recipe folders, the walls of the process in which recipes
run, the output folder and its free space, the memory that running servers hold, and at what MCP clients on this machine
start.  Nothing is written.

Exit status: 0 all is well; 1 a recipe, the output folder, a server or a client needs a look; 64 wrong command line; 69 the
API cannot be reached or is unwell; 77 no key, or the API refuses it; 78 wrong settings, or a key that cannot be read.]],
}

function M.define(parser)
  parser:flag("--json", "Print the report as JSON")
  options.recipes(parser)
  options.settings(parser)
end

---@class Check
---@field name string
---@field ok boolean
---@field text string     what was found
---@field advice? string  what to do about it
---@field status? integer  exit status when it is not ok
---@field [string] any      what this check alone knows

-- In the order of the report.
local CHECKS = { "key", "certificates", "api", "recipes", "walls", "outputs", "memory", "clients" }

local function library_versions()
  local host = require "core.host"
  local info = require("core.http").info()
  local versions = { rcmcp = host.version }
  for name, version in pairs(host.versions()) do versions[name] = version end
  if info then versions.libcurl, versions.tls = info.version, info.tls end
  return versions
end

local function settings_report(settings)
  local list = {}
  for i, setting in ipairs(require("lib.config.settings").list) do
    local value = settings[setting.name]
    if setting.secret then value = require("lib.config.api_key").describe(value) end
    list[i] = { name = setting.name, value = value, origin = settings.origin[setting.name] or "not set" }
  end
  return list
end

-- Settings that cannot be read are a finding like others: what does not need them is looked at all the same.
local function check_settings(settings, err, status)
  local lines = {}
  for i, problem in ipairs(settings.problems or { err }) do lines[i] = problem.message end
  return { name = "settings", ok = false, text = table.concat(lines, "\n"), status = status,
    advice = "The rest was looked at without them." }
end

local function examine(app, err, status)
  local report = {
    simulated = app.simulated, config_file = app.settings.file, settings = settings_report(app.settings),
    versions = library_versions(), checks = {}, status = exit_status.ok,
  }
  local problem = err or app.settings.key_problem
  report.error = problem and not app.simulated and problem.message or err and err.message
  if err then report.checks[1] = check_settings(app.settings, err, status) end
  for _, name in ipairs(CHECKS) do report.checks[#report.checks + 1] = require("cli.doctor." .. name).check(app) end
  for _, check in ipairs(report.checks) do
    if not check.ok and report.status == exit_status.ok then report.status = check.status end
  end
  report.ok = report.status == exit_status.ok
  return report
end

local function print_text(report, out)
  local function line(format, ...)
    out:write(terminal.plain(format:format(...)), "\n")
  end
  line("Settings%s", report.config_file and " (" .. report.config_file .. ")" or " (no configuration file)")
  for _, setting in ipairs(report.settings) do
    local value = setting.value == nil and "not set" or tostring(setting.value)
    line("  %-31s %s%s", setting.name, value, setting.origin ~= "not set" and "  from " .. setting.origin or "")
  end
  line "Versions"
  for _, name in ipairs(sorted_keys(report.versions)) do line("  %-31s %s", name, report.versions[name]) end
  line(report.simulated and "Checks (on the simulator)" or "Checks")
  for _, check in ipairs(report.checks) do
    line("  %-4s %-26s %s", check.ok and "ok" or "FAIL", check.name, (check.text:gsub("\n", "\n" .. (" "):rep(34))))
    if check.advice then line("%s%s", (" "):rep(34), check.advice) end
  end
end

local function print_json(report, out)
  local json = require "core.json"
  json.as_array(report.settings)
  json.as_array(report.checks)
  report.exit_status, report.status = report.status, nil
  for _, check in ipairs(report.checks) do check.status = nil end
  out:write(terminal.json(json.encode(require("lib.text").clean_all(report))), "\n")
end

-- The program, without the settings that are wrong: then err and status say what is.
local function open(args)
  local opening = require "cli.shared.opening"
  local app, status, err = opening.open(args, { lenient_key = true })
  if app or not err or status == exit_status.usage then return app, status, err end
  return assert(opening.open(args, { forgiving = true })), status, err
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("doctor", M, argv)
  if not args then return status end
  local app <close>, failed, err = open(args)
  if not app then return failed end
  local report = examine(app, err, failed)
  local result = report.status
  if args.json then print_json(report, io.stdout) else print_text(report, io.stdout) end
  return result
end

return M
