--- The longest time for which one text of foreign origin keeps the host busy:
---   build/release/rcmcp lua bench/stall.lua [BYTES]
--- Prints, for each function that reads foreign text (spec/support/readers.lua), its worst text and the processor time that it
--- takes for 1,000,000 bytes of it, the best of three; ends with status 1 where one takes more than 50 ms.
local readers = require "spec.support.readers"

local BYTES = tonumber(arg[1]) or 1000000
local GATE = 50 -- ms

local function milliseconds(read, text)
  local best = math.huge
  for _ = 1, 3 do
    collectgarbage()
    local began = os.clock()
    pcall(read, text)
    best = math.min(best, (os.clock() - began) * 1000)
    if best <= GATE / 4 then break end
  end
  return best
end

local rows = {}
for i, reader in ipairs(readers.readers) do rows[i] = { name = reader[1], reader = reader, worst = 0, text = "-" } end
for name, make in pairs(readers.texts) do
  local text = make(BYTES)
  for _, row in ipairs(rows) do
    local ms = milliseconds(row.reader[2], readers.given(row.reader, text))
    if ms > row.worst then row.worst, row.text = ms, name end
  end
end
table.sort(rows, function(a, b) return a.worst > b.worst end)

print("| function | worst text | ms |\n|---|---|---|")
local missed = 0
for _, row in ipairs(rows) do
  print(("| %s | %s | %.1f%s |"):format(row.name, row.text, row.worst, row.worst > GATE and " (over)" or ""))
  if row.worst > GATE then missed = missed + 1 end
end
os.exit(missed == 0 and 0 or 1)
