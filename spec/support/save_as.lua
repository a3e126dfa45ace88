-- Saves what a URL gives in a file: `rcmcp lua spec/support/save_as.lua URL PATH [named]`; for specs that end the process meanwhile.
local http = require "core.http"
local loop = require "core.loop"

local done = false
assert(http.start({ method = "GET", url = arg[1], save_as = arg[2], save_named = arg[3] == "named" }, function() done = true end))
while not done do loop.step(true) end
