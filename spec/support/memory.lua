--- Runs out of memory on purpose.

local host = require "core.host"

local M = {}

-- Lua collects and tries again when an allocation fails, so two in a row must.
local IN_A_ROW = 2

local function is_out_of_memory(text)
  return text:find("not enough memory", 1, true) ~= nil
end

--- Runs `fn` again and again, failing a later allocation each time, until it makes none that late: some
--- failures do no harm, and are not the last.
--- What fails must be "not enough memory", raised or returned; anything else is raised.
---@param fn fun(): integer?  where it ends the failures itself: what host.fail_allocations() gave it then
---@param limit? integer  most runs, default 2,000
---@return integer failures  runs in which memory ran out
function M.sweep(fn, limit)
  for after = 0, limit or 2000 do
    collectgarbage()
    host.fail_allocations(after, IN_A_ROW)
    local ok, err = pcall(fn)
    local left = host.fail_allocations(0, 0)
    if ok then left = err or left end
    if ok and left == IN_A_ROW then return after end
    if not ok and not is_out_of_memory(tostring(err)) then error(err, 0) end
  end
  error("still failing after " .. (limit or 2000) .. " runs", 2)
end

return M
