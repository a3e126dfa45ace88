--- What the command line may have put in place of an input that can be read.

local exit_status = require "cli.shared.exit_status"
local stdio = require "core.stdio"

local M = {}

local WHAT = {
  EISDIR = "it is a directory",
  EACCES = "it is open for writing only",
  ENOTSUP = "it is neither a pipe, a stream socket, a terminal nor a file",
}

--- Complains where standard input cannot be read at all, before anything else is done.
---@param command string
---@return integer? status  of the end; nil where it can be read
function M.refusal(command)
  local ok, message, code = stdio.check()
  if ok then return nil end
  io.stderr:write(("rcmcp %s: cannot read standard input: %s\n"):format(command, WHAT[code] or message))
  return exit_status.usage
end

return M
