-- Ends with an error, as deep as the stack goes, and with a long text.
local rc = require "rc"

return rc.tool {
  name = "crashing",
  description = "Raises an error of a megabyte from the depth of the stack.",
  run = function()
    local function fall(depth)
      if depth == 0 then error(("it fell "):rep(125000)) end
      return fall(depth - 1) .. ""
    end
    return fall(150)
  end,
}
