-- Makes coroutines that make coroutines, each of which stays alive.
local rc = require "rc"

return rc.tool {
  name = "forking",
  description = "Forks coroutines for ever.",
  run = function()
    local alive = {}
    local function fork()
      local co = coroutine.create(function()
        coroutine.yield()
        fork()
      end)
      alive[#alive + 1] = co
      coroutine.resume(co)
    end
    fork()
    while true do
      for i = 1, #alive do
        if coroutine.status(alive[i]) == "suspended" then coroutine.resume(alive[i]) end
        fork()
      end
    end
  end,
}
