--- Questions in 2026-07-28: the request is answered with the question, and the call waits, parked, until the
--- client makes the same request again with the answer in it.
---
--- What is done before a question is not done twice: the call itself goes on, where it stands.  The
--- `requestState` is a random name, good for one use on this connection, and a copy of what the call had begun by then: a
--- process that never saw the call names it instead of inviting its client to pay again.

local host = require "core.host"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local receipts = require "lib.calls.receipts"
local timer = require "core.timer"

local M = {}

local QUESTION = "question" -- names the one question of an answer
local ACTIONS = { accept = true, decline = true, cancel = true }
local MOST_KNOWN = 1024 -- states whose call is remembered after they were used or given up

---@class Parking  the parked calls of a connection
---@field private session Session
---@field private seconds number            how long a question may stay open
---@field private places table<string, Place>  by requestState
---@field private known table<string, Receipts>  of the calls of the latest states, used or not
---@field private states string[]               those states, a ring
---@field private last integer                  how many there ever were
---@field private closed? boolean
local Parking = {}
Parking.__index = Parking

---@class Place  where a call waits, from its first question on
---@field ctx Context
---@field parking Parking
---@field state? string         requestState, while parked
---@field origin string         what the request asked for: only the same may go on
---@field standin? Request      of a request that has been answered, while parked
---@field ask? Ask              the question that is open
---@field queue Ask[]           those that come after it
---@field outcome? string       the answer, of a call that ended while parked
---@field timer? core.Handle    of the outcome

---@class Ask: core.Handle
---@field place Place
---@field params string
---@field callback? fun(kind: AnswerKind, value: any)
---@field timer core.Handle
---@field kind? AnswerKind     of the answer, once it is there
---@field value any
local Ask = {}
Ask.__index = Ask

---@param session Session
---@param seconds number
---@return Parking
function M.new(session, seconds)
  return setmetatable({ session = session, seconds = seconds, places = {}, known = {}, states = {}, last = 0 }, Parking)
end

-- Takes a question back; its callback, if it still waits for an answer.
local function settle(ask, kind, value)
  local callback, place = ask.callback, ask.place
  if callback then ask.kind, ask.value = kind, value end
  ask.callback = nil
  ask.timer:cancel()
  if place.ask == ask then place.ask = nil end
  for i, queued in ipairs(place.queue) do
    if queued == ask then table.remove(place.queue, i) break end
  end
  return callback
end

--- Gives the question up.  The client may still answer it; nobody reads that.
function Ask:cancel()
  settle(self)
end
Ask.__close = Ask.cancel

--- Calls back where the answer is there: it may have got lost for want of memory.
---@param callback fun(kind: AnswerKind, value: any)
function Ask:recheck(callback)
  if self.kind then callback(self.kind, self.value) end
end

local function forget(place)
  if place.timer then place.timer:cancel() end
  if place.state then place.parking.places[place.state] = nil end
  place.state = nil
end

-- A call that ends while no request is there to answer keeps its answer for the next one.
local function keep(place, text)
  place.outcome = text
  if place.parking.closed then return forget(place) end
  place.timer = timer.after(math.ceil(place.parking.seconds * 1000), function() forget(place) end)
end

local function origin_of(request)
  local params = request.params
  return json.encode { name = params.name, uri = params.uri, arguments = params.arguments }
end

local function new_state(parking, ctx)
  local name = host.random(16):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
  return name .. "." .. receipts.seal(ctx.receipts, ctx.tool, os.time(), math.ceil(parking.seconds))
end

local function remember(parking, state, call_receipts)
  parking.last = parking.last + 1
  local slot = parking.last % MOST_KNOWN + 1
  local before = parking.states[slot]
  if before then parking.known[before] = nil end
  parking.states[slot], parking.known[state] = state, call_receipts
end

-- Answers the call's request with a question.  What may fail for want of memory comes first.
local function park(place, ask)
  local ctx, parking = place.ctx, place.parking
  local request = ctx.request
  local state = new_state(parking, ctx)
  local standin = {
    id = "parked " .. state, session = request.session, revision = request.revision, transport = request.transport,
    client = request.client, meta = request.meta, params = request.params, perform = request.perform,
    ctx = ctx, fiber = request.fiber, answered = nil, sink = { send = function(_, text) keep(place, text) end },
  }
  local text = jsonrpc.result(request.id, request.revision:question_result(QUESTION, ask.params, state))
  remember(parking, state, ctx.receipts)
  parking.places[state] = place
  parking.session:replace(request, standin)
  ctx:move(standin)
  place.state, place.standin, place.ask = state, standin, ask
  request.sink:send(text)
end

-- The same; where it fails, all is as before, and the question is taken back.
local function try_to_park(place, ask)
  local ctx = place.ctx
  local request, token = ctx.request, ctx.token
  local ok, message = pcall(park, place, ask)
  if ok then return true end
  if ctx.request ~= request then place.parking.session:replace(ctx.request, request) end
  ctx:move(request, token)
  place.state, place.standin = nil, nil
  return false, message, settle(ask, "error", message)
end

-- The same for a question that waited in the queue, or is asked again; where it fails, the call is told.
local function park_next(place, ask)
  local ok, message, callback = try_to_park(place, ask)
  if not ok and callback then callback("error", { message = message }) end
end

local function park_or_queue(place, ask)
  if place.state then return table.insert(place.queue, ask) end
  local ok, message = try_to_park(place, ask)
  if not ok then error(message, 0) end
end

--- Asks; `callback` comes once, later: with "result" and the answer, "timeout" or "closed".
---@param ctx Context
---@param params string  of elicitation/create, JSON text
---@param callback fun(kind: AnswerKind, value: any)
---@return Ask|nil handle, string? message, string? code
function Parking:ask(ctx, params, callback)
  if self.closed then return nil, "the client asks nothing more", "closed" end
  local place = ctx.place
  if not place then
    place = { ctx = ctx, parking = self, queue = {}, origin = origin_of(ctx.request), state = nil, standin = nil, ask = nil }
    ctx.place = place
  end
  local ask = setmetatable({
    place = place, params = params, callback = callback, timer = nil, kind = nil, value = nil, -- room: setting them must not fail
  }, Ask)
  ask.timer = timer.after(math.ceil(self.seconds * 1000), function()
    local waiting = settle(ask, "timeout")
    if waiting then waiting "timeout" end
  end)
  local ok, message = pcall(park_or_queue, place, ask)
  if not ok then
    ask.timer:cancel()
    error(message, 0)
  end
  return ask
end

-- Going on -----------------------------------------------------------------------------------------

local function refuse(request, message, data)
  request.sink:send(jsonrpc.failure(request.id, jsonrpc.INVALID_PARAMS, message, data))
end

-- The answer in a request: nil, or false where it is none.
local function answer_in(params)
  local responses = params.inputResponses
  if responses == nil or responses == json.null then return nil end
  if not jsonrpc.is_object(responses) then return false end
  local answer = responses[QUESTION]
  if answer == nil or answer == json.null then return nil end
  return jsonrpc.is_object(answer) and ACTIONS[answer.action] and answer or false
end

local function readdressed(text, from, to)
  local head = '{"jsonrpc":"2.0","id":'
  return head .. to .. text:sub(#head + #from + 1)
end

-- Makes a request the one that the call answers.
local function take_over(place, request)
  local standin, token = place.standin, jsonrpc.progress_token(request.meta)
  place.parking.session:replace(standin, request)
  place.parking.places[place.state] = nil
  place.state, place.standin = nil, nil
  request.ctx, request.fiber = place.ctx, standin.fiber
  place.ctx.answer_by = request.answer_by -- the client's patience begins anew
  place.ctx:move(request, token)
end

local function go_on(place, request, answer)
  take_over(place, request)
  local ask = place.ask
  if ask and not answer then return park_next(place, ask) end -- asked again: a client may leave answers out
  local callback = ask and settle(ask, "result", answer)
  local following = table.remove(place.queue, 1)
  if following then park_next(place, following) end
  if callback then callback("result", answer) end
end

--- Takes a request that carries a requestState: the call it belongs to goes on, or the request is refused.
---@param request Request
function Parking:resume(request)
  local params = request.params --[[@as table]]
  local state = params.requestState
  if type(state) ~= "string" then return refuse(request, "'requestState' must be a string, as it was given out") end
  local place = self.places[state]
  if not place or place.state ~= state then return refuse(request, receipts.stale(state, self.known[state], os.time())) end
  if (place.standin --[[@as Request]]).perform ~= request.perform or place.origin ~= origin_of(request) then
    return refuse(request, "'requestState' belongs to another request than this")
  end
  local answer = answer_in(params)
  if answer == false then
    return refuse(request, ("'inputResponses': '%s' must be the result of elicitation/create, with an action"):format(QUESTION))
  end
  if place.outcome then
    forget(place)
    return request.sink:send(readdressed(place.outcome, (place.standin --[[@as Request]]).id, request.id))
  end
  go_on(place, request, answer)
end

--- The client asks nothing more, so it answers nothing.
function Parking:close()
  self.closed = true
  local waiting = {}
  for _, place in pairs(self.places) do
    if place.outcome then forget(place) end
    waiting[#waiting + 1] = place.ask
    table.move(place.queue, 1, #place.queue, #waiting + 1, waiting)
  end
  for _, ask in ipairs(waiting) do
    local callback = settle(ask, "closed")
    if callback then callback "closed" end
  end
end

return M
