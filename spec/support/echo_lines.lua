-- Run as `rcmcp lua spec/support/echo_lines.lua MAX`: answers each line of input with its length.
local stdio = require "core.stdio"
local loop = require "core.loop"
local timer = require "core.timer"

assert(stdio.take())
print("a print goes to standard error")
io.stdout:write("so does io.write\n")
io.stdout:flush()
local reader
stdio.on_broken(function()
  io.stderr:write("broken\n")
  reader:cancel()
end)
reader = assert(stdio.read_lines(math.tointeger(arg[1]), function(line, why)
  if why == "eof" then return end
  stdio.write((line and #line .. ":" .. line:sub(1, 20) or why) .. "\n")
  if line == "pause" then
    reader:pause()
    stdio.on_drain(function() reader:resume() end)
  elseif line == "stop" then
    reader:pause()
  elseif line == "breathe" then
    reader:pause()
    timer.after(1, function() reader:resume() end)
  elseif line == "flood" then
    for _ = 1, 200 do stdio.write(("x"):rep(9999) .. "\n") end
  end
end))
loop.run()
