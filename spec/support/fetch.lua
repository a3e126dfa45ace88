-- Run as `rcmcp lua spec/support/fetch.lua METHOD URL…`: all at once; prints a line each, in order.  METHOD may end in
-- "-public": public_only; or in
-- "-bearer": with the bearer s3cret.
local http = require "core.http"
local loop = require "core.loop"

local lines = {}
local method, with = arg[1]:match "^(%a+)%-?(%a*)$"
for i = 2, #arg do
  local request = { method = method, url = arg[i], connect_ms = 10000, public_only = with == "public" }
  request.bearer = with == "bearer" and "s3cret" or nil
  assert(http.start(request, function(response, message, code, sent)
    lines[i - 1] = response and response.status .. " " .. response.body
      or ("%s sent=%s %s"):format(code, tostring(sent), message)
  end))
end
loop.run()
print(table.concat(lines, "\n"))
