-- Saves what a URL gives in a file: `rcmcp lua spec/support/save_as.lua URL PATH`; for specs that end the process meanwhile.
local http = require "core.http"
local loop = require "core.loop"

assert(http.start({ method = "GET", url = arg[1], save_as = arg[2] }, function() end))
loop.run()
