--- Transfers of core.http, one at a time, outside of fibers.

local child = require "spec.support.child"
local http = require "core.http"
local loop = require "core.loop"

local M = {}

--- Runs one transfer to its end and returns what its callback got, or what `start` refused it with.
---@param request core.http.Request
---@return core.http.Response?, string? message, string? code, boolean? sent
function M.fetch(request)
  local answer
  local handle, message, code = http.start(request, function(...)
    assert(not answer, "called back twice")
    answer = table.pack(...)
  end)
  if not handle then return nil, message, code end
  assert(not answer, "called back from inside start")
  while not answer do loop.step(true) end
  return table.unpack(answer, 1, answer.n)
end

--- `fetch` of a GET, with further fields.
---@param url string
---@param more? table
function M.get(url, more)
  local request = { method = "GET", url = url }
  for key, value in pairs(more or {}) do request[key] = value end
  return M.fetch(request)
end

--- GETs in a process of its own, with an environment of its own; a line an answer, see fetch.lua.
---@param env string[]
---@param method string
---@param ... string  URLs
---@return string lines
function M.elsewhere(env, method, ...)
  local fetcher <close> = child.rcmcp({ "lua", "spec/support/fetch.lua", method, ... }, { env = env })
  fetcher:close_stdin()
  local status = fetcher:wait()
  assert(status == 0, fetcher.err)
  return fetcher.out
end

return M
