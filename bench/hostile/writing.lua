-- Gives a text of 32 MB.
local rc = require "rc"

return rc.tool {
  name = "writing",
  description = "Gives a long text.",
  run = function() return { text = ("0123456789abcdef"):rep(2000000) } end,
}
