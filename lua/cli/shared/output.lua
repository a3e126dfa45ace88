--- The end of a command: whether standard output took all that was written to it.

local exit_status = require "cli.shared.exit_status"

local M = {}

--- The status that the program ends with.  Output that was lost counts more than what became of the command: the other
--- statuses promise that standard output has the rest.
---@param status integer
---@return integer
function M.status(status)
  local whole, message = require("core.stdio").flush()
  if whole then return status end
  io.stderr:write("rcmcp: ", message or "", "\n")
  return exit_status.io
end

--- Lets a script that ends the program itself, by os.exit, end it with the status that this gives.
---@param translate fun(code: integer): integer  of the script's own status
function M.at_exit(translate)
  local exit = os.exit
  rawset(os, "exit", function(code, close)
    if code == nil or code == true then code = 0 end
    exit(M.status(translate(code or 1)), close)
  end)
end

return M
