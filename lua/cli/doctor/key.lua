--- The API key: whether there is one, and from where.

local exit_status = require "cli.shared.exit_status"

local GET_ONE = "Get one at https://www.runcomfy.com/profile and set RUNCOMFY_API_KEY, or put it into a file and set "
  .. "RUNCOMFY_API_KEY_FILE. --simulate needs none."

return {
  ---@param app App
  ---@return Check
  check = function(app)
    local settings = app.settings
    if app.simulated then return { name = "key", ok = true, text = "none needed: the simulator is in use" } end
    if settings.key_problem then
      return { name = "key", ok = false, text = settings.key_problem.message, status = exit_status.config,
        advice = "Put the key there, or name another place; docs/configuration.md lists them." }
    end
    local description = require("lib.config.api_key").describe(settings.api_key)
    if settings.api_key then return { name = "key", ok = true, text = description .. ", from " .. settings.origin.api_key } end
    return { name = "key", ok = false, text = description, status = exit_status.auth, advice = GET_ONE }
  end,
}
