-- Fills weak tables, which every collection has to go through.
local rc = require "rc"

return rc.tool {
  name = "weak",
  description = "Makes 30,000 weak tables for the next ones to find.",
  run = function()
    local tables = {}
    for i = 1, 30000 do
      local key = {}
      tables[i] = setmetatable({ [key] = { key }, [i] = key }, { __mode = i % 2 == 0 and "k" or "v" })
    end
    return { made = #tables }
  end,
}
