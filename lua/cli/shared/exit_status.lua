--- Exit statuses: one meaning each (numbers of sysexits.h where it has one), the same for every command.

local M = {
  ok = 0,
  tool_error = 1,    -- the tool answered with an error
  usage = 64,        -- the command line is wrong
  bad_input = 65,    -- the tool's input is wrong; nothing was sent
  unavailable = 69,  -- the API cannot be reached or is not well
  software = 70,     -- a bug of rcmcp
  io = 74,           -- standard output could not be written in full, whatever else became of the command; or the input not read
  pending = 75,      -- the wait ended, the request goes on; its ids are in the output
  auth = 77,         -- no key, or the API refused it
  config = 78,       -- a setting is wrong
  interrupted = 130, -- Ctrl-C
}

local of_code = {
  config = M.config,
  no_key = M.auth,
  bad_input = M.bad_input,
  invalid_input = M.bad_input,
  connect = M.unavailable,
  tls = M.unavailable,
  library = M.unavailable,
  timeout = M.unavailable,
  truncated = M.unavailable,
  network = M.unavailable,
  protocol = M.unavailable,
}

--- The status of an error: from the HTTP status where there is one, else from the error's code.
---@param err table  an Error, or the data of a tool's error result
---@return integer
function M.of_error(err)
  local status = math.type(err.status_code) == "integer" and err.status_code or 0
  if status == 401 or status == 403 then return M.auth end
  if status == 429 or status >= 500 then return M.unavailable end
  if err.code == "timeout" and err.status_code == nil then return M.tool_error end -- a recipe's own: the API's have one, or null
  return of_code[err.code] or M.tool_error
end

return M
