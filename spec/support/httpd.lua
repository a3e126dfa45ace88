--- A server and its clients, for the specs of core.httpd.

local child = require "spec.support.child"
local http = require "core.http"
local httpd = require "core.httpd"
local loop = require "core.loop"
local timer = require "core.timer"

local M = {}

--- Runs the loop until `done()`; the watchdog is no measure.
function M.run_until(done)
  local expired = false
  local _ <close> = timer.after(30000, function() expired = true end)
  while not done() do
    if expired then error("what the spec waits for does not come", 2) end
    loop.step(true)
  end
end

--- A server on a free port that is closed with its variable; `log` collects its requests.
function M.serve(on_request, options)
  local server, message = httpd.listen(options or {}, on_request)
  assert(server, message)
  return server, "http://127.0.0.1:" .. server.port
end

--- Starts a transfer; the result appears in the table returned.
function M.start(url, more)
  local request = { method = "GET", url = url }
  for key, value in pairs(more or {}) do request[key] = value end
  local result = {}
  result.handle = assert(http.start(request, function(...)
    result.done, result.response, result.message, result.code = true, ...
  end))
  return result
end

function M.fetch(url, more)
  local result = M.start(url, more)
  M.run_until(function() return result.done end)
  return result.response, result.message, result.code
end

--- A raw connection, after Lua wrote `bytes` to it.
function M.connect(server, bytes)
  local client = child.spawn("python3", { "spec/support/raw_client.py", tostring(server.port) })
  client:write(bytes)
  return client
end

function M.header(response, name)
  return response.headers:match("\n" .. name:gsub("%-", "%%-") .. ": ([^\r]*)")
end

return M
