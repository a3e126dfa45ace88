--- Opens a program for a command, and says on standard error what is in the way.

local apps = require "lib.app"
local exit_status = require "cli.shared.exit_status"
local log = require "core.log"

local M = {}

local function flags(args)
  local result = {}
  for _, setting in ipairs(require("lib.config.settings").list) do result[setting.name] = args[setting.name] end
  return result
end

local function warn(settings)
  for _, warning in ipairs(settings.warnings) do log.write("warning", warning) end
end

-- The exit status, and the error where it is one of the settings.
---@return integer status, Error? err
local function refused(err)
  if err.code == "usage" then
    io.stderr:write(require("cli.shared.terminal").plain(("rcmcp: %s\n"):format(err.message)))
    return exit_status.usage
  end
  log.write("error", err.message)
  if err.code == "no_simulator" then return exit_status.unavailable end
  local is_flag = err.origin and err.origin:find("^flag") ~= nil
  return is_flag and exit_status.usage or exit_status.config, err
end

---@param args table  of options.parse
---@param how? { cancel_remote: boolean?, lenient_key: boolean?, forgiving: boolean? }  see AppOptions
---@return App? app, integer? status, Error? err
---@return_overload App
---@return_overload nil, integer, Error?
function M.open(args, how)
  local options = {
    flags = flags(args), file = args.config, simulate = args.simulate, speed = args.speed, recipes = args.recipes,
    examples = args.examples, in_process = args.in_process,
  }
  for name, value in pairs(how or {}) do options[name] = value end
  local app, err = apps.open(options)
  if not app then return nil, refused(err) end
  if not options.forgiving then warn(app.settings) end
  return app
end

--- Reads settings and recipes again; says what became of it.
---@param app App
function M.reload(app)
  local ok, err = app:reload()
  if ok then
    warn(app.settings)
    log.write("info", "configuration reloaded")
  else
    log.write("error", err.message)
    log.write("error", "the configuration was not reloaded; the settings stay as they were")
  end
  app:rescan()
end

return M
