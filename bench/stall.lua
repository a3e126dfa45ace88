--- The longest time for which one text of foreign origin keeps the host busy.
---
---   build/release/rcmcp lua bench/stall.lua [BYTES]        or: bench/run stall
---
--- Gives each function that reads foreign text (spec/support/readers.lua) 1,000,000 bytes of each of
--- spec/support/hostile_texts.lua, in a fiber, as calls run.  A stall is the processor time between two turns of the loop.
--- Prints the longest of each function: the median of five, of the texts of which a tenth took longest.  Ends with status 1
--- where one takes more than 50 ms.  What runs where nobody waits, or within a limit of its own, is not measured.

local fiber = require "lib.async.fiber"
local hostile_texts = require "spec.support.hostile_texts"
local log = require "core.log"
local loop = require "core.loop"
local readers = require "spec.support.readers"
local timer = require "core.timer"

local BYTES = tonumber(arg[1]) or 1000000
local GATE = 50       -- ms
local TURNS = 5       -- of which the median counts
local CANDIDATES = 3  -- texts of a function that are measured so often

-- The stall ends where a fiber lets the loop turn, and begins again behind that.
local began, longest = 0, 0

local function stop() longest = math.max(longest, os.clock() - began) end

local next_turn = timer.next_turn
function timer.next_turn(callback) -- luacheck: ignore 122
  stop()
  return next_turn(function()
    began = os.clock()
    return callback()
  end)
end

-- The longest stall of one run, in ms.
local function stall(read, value)
  collectgarbage()
  longest = 0
  fiber.spawn(function()
    began = os.clock()
    pcall(read, value)
    stop()
  end)
  loop.run()
  return longest * 1000
end

local function median(reader, name)
  local value, list = readers.given(reader, hostile_texts[name](BYTES)), {}
  for turn = 1, TURNS do list[turn] = stall(reader[2], value) end
  table.sort(list)
  return list[(TURNS + 1) // 2]
end

local function slowest_first(a, b) return a.ms > b.ms end

-- What a tenth of each text took once, slowest first, by function.
local function first_look(list_of_readers)
  local found = {}
  for i = 1, #list_of_readers do found[i] = {} end
  for name, make in pairs(hostile_texts) do
    local text = make(BYTES // 10)
    for i, reader in ipairs(list_of_readers) do
      found[i][#found[i] + 1] = { text = name, ms = stall(reader[2], readers.given(reader, text)) }
    end
  end
  for _, list in ipairs(found) do table.sort(list, slowest_first) end
  return found
end

local function worst_of(reader, list)
  local worst = { name = reader[1], ms = -1 }
  for i = 1, CANDIDATES do
    local ms = median(reader, list[i].text)
    if ms > worst.ms then worst.text, worst.ms = list[i].text, ms end
  end
  return worst
end

log.set_level "error"
local measured, rows = {}, {}
for _, reader in ipairs(readers.readers) do
  if not reader.apart then measured[#measured + 1] = reader end
end
for i, list in ipairs(first_look(measured)) do rows[i] = worst_of(measured[i], list) end
table.sort(rows, slowest_first)
readers.close()

print("| function | worst text | ms |\n|---|---|--:|")
local missed = 0
for _, row in ipairs(rows) do
  print(("| %s | %s | %.1f%s |"):format(row.name, row.text, row.ms, row.ms > GATE and " (over)" or ""))
  if row.ms > GATE then missed = missed + 1 end
end
print(("\n%d functions, %d over %d ms"):format(#rows, missed, GATE))
os.exit(missed == 0 and 0 or 1)
