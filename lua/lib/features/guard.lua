--- Errors that code of a tool, a prompt or a resource raises: told from each other, logged, and made into
--- error values.

local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local log = require "core.log"

local M = {}

---@class Crash  a Lua error, with the place it came from
---@field message string
---@field trace string
local Crash = {}

--- The message handler of an xpcall around foreign code.
---@param err any
---@return any
function M.on_raise(err)
  if errors.is(err) or fiber.is_cancelled(err) then return err end
  local message = tostring(err)
  return setmetatable({ message = message, trace = debug.traceback(message, 2) }, Crash)
end

--- The error value of what such an xpcall caught.  A Lua error is logged with its trace; a cancellation is
--- raised again.
---@param what string  "tool '%s'": whose code it was
---@param name string
---@param err any
---@return Error|string
function M.caught(what, name, err)
  if fiber.is_cancelled(err) then error(err, 0) end
  if not rawequal(getmetatable(err), Crash) then return err end
  log.write("error", ("%s raised an error: %s"):format(what:format(name), err.trace))
  return err.message
end

--- Calls foreign code, in a fiber; what it raises is returned as an error value.
---@param what string
---@param name string
---@param fn function
---@param ... any
---@return any result, Error|string|nil err
function M.call(what, name, fn, ...)
  local ok, result, err = xpcall(fn, M.on_raise, ...)
  if ok then return result, err end
  return nil, M.caught(what, name, result)
end

return M
