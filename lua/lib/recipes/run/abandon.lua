--- What becomes of the requests that a call leaves open when it does not end well: they are cancelled where the operator
--- has set that and the caller gave up, and named in the log otherwise.

local fiber = require "lib.async.fiber"
local log = require "core.log"
local open_requests = require "lib.recipes.run.open_requests"
local remote_cancel = require "lib.runcomfy.remote_cancel"

local M = {}

local function write(call, text)
  if call.ctx and call.ctx.log then return call.ctx:log("warning", text) end
  log.write("warning", call.recipe.name .. ": " .. text)
end

--- Begins to cancel what the call submitted and nobody cancels yet, where the setting `cancel_remote_on_client_cancel` says
--- so.  Does not wait: the call's end waits for `call.ending`.
---@param call CallState
function M.begin(call)
  local runcomfy = call.ctx and call.ctx.runcomfy
  if not (runcomfy and runcomfy.cancel_remote_on_client_cancel) then return end
  for _, entry in ipairs(call.requests:list()) do
    if entry.request_id and not entry.cancelling and not entry.adopted then
      local task = fiber.spawn(remote_cancel.cancel, entry, {
        runcomfy = runcomfy, requests = call.requests, log = function(text) write(call, text) end,
      })
      task.quiet = true
      table.insert(call.ending, task)
    end
  end
end

--- The same of a call whose caller, or whose time, has given it up.
---@param call CallState
---@return boolean given_up
function M.of_given_up(call)
  local given_up = call.cancelled ~= nil or call.timed_out == true
  if given_up then M.begin(call) end
  return given_up
end

local LINE = 10 -- requests in one line of the log

local function report(call, how, what, entries)
  local parts = {}
  for _, entry in ipairs(entries) do
    if not entry.told then parts[#parts + 1] = open_requests.describe(entry) end
    entry.told = true
  end
  for first = 1, #parts, LINE do
    write(call, ("the call of '%s' %s; %s: %s"):format(call.recipe.name, how, what,
      table.concat(parts, ", ", first, math.min(first + LINE - 1, #parts))))
  end
end

--- Writes to the log what still goes on, and what has ended with a result that nobody gets by this call.  Of calls within a
--- call the outermost does, for it may yet see the end.
---@param call CallState
---@param how string  "was cancelled", "failed"
function M.report(call, how)
  if call.ctx and call.ctx.chain then return end
  report(call, how, "what it submitted goes on", call.requests:list())
  report(call, how, "what it submitted has ended, and its result can be fetched", call.requests:made())
end

return M
