--- The bundle of certificates that the API's is checked against.

local exit_status = require "cli.shared.exit_status"

-- Of several folders one is enough: OpenSSL takes them with colons between.
local function is_there(place)
  local problem = "" ---@type string?
  for path in (place or ""):gmatch "[^:]+" do
    local stat, message = require("core.fs").stat(path)
    if stat then return true end
    problem = message
  end
  return false, problem
end

return {
  ---@return Check
  check = function()
    local info, message = require("core.http").info()
    if not info then
      ---@cast message string
      return { name = "certificates", ok = false, text = message, status = exit_status.unavailable,
        advice = "Install libcurl 7.88 or newer (Debian, Ubuntu: libcurl4)." }
    end
    local place = info.ca_file or info.ca_path
    local found, problem = is_there(place)
    ---@cast place string
    if found then return { name = "certificates", ok = true, text = place } end
    if place then
      return { name = "certificates", ok = false, text = problem --[[@as string]], status = exit_status.unavailable,
        advice = "Let SSL_CERT_FILE or SSL_CERT_DIR name a bundle that is there, or unset them." }
    end
    return { name = "certificates", ok = false, text = "no bundle found", status = exit_status.unavailable,
      advice = "Install ca-certificates, or let SSL_CERT_FILE name a bundle." }
  end,
}
