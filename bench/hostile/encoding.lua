-- Writes and reads JSON of a megabyte, again and again.
local rc = require "rc"

return rc.tool {
  name = "encoding",
  description = "Encodes and decodes JSON for ever.",
  run = function()
    local list = {}
    for i = 1, 20000 do list[i] = { number = i, text = "\"\\\n" .. i, list = { i, i + 0.5 } } end
    while true do list = rc.json.decode(rc.json.encode(list)) end
  end,
}
