--- A pseudo terminal for specs, from the system's `script`.

local child = require "spec.support.child"

local M = {}

local missing ---@type string|false|nil  nil: not tried yet

-- Containers and build machines often have no /dev/pts, and other systems another `script`: only trying tells.
local function try()
  local spawned, process = pcall(child.spawn, "script", { "-qec", "echo here", "/dev/null" })
  if not spawned then return "needs a pseudo terminal, and there is no `script` (util-linux)" end
  process:close_stdin()
  local status = process:wait()
  process:close()
  if status == 0 and process.out:find("here", 1, true) then return false end
  local why = (process.err .. process.out):match "[^\r\n]+" or ("`script` ended with " .. status)
  return "needs a pseudo terminal, and none can be had: " .. why
end

--- Why no pseudo terminal can be had here, for `pending`; nil where one can.
---@return string? reason
function M.missing()
  if missing == nil then missing = try() end
  return missing or nil
end

--- Runs a command line of the shell on a terminal of its own.
---@param command string
---@param env? string[]  "NAME=value" lines beside TERM
---@return Child
function M.spawn(command, env)
  return child.spawn("script", { "-qec", command, "/dev/null" }, { env = { "TERM=xterm", table.unpack(env or {}) } })
end

return M
