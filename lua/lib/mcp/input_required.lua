--- Multi round-trip requests (2026-07-28, patterns/mrtr): a question is the answer to a request, `input_required`.  The call goes
--- on waiting in its fiber until the client makes the same request again, with `inputResponses` and the `requestState` that it
--- was given; the retry may come over any connection of the same account.
---
--- What is done before a question is not done twice: the call itself goes on, where it stands.  The `requestState` names the call
--- and is good for one use; it carries a copy of what the call had begun by then, too: a process that never saw the call names
--- it instead of inviting its client to pay again.

local account_calls = require "lib.calls.account_calls"
local elicitation = require "lib.mcp.elicitation"
local hex = require "lib.hex"
local host = require "core.host"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local receipts = require "lib.calls.receipts"
local timer = require "core.timer"

local M = {}

local QUESTION = "question" -- names the one question of an answer

---@class InputRequired: PendingInput  of a request that was answered with a question
---@field session Session
---@field state string      the requestState
---@field origin string     what the request asked for: only the same may go on
---@field handler RequestHandler  of its method
---@field ask Ask
---@field counted boolean      its connection counts it: the call runs
---@field timer? core.Handle  of what has become of the call, once it is over
local InputRequired = {}
InputRequired.__index = InputRequired

local function uncount(self)
  if not self.counted then return end
  self.counted = false
  self.session.inputs = self.session.inputs - 1
end

--- The client comes back, or is not waited for any longer.
function InputRequired:close()
  uncount(self)
  if self.timer then self.timer:cancel() end
  self.timer = nil
end

-- Nobody has come back for what has become of the call.
local function forget(call)
  call.book:drop(call)
end

--- The call is over: it keeps its outcome for the client, who may still come back.
---@param call Call
function InputRequired:settled(call)
  uncount(self)
  if self.session.server:is_drained() then
    forget(call)
  else
    self.timer = timer.after(math.ceil(self.session.server.ask_seconds * 1000), function() forget(call) end)
  end
  self.session:report_idle()
end

-- Asking -------------------------------------------------------------------------------------------

local function origin_of(request)
  local params = request.params
  return json.encode { name = params.name, uri = params.uri, arguments = params.arguments }
end

local function new_state(call)
  return call.id .. "-" .. hex(host.random(16)) .. "." .. receipts.seal(call.receipts, call.ctx.tool)
end

--- Answers a request with a question, and detaches it.  Where memory runs out for that this raises, and all is as before.
---@param request Request
---@param ask Ask
---@return Error? err
function M.ask(request, ask)
  local session, call = request.session, request.call
  if session.draining then return elicitation.closed(request) end
  local seconds = session.server.ask_seconds
  call.book:remember(call)
  local state = new_state(call)
  local input = setmetatable({
    session = session, state = state, origin = origin_of(request), handler = request.handler, ask = ask, timer = nil, counted = true,
  }, InputRequired)
  local revision = request.revision --[[@as Revision.2026_07_28]]
  local text = jsonrpc.result(request.id, revision:question_result(QUESTION, elicitation.params(ask, revision), state))
  ask:expire(function(fn) return timer.after(math.ceil(seconds * 1000), fn) end)
  request:answer(text)
  session.inputs = session.inputs + 1
  call:await_input(request, input)
end

-- Going on -----------------------------------------------------------------------------------------

-- The answer in a request: nil, or false where it is none.
local function answer_in(params)
  local responses = params.inputResponses
  if responses == nil or responses == json.null then return nil end
  if not jsonrpc.is_object(responses) then return false end
  local answer = responses[QUESTION]
  if answer == nil or answer == json.null then return nil end
  return elicitation.action(answer) and answer or false
end

--- Takes a request that carries a requestState: the call that it names goes on, or the request is refused.
---@param request Request
function M.resume(request)
  local params = request.params --[[@as table]]
  local state = params.requestState
  if type(state) ~= "string" then return request:refuse(jsonrpc.INVALID_PARAMS, "'requestState' must be a string, as it was given out") end
  local book = request.book
  local id = state:sub(1, account_calls.ID_LENGTH)
  local call = book:get(id) or request.session.server:asked_over(request.session, id)
  local input = call and call.pending_input --[[@as InputRequired?]]
  if not call or not input or input.state ~= state then
    return request:refuse(jsonrpc.INVALID_PARAMS, receipts.stale(state, book:receipts_of(id)))
  end
  if input.handler ~= request.handler or input.origin ~= origin_of(request) then
    return request:refuse(jsonrpc.INVALID_PARAMS, "'requestState' belongs to another request than this")
  end
  local answer = answer_in(params)
  if answer == false then
    return request:refuse(jsonrpc.INVALID_PARAMS,
      ("'inputResponses': '%s' must be the result of elicitation/create, with an action"):format(QUESTION))
  end
  request.session:resume(request)
  call:attach(request, input.ask, answer and answer.action, answer and answer.content)
end

return M
