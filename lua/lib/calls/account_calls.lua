--- The calls of an account that somebody may come back to: those that outlive their listeners, and those that wait for an answer
--- to a question.  Whoever comes for one comes for the same account, over whichever connection; nobody else finds it.

local hex = require "lib.hex"
local host = require "core.host"
local latest = require "lib.calls.latest"
local log = require "core.log"
local rescue = require "lib.async.rescue"
local results = require "lib.calls.results"

local M = {}

local MOST_KNOWN = 1024 -- calls whose receipts are remembered after they have asked

---@class AccountCalls
---@field results CallResults                    of those that have ended and that nobody has come for
---@field inputs integer                        calls that an answer may be brought to
---@field package calls table<string, Call>      by id
---@field package asked Latest                   the receipts of the latest calls that have asked
local AccountCalls = {}
AccountCalls.__index = AccountCalls

---@return AccountCalls
function M.new()
  local self = setmetatable({ inputs = 0, calls = {}, asked = latest.new(MOST_KNOWN) }, AccountCalls)
  self.results = results.new(function(call) self.calls[call.id] = nil end)
  rescue.add(self, AccountCalls.look)
  return self
end

local function list(self)
  local all = {}
  for _, call in pairs(self.calls) do all[#all + 1] = call end
  return all
end

--- Nobody can come any more.  Calls for which somebody was to come with an answer end with what they have, or are cancelled.
---@param err? Error    for their questions
---@param reason? any   of their cancellation, where there is no error
function AccountCalls:drain(err, reason)
  for _, call in ipairs(list(self)) do
    if call.pending_input and call.outcome then
      self:drop(call)
    elseif call.pending_input and err then
      call:fail_questions(err)
    elseif call.pending_input then
      call:cancel(reason)
    end
  end
end

-- Names ----------------------------------------------------------------------------------------------

M.ID_LENGTH = 22

local function new_id()
  return "run-" .. hex(host.random(9))
end

--- Gives a call a name by which it is found.
---@param call Call
---@return string id
function AccountCalls:name(call)
  if call.id then return call.id end
  local id = new_id()
  self.calls[id] = call
  call.id = id
  return id
end

---@param id string
---@return Call?
function AccountCalls:get(id)
  return self.calls[id]
end

--- Those that outlive their listeners and have not been given to anybody.
---@return Call[]
function AccountCalls:lasting()
  self.results:expire()
  local found = {}
  for _, call in pairs(self.calls) do
    if call.lasting then found[#found + 1] = call end
  end
  return found
end

--- Names a call that is about to ask, and remembers what it has begun, also when it is over.
---@param call Call
function AccountCalls:remember(call)
  local id = self:name(call)
  if not self.asked:get(id) then self.asked:put(id, call.receipts) end
end

---@param id string
---@return Receipts?
function AccountCalls:receipts_of(id)
  local call = self.calls[id]
  return call and call.receipts or self.asked:get(id)
end

-- Ends -----------------------------------------------------------------------------------------------

local function report_kept(call)
  log.write("info", ("run %s of recipe '%s' has ended; its result waits to be collected"):format(call.id, call.lasting.name))
end

--- The outcome is kept for who comes for it.
---@param call Call
function AccountCalls:keep(call)
  if call.lasting and self.results:keep(call) then pcall(report_kept, call) end -- no memory to say so: that is no failure
end

--- The outcome is given to somebody.
---@param call Call
function AccountCalls:give(call)
  if call.lasting then self.results:take(call) end
  self.calls[call.id] = nil
end

--- The call has ended without a result.
---@param call Call
---@param fate string
function AccountCalls:forget(call, fate)
  if call.lasting then self.results:forget(call, fate) end
  self.calls[call.id] = nil
end

--- Nobody has come back with an answer.  Of a lasting call somebody may still come for the result who was told its name; and what it
--- has begun is named where nobody does.
---@param call Call
function AccountCalls:drop(call)
  call:end_input()
  if call.lasting and (call.told or #call.receipts.list > 0) then return end
  if call.lasting then self.results:discard(call) end
  self.calls[call.id] = nil
end

--- Looks after calls for which memory ran out.
function AccountCalls:look()
  rescue.each(list(self), function(call) call:look() end)
end

return M
