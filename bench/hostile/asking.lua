-- Calls a tool with very much to check, and waits for as many things at once as it may.
local rc = require "rc"

return rc.tool {
  name = "asking",
  description = "Asks the host for what it has to refuse.",
  uses = { "get_request_status" },
  run = function()
    local long, nodes = ("x"):rep(8000000), {}
    for i = 1, 20000 do nodes["n" .. i] = { inputs = { seed = i } } end
    for _, id in ipairs { long, nodes } do
      pcall(rc.tools.get_request_status, { deployment_id = id, request_id = "r" })
    end
    rc.map({ 1, 2, 3, 4, 5, 6, 7, 8 }, function() for _ = 1, 100 do rc.sleep(0) end end)
    return { asked = true }
  end,
}
