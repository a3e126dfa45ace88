-- Takes memory until it gets no more.
local rc = require "rc"

return rc.tool {
  name = "hoarding",
  description = "Holds all that it can get.",
  run = function()
    local held = {}
    while true do held[#held + 1] = { #held, ("x"):rep(100) .. #held } end
  end,
}
