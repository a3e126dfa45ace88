-- Tells of its progress, and writes lines, as fast as it can.
local rc = require "rc"

return rc.tool {
  name = "talking",
  description = "Talks without an end.",
  run = function(_, ctx)
    for i = 1, 20000 do
      ctx:progress(i, 20000, ("word "):rep(200))
      rc.log("info", "line " .. i)
    end
    return { told = true }
  end,
}
