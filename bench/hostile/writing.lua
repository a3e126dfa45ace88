-- Gives a text of 15 MB, nearly as long as a result may be.
local rc = require "rc"

return rc.tool {
  name = "writing",
  description = "Gives a long text.",
  run = function() return { text = ("0123456789abcdef"):rep(1000000 - 60000) } end,
}
