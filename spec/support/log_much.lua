-- Run as `rcmcp lua spec/support/log_much.lua`, with standard error that nobody reads; see deaf_log.py.
local log = require "core.log"
local loop = require "core.loop"
local stdio = require "core.stdio"

for i = 1, 5000 do log.write("warning", i .. (" line"):rep(20)) end
io.stdout:write("done\n")
io.stdout:flush()
local reader
reader = stdio.read_lines(1000, function() reader:cancel() end)
loop.run()
