-- Gives an object of 400,000 members, whose keys are in no order.
local rc = require "rc"

return rc.tool {
  name = "listing",
  description = "Gives very many members.",
  run = function()
    local members = {}
    for i = 1, 400000 do members["k" .. i * 7919 % 400009] = i end
    return members
  end,
}
