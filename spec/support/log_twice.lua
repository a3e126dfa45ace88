-- Run as `rcmcp lua spec/support/log_twice.lua`: logs much, says so, waits for a line, and logs once more; see late_reader.py.
local log = require "core.log"
local loop = require "core.loop"
local stdio = require "core.stdio"

for i = 1, 8000 do log.write("warning", i .. (" line"):rep(20)) end
io.stdout:write("done\n")
io.stdout:flush()
local reader
reader = stdio.read_lines(1000, function(line)
  reader:cancel()
  if line then log.write("error", "the last one") end
end)
loop.run()
