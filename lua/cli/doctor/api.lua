--- The way to the API: the cheapest question that needs the key.

local exit_status = require "cli.shared.exit_status"

local function failed(text, status)
  return { name = "api", ok = false, text = text, status = status }
end

-- Where the key would be sent to, nobody knows while the settings are wrong: one of them may be the address.
local function is_address_known(settings)
  local origin = settings.origin.base_url or ""
  return #(settings.problems or {}) == 0 or origin:find("^flag") ~= nil or origin:find("^environment") ~= nil
end

return {
  ---@param app App
  ---@return Check
  check = function(app)
    if not app.settings.api_key and not app.simulated then return failed("not asked: there is no key", exit_status.auth) end
    if not app.simulated and not is_address_known(app.settings) then
      return failed("not asked: the settings that are wrong may say where it is", exit_status.config)
    end
    local clock, registry = require "core.clock", require "lib.features.registry"
    local tool = app:snapshot().find("list_deployments") --[[@as Tool]]
    local ctx = app:account():equip { progress = function() end, log = function() end, cancelled = false }
    local started = clock.monotonic()
    local how, result = require("cli.shared.run").to_end(app, function() return registry.call(tool, {}, ctx --[[@as any]]) end)
    local milliseconds = math.floor((clock.monotonic() - started) * 1000 + 0.5)
    if how == "failed" then error(result, 0) end
    if how ~= "done" then return failed("interrupted", exit_status.interrupted) end
    if result.is_error then
      local status = exit_status.of_error(result.data)
      return failed(result.text, status == exit_status.tool_error and exit_status.unavailable or status)
    end
    local count = #result.data.deployments
    return { name = "api", ok = true, milliseconds = milliseconds,
      text = ("answered in %d ms; %d deployment%s"):format(milliseconds, count, count == 1 and "" or "s") }
  end,
}
