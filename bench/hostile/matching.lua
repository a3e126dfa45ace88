-- Looks for a pattern that has very many ways to fail.
local rc = require "rc"

return rc.tool {
  name = "matching",
  description = "Matches a pattern of many repeats.",
  run = function()
    return { found = (("a"):rep(40)):find((".-"):rep(20) .. "b") ~= nil }
  end,
}
