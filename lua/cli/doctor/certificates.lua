--- The bundle of certificates that the API's is checked against.

local exit_status = require "cli.shared.exit_status"

return {
  ---@return Check
  check = function()
    local info, message = require("core.http").info()
    if not info then
      return { name = "certificates", ok = false, text = message, status = exit_status.unavailable,
        advice = "Install libcurl 7.88 or newer (Debian, Ubuntu: libcurl4)." }
    end
    local place = info.ca_file or info.ca_path
    if place then return { name = "certificates", ok = true, text = place } end
    return { name = "certificates", ok = false, text = "no bundle found", status = exit_status.unavailable,
      advice = "Install ca-certificates, or let SSL_CERT_FILE name a bundle." }
  end,
}
