-- Sorts long lists: numbers by themselves, then texts by a function.
local rc = require "rc"

return rc.tool {
  name = "sorting",
  description = "Sorts 400,000 numbers, then 100,000 texts.",
  run = function()
    local numbers, texts = {}, {}
    for i = 1, 400000 do numbers[i] = i * 7919 % 400009 end
    table.sort(numbers)
    for i = 1, 100000 do texts[i] = "key " .. numbers[i] end
    table.sort(texts, function(a, b) return a > b end)
    return { first = numbers[1], last = texts[1] }
  end,
}
