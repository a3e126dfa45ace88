--- `rcmcp doctor`: what rcmcp would work with, and whether it does.

local exit_status = require "cli.shared.exit_status"
local options = require "cli.shared.options"
local terminal = require "cli.shared.terminal"

local M = {
  summary = "Check settings, key, certificates and the way to the API",
  epilog = [[
Exit status: 0 all is well; 64 wrong command line; 69 the API cannot be reached or is unwell; 77 no key, or the API
refuses it; 78 wrong settings.]],
}

function M.define(parser)
  parser:flag("--json", "Print the report as JSON")
  options.settings(parser)
end

---@class Check
---@field name string
---@field ok boolean
---@field text string     what was found
---@field advice? string  what to do about it
---@field status integer  exit status when it is not ok

local function check_key(settings, simulated)
  if simulated then return { name = "key", ok = true, text = "none needed: the simulator is in use" } end
  local description = require("lib.config.api_key").describe(settings.api_key)
  if settings.api_key then
    return { name = "key", ok = true, text = description .. ", from " .. settings.origin.api_key }
  end
  return {
    name = "key", ok = false, text = description, status = exit_status.auth,
    advice = "Get one at https://www.runcomfy.com/profile and set RUNCOMFY_API_KEY, or put it into a file and set "
      .. "RUNCOMFY_API_KEY_FILE. --simulate needs none.",
  }
end

local function check_certificates(client)
  if not client.info then
    return { name = "certificates", ok = false, text = client.message, status = exit_status.unavailable,
      advice = "Install libcurl 7.88 or newer (Debian, Ubuntu: libcurl4)." }
  end
  local place = client.info.ca_file or client.info.ca_path
  if place then return { name = "certificates", ok = true, text = place } end
  return { name = "certificates", ok = false, text = "no bundle found", status = exit_status.unavailable,
    advice = "Install ca-certificates, or let SSL_CERT_FILE name a bundle." }
end

local function api_failed(text, status)
  return { name = "api", ok = false, text = text, status = status }
end

-- The cheapest question that needs the key.
local function check_api(program)
  if not program.settings.api_key and not program.simulated then
    return api_failed("not asked: there is no key", exit_status.auth)
  end
  local clock, registry = require "core.clock", require "lib.mcp.registry"
  local tool = program:snapshot().find "list_deployments"
  local ctx = { progress = function() end, log = function() end, cancelled = false }
  local started = clock.monotonic()
  local how, result = require("cli.shared.run").to_end(function() return registry.call(tool, {}, ctx) end)
  local milliseconds = math.floor((clock.monotonic() - started) * 1000 + 0.5)
  if how == "failed" then error(result, 0) end
  if how ~= "done" then return api_failed("interrupted", exit_status.interrupted) end
  if result.is_error then
    local status = exit_status.of_error(result.data)
    return api_failed(result.text, status == exit_status.tool_error and exit_status.unavailable or status)
  end
  local count = #result.data.deployments
  return { name = "api", ok = true, milliseconds = milliseconds,
    text = ("answered in %d ms; %d deployment%s"):format(milliseconds, count, count == 1 and "" or "s") }
end

local function library_versions()
  local host = require "core.host"
  local info, message = require("core.http").info()
  local versions = { rcmcp = host.version }
  for name, version in pairs(host.versions()) do versions[name] = version end
  if info then versions.libcurl, versions.tls = info.version, info.tls end
  return versions, { info = info, message = message }
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

local function examine(program)
  local versions, client = library_versions()
  local settings = program.settings
  local report = {
    simulated = program.simulated,
    config_file = settings.file,
    settings = settings_report(settings),
    versions = versions,
    checks = { check_key(settings, program.simulated), check_certificates(client), check_api(program) },
  }
  report.status = exit_status.ok
  for _, check in ipairs(report.checks) do
    if not check.ok and report.status == exit_status.ok then report.status = check.status end
  end
  report.ok = report.status == exit_status.ok
  return report
end

local function sorted_names(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function print_text(report, out)
  out:write("Settings", report.config_file and " (" .. report.config_file .. ")" or " (no configuration file)", "\n")
  for _, setting in ipairs(report.settings) do
    local value = setting.value == nil and "not set" or tostring(setting.value)
    local origin = setting.origin ~= "not set" and "  from " .. setting.origin or ""
    out:write(("  %-31s %s%s\n"):format(setting.name, value, origin))
  end
  out:write("Versions\n")
  for _, name in ipairs(sorted_names(report.versions)) do
    out:write(("  %-31s %s\n"):format(name, report.versions[name]))
  end
  out:write(report.simulated and "Checks (on the simulator)\n" or "Checks\n")
  for _, check in ipairs(report.checks) do
    local text = terminal.plain(check.text):gsub("\n", "\n" .. (" "):rep(34))
    out:write(("  %-4s %-26s %s\n"):format(check.ok and "ok" or "FAIL", check.name, text))
    if check.advice then out:write((" "):rep(34), check.advice, "\n") end
  end
end

local function print_json(report, out)
  local json = require "core.json"
  json.as_array(report.settings)
  json.as_array(report.checks)
  report.exit_status, report.status = report.status, nil
  for _, check in ipairs(report.checks) do check.status = nil end
  out:write(terminal.json(json.encode(report)), "\n")
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("doctor", M, argv)
  if not args then return status end
  local program <close>, failed, err = require("cli.shared.program").open(args)
  if not program then
    if args.json and err then
      io.stdout:write(require("core.json").encode { ok = false, error = err.message, exit_status = failed }, "\n")
    end
    return failed
  end
  local report = examine(program)
  local result = report.status
  if args.json then print_json(report, io.stdout) else print_text(report, io.stdout) end
  return result
end

return M
