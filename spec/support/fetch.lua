-- Run as `rcmcp lua spec/support/fetch.lua METHOD URL…`: all at once; prints a line each, in order.
local http = require "core.http"
local loop = require "core.loop"

local lines = {}
for i = 2, #arg do
  assert(http.start({ method = arg[1], url = arg[i], connect_ms = 10000 }, function(response, message, code, sent)
    lines[i - 1] = response and response.status .. " " .. response.body
      or ("%s sent=%s %s"):format(code, tostring(sent), message)
  end))
end
loop.run()
print(table.concat(lines, "\n"))
