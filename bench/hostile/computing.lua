-- Computes without an end, and never waits.
local rc = require "rc"

return rc.tool {
  name = "computing",
  description = "Computes for ever.",
  run = function()
    local sum = 0
    while true do sum = (sum * 31 + 7) % 1000003 end
  end,
}
