--- A call that is run again in another worker and does not do again what it did: memory has run out there on the way to where it had
--- stood.  It knows less than it has done, so it might do that twice, or leave it undone: it is run again in yet another worker.

local errors = require "lib.errors"

local M = {}

local MOST = 2 -- times that a call is run once more for that

--- What is told of its clean-ups where it goes astray once more.
M.WHY = "the call was run again in another worker, and ended there before it stood where it had stood"

local function may_try_again(call)
  return not call.verdict and call.astray < MOST
end

-- Nothing more is heard of it in this worker.
local function run_elsewhere(seat, call)
  seat.dropped[call.message.call] = true
  seat.process:send { kind = "cancel", call = call.message.call }
  seat.on_astray(call)
  call.astray = call.astray + 1
end

--- It does something new, or begins to clean up: where it does not stand yet where it had stood, it is run elsewhere.  Where memory runs
--- out it is called again.
---@param seat WorkerSeat
---@param call SeatedCall
---@return boolean is_gone  it runs elsewhere
function M.look(seat, call)
  if not may_try_again(call) or not call.asked:lacks(call.ends_at) then return false end
  run_elsewhere(seat, call)
  return true
end

local function ended_astray(seat, call, err)
  if call.undoes_in and call.undoes_in ~= seat then return true end
  return err ~= nil and errors.is_out_of_memory(err) and call.asked:lacks(call.ends_at)
end

--- The same where it has ended.
---@param seat WorkerSeat
---@param call SeatedCall
---@param err? Error  what it has ended with
---@return boolean is_gone, string? lost  why nobody can say that its clean-ups were done
function M.look_at_end(seat, call, err)
  if not ended_astray(seat, call, err) then return false end
  if not may_try_again(call) then return false, call.verdict and call.verdict.message or M.WHY end
  run_elsewhere(seat, call)
  return true
end

return M
