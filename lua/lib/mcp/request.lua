--- A JSON-RPC request.  One of tools/call, prompts/get or resources/read begins a call, or goes on with one, and listens to it: it
--- sends its progress, puts its questions, and writes what comes of it in the words of its revision.  The request's id is put
--- to the answer last; the call knows nothing of it.

local calls = require "lib.calls.call"
local clock = require "lib.async.clock"
local era = require "lib.mcp.era"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local log = require "core.log"
local receipts = require "lib.calls.receipts"

local M = {}

local PROGRESS_GAP = 0.05 -- seconds between the last progress and the result: some clients drop it otherwise

---@class RequestHandler  of a method that begins a call
---@field work fun(call: Call): any, Error?  what the call does
---@field write fun(server: Server, request: Request, result: any, err: Error?, begun: Receipts): string  the text of the answer; in a fiber

---@class Request: Listener
---@field id string             JSON text
---@field params? table
---@field meta? table
---@field client? table         who asks
---@field revision Revision
---@field session Session
---@field transport Transport   where notifications go
---@field sink Transport|Batch  where the answer goes
---@field account? Account     whose call it is
---@field book AccountCalls    the calls of that account
---@field subject table         the tool, prompt or resource that it names
---@field handler RequestHandler
---@field call Call             the one that it listens to, or did; of a request that begins none: nil
---@field pass Pass             through the gate
---@field answer_by? number     moment of lib.async.clock at which the client wants an answer
---@field note? string          what stands before the result: see Call
---@field answered? boolean     its answer has gone out
---@field cancelled? boolean    the client gave it up: nothing is sent for it
---@field private notifier? Progress
---@field private patience? core.Handle  until `answer_by`
---@field failed? boolean       it failed inside the server before its call began
---@field private fiber? Fiber  that writes the answer
local Request = {}
Request.__index = Request

---@param fields table  becomes the request
---@return Request
function M.new(fields)
  return setmetatable(fields --[[@as Request]], Request)
end

--- Refuses it.
---@param code integer
---@param message string
---@param data? string  JSON text
function Request:refuse(code, message, data)
  self.sink:send(jsonrpc.failure(self.id, code, message, data))
end

-- Beginning ------------------------------------------------------------------------------------------

-- The moment at which the client wants an answer: what the call does before it waits counts, too.
local function answer_by(self, patience)
  local seconds = patience(self.client, self.notifier ~= nil)
  return seconds and clock.now() + seconds or nil
end

--- Begins a call, or refuses to; or goes on with one that has asked.
---@param handler RequestHandler
---@param subject table   with a name
---@param arguments any   what the work takes with ctx:take_arguments()
function Request:begin(handler, subject, arguments)
  local session = self.session
  local server = session.server
  self.account = server.account and server.account(self)
  self.book = server:calls_of(self.account)
  local problem = session:admit(self)
  if problem then return self:refuse(problem.code, problem.message) end
  local meta, patience = self.meta, server.patience
  local token = jsonrpc.progress_token(meta)
  if token then self.notifier = require("lib.mcp.progress").new(self.transport, token, self.revision.progress_messages) end
  self.handler, self.subject, self.answer_by = handler, subject, patience and answer_by(self, patience)
  local may_come_back = self.revision.input_required and era.capabilities_in(meta).elicitation ~= nil
  local state = self.params and self.params.requestState
  if state ~= nil and state ~= json.null and self.revision.input_required then return require("lib.mcp.input_required").resume(self) end
  self.call = calls.new {
    account = self.account, book = self.book, feature = subject, work = handler.work, listener = self, arguments = arguments,
    client = self.client,
  }
  if not may_come_back then self.params = nil end -- there they tell one request from another
  session:begin(self)
end

local function start(self)
  local call = self.call
  call:start()
  if call.fiber.status ~= "waiting" and self.call == call and self:is_open() then
    error("not enough memory to start the call", 0)
  end
end

--- Starts its call: the gate has let it in.  Raises nothing.
---@param self Request
function M.start(self)
  local ok, err = pcall(start, self)
  if ok then return end
  self.pass:close()
  ok, err = pcall(self.session.fail, self.session, self.id, self.sink, err)
  if not ok then log.write("error", ("request %s could not be answered: %s"):format(self.id, tostring(err))) end
end

-- Answering ------------------------------------------------------------------------------------------

local function stop_patience(self)
  if self.patience then self.patience:cancel() end
  self.patience = nil
end

--- Sends its answer.  Raises where memory runs out before that has gone out; it is open then as before.
---@param text string
function Request:answer(text)
  self.sink:send(text)
  self.answered = true
  self:close()
end

--- Whether it has neither been answered nor given up.
---@return boolean
function Request:is_open()
  return not self.answered and not self.cancelled
end

-- There was no memory to queue an answer; an error needs less.
local function unsent(self, text, problem)
  log.write("error", ("the answer to request %s, %d bytes, could not be sent: %s"):format(self.id, #text, tostring(problem)))
  self:answer(jsonrpc.failure(self.id, jsonrpc.INTERNAL_ERROR, "Internal error: no memory to send the answer."
    .. receipts.sentence(self.call.receipts)))
end

--- Sends its answer, or an error where there is no memory for that.  Where there is none for the error, this raises, and the
--- request stays open until it is answered: see look.
---@param text string
function Request:finish(text)
  if not self:is_open() then return end
  local ok, problem = pcall(self.answer, self, text)
  if not ok and not self.answered then unsent(self, text, problem) end
  self.session:report_idle()
end

--- It is answered, or given up: nothing more is sent for it.
function Request:close()
  stop_patience(self)
  if self.notifier then self.notifier:close() end
  self.session:remove(self)
  if self.call.listener == self then self.call.listener = nil end
  if self.pass then self.pass:close() end
end

-- Sends the progress that is held back, and leaves a client the time to read it before the result.
local function finish_progress(self)
  local since = self.notifier:finish()
  if since and since < PROGRESS_GAP then fiber.sleep(PROGRESS_GAP - since) end
end

local function with_note(note, result, err)
  if result then
    result.text = result.text and note .. "\n" .. result.text or note
  else
    err.message = note .. "\n" .. err.message
  end
  return result, err
end

local function text_of(self, outcome)
  if self.notifier then finish_progress(self) end
  if not outcome.ok then error(outcome.result, 0) end
  local result, err = outcome.result, outcome.err
  if self.note then result, err = with_note(self.note, result, err) end
  return self.handler.write(self.session.server, self, result, err, self.call.receipts)
end

-- Whatever goes wrong outside of foreign code is an internal error, and is answered.
local function internal_error(self, err)
  local message = tostring(err) .. receipts.sentence(self.call.receipts)
  log.write("error", ("the call of '%s' failed inside the server: %s"):format(self.subject.name, message))
  return jsonrpc.failure(self.id, jsonrpc.INTERNAL_ERROR, "Internal error: " .. message)
end

local function deliver(self, outcome)
  self.fiber = fiber.current()
  local ok, text = pcall(text_of, self, outcome)
  if self.cancelled then
    self.pass:close()
    return calls.has_result(outcome) and receipts.unheard(self.subject.name, self.call.receipts)
  end
  if not ok then ok, text = pcall(internal_error, self, text) end
  if not ok then error(text, 0) end -- answered by the session, as soon as there is memory
  self:finish(text)
end

--- The call is over.
---@param call Call
function Request:settled(call)
  if fiber.current() then return deliver(self, call.outcome) end
  fiber.spawn(deliver, self, call.outcome)
end

--- The call that it has cancelled is over.
function Request:ended()
  self.pass:close()
end

local function leave(self)
  local call = self.call
  self.fiber, call.told = fiber.current(), true
  call:detach(self)
  stop_patience(self)
  local ok, result = pcall(call.lasting.pending, call, self.note)
  deliver(self, { ok = ok, result = result })
end

-- The call goes on; whoever makes the same call again, or names it, joins it.
local function leave_pending(self)
  if self.answered or self.cancelled or self.fiber then return end
  fiber.spawn(leave, self)
end

--- The call goes on without it, and is left when the client's patience is over.
function Request:may_leave()
  if self.patience or not self.answer_by or self.answered then return end
  self.patience = clock.after(math.max(0, self.answer_by - clock.now()), function() leave_pending(self) end)
end

--- Another one listens to its call from now on.
function Request:displaced()
  if self.cancelled then return self.pass:close() end -- the end of the call is not told to it
  leave_pending(self)
end

-- Telling the client ---------------------------------------------------------------------------------

---@param entry ProgressEntry
function Request:progress(entry)
  if self.notifier then self.notifier:report(entry) end
end

---@param receipt Receipt
---@param quiet? boolean
function Request:begun(receipt, quiet)
  if self.notifier and not quiet then self.notifier:announce(receipt) end
end

---@param waits boolean
function Request:waits(waits)
  self.pass:set_waiting(waits)
end

---@param ask Ask
---@return Error? err
function Request:question(ask)
  local elicitation = require "lib.mcp.elicitation"
  local obstacle = elicitation.obstacle(self)
  if obstacle then return require("lib.errors").new(obstacle, { code = "cannot_ask" }) end
  if self.revision.input_required then return require("lib.mcp.input_required").ask(self, ask) end
  return elicitation.ask(self, ask)
end

-- Its end --------------------------------------------------------------------------------------------

--- The client gives it up: nothing is sent for it any more.  The call ends where this request listens to it; one that goes on
--- without it goes on.
---@param reason any
function Request:cancel(reason)
  local call = self.call
  self.cancelled = true
  stop_patience(self)
  if self.notifier then self.notifier:close() end
  if not self.pass:has_begun() then self.pass:close() end -- nothing was sent for it
  if self.sink.skip then self.sink:skip() end
  if call.outcome or call.listener ~= self then
    if self.fiber then self.fiber:cancel(reason) end
  else
    call:cancel(reason)
  end
end

--- Whether a fiber is on its way to the answer.
---@return boolean
function Request:is_served()
  local task = self.fiber or self.call.fiber
  return task ~= nil and task.status ~= "done"
end

local function not_enough_memory(self)
  return jsonrpc.failure(self.id, jsonrpc.INTERNAL_ERROR, "Internal error: not enough memory." .. receipts.sentence(self.call.receipts))
end

--- Looks whether memory ran out on the way to its answer, and goes on; gives the text of an error where there can be no other.
---@return string?
function Request:look()
  local call, writer = self.call, self.fiber
  if self.failed then return not_enough_memory(self) end
  if writer then return writer.status == "done" and not_enough_memory(self) or nil end
  if call.listener == self and not call.outcome then
    return call.fiber and call.fiber.status == "done" and not_enough_memory(self) or nil
  end
  if call.listener == self then self:settled(call) elseif call.lasting then leave_pending(self) end
end

return M
