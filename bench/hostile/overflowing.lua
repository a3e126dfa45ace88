-- Gives texts of 60 MB, more than a result may have.
local rc = require "rc"

return rc.tool {
  name = "overflowing",
  description = "Gives more than can be given.",
  run = function()
    local text = ("0123456789abcdef"):rep(500000)
    return { id = "kept", texts = { text, text .. "1", text .. "2", text .. "3" }, more = { text, text, text } }
  end,
}
