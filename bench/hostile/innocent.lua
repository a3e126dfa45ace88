-- Does no harm: what others do beside it must change nothing of what it gives.
local rc = require "rc"

return rc.tool {
  name = "innocent",
  description = "Gives a number twice.",
  input = { { "number", "integer", "A number" } },
  run = function(input)
    rc.sleep(0.001)
    return { twice = 2 * input.number }
  end,
}
