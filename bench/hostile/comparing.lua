-- Compares long texts that differ in their last byte only, with bytes in them at which strcoll begins anew.
local rc = require "rc"

return rc.tool {
  name = "comparing",
  description = "Compares texts of 4 MB again and again.",
  run = function()
    local a, b = ("\0"):rep(4000000) .. "a", ("\0"):rep(4000000) .. "b"
    local less = 0
    while true do
      if a < b then less = less + 1 end
    end
  end,
}
