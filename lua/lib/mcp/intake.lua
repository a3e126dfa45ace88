--- What a connection's client sends: messages are read, their era is decided, and what they ask is begun.

local batch = require "lib.mcp.batch"
local era = require "lib.mcp.era"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local log = require "core.log"
local requests = require "lib.mcp.request"
local timer = require "core.timer"
local versions = require "lib.mcp.versions"

local M = {}

local null, is_object = json.null, jsonrpc.is_object

---@class Intake
---@field bytes integer         of the message that is read, of a batch its share
---@field ready? boolean        the client has gone on after its `initialize`
---@field capabilities? table   the client's, of `initialize`
---@field private server Server
---@field private session Session
---@field private transport Transport
---@field private gate Gate
---@field private revision? Revision  negotiated by `initialize`
---@field private client? table       clientInfo of `initialize`
---@field private rest? { list: table, next: integer, bytes: integer, transport: Transport, answers: Batch }  of a batch that is held
local Intake = {}
Intake.__index = Intake

---@param server Server
---@param session Session
---@param transport Transport
---@param gate Gate
---@return Intake
function M.new(server, session, transport, gate)
  return setmetatable({ server = server, session = session, transport = transport, gate = gate, bytes = 0 }, Intake)
end

local function initialize(self, params, id, sink)
  local server = self.server
  local revision = era.negotiate(server, params and params.protocolVersion)
  self.revision, self.ready = revision, false
  self.client = era.client_of(params and params.clientInfo)
  self.capabilities = params and params.capabilities
  sink:send(jsonrpc.result(id, revision:initialize_result(server:offers())))
end

local function take_request(self, message, id, transport, sink)
  local method, params = message.method, message.params
  if params == null then params = nil end
  if params ~= nil then
    params = jsonrpc.object_in(params)
    if not params then return sink:send(jsonrpc.failure(id, jsonrpc.INVALID_PARAMS, "'params' must be an object")) end
  end
  local meta = params and params._meta
  if not is_object(meta) then meta = nil end
  if method == "initialize" and not era.names_revision(meta) then return initialize(self, params, id, sink) end

  local revision, code, problem, data = era.choose(self.server, self.revision, method, meta)
  if not revision then return sink:send(jsonrpc.failure(id, code --[[@as integer]], problem --[[@as string]], data)) end
  if revision == self.revision then self.ready = true end
  self.server:handle(requests.new {
    id = id, params = params, meta = meta, revision = revision, session = self.session, transport = transport, sink = sink,
    client = era.client_in(meta) or self.client,
    -- room: setting them must not fail after the answer has gone out
    answered = nil, cancelled = nil, failed = nil, call = nil, book = nil, account = nil, pass = nil,
    handler = nil, subject = nil, answer_by = nil, fiber = nil, note = nil, notifier = nil, patience = nil,
  }, method)
end

-- What goes wrong in the server itself, and memory that runs out, costs this request alone.
local function read_request(self, message, id, transport, sink)
  local ok, err = pcall(take_request, self, message, id, transport, sink)
  if not ok then self.session:fail(id, sink, err) end
end

local function read_notification(self, message)
  local params = message.params
  if message.method == "notifications/initialized" then self.ready = self.revision ~= nil end
  if message.method ~= "notifications/cancelled" or not is_object(params) then return end
  local id = jsonrpc.id_text(params.requestId)
  if id then self.session:cancel(id, params.reason) end
end

-- Why a request may not stand in a batch.
local function out_of_place(request)
  if request.method == "initialize" then return "'initialize' inside a batch" end
  local meta = is_object(request.params) and request.params._meta
  if is_object(meta) and era.is_modern(meta) then return "a " .. versions.MODERN .. " request inside a batch" end
end

local function read_element(self, element, transport, sink)
  local kind, id, reason = jsonrpc.classify(element)
  if kind == "notification" then return read_notification(self, element) end
  if kind == "response" then return self.session:answered(element) end
  sink:expect()
  if kind == "batch" then reason = "a batch inside a batch" end
  if kind == "request" then reason = out_of_place(element) end
  if not reason then return read_request(self, element, id, transport, sink) end
  sink:send(jsonrpc.failure(id, jsonrpc.INVALID_REQUEST, "Invalid request: " .. reason))
end

--- Reads on in a batch, as long as nothing holds and the connection is there.
function Intake:read_on()
  local rest = self.rest
  if not rest then return end
  while rest.next <= #rest.list do
    if self.gate:is_held() then return end
    local element = rest.list[rest.next]
    self.bytes, rest.next = rest.bytes, rest.next + 1
    read_element(self, element, rest.transport, rest.answers)
    if self.rest ~= rest then return end
  end
  self.rest = nil
  rest.answers:close()
end

local function read_batch(self, list, transport)
  local problem
  if not (self.revision and self.revision.batches) then
    problem = "a message is one JSON object; batches belong to 2025-03-26 and 2024-11-05"
  elseif #list == 0 then
    problem = "an empty batch"
  end
  if problem then return transport:send(jsonrpc.failure(nil, jsonrpc.INVALID_REQUEST, "Invalid request: " .. problem)) end
  self.rest = {
    list = list, next = 1, bytes = self.bytes // #list, transport = transport, answers = batch.new(transport, self.server.max_message),
  }
  self:read_on()
end

local MARK = "\xEF\xBB\xBF" -- of byte order

-- What the outermost object of a message tells that could not be read.
local function envelope_of(text)
  return json.envelope(text:sub(1, #MARK) == MARK and text:sub(#MARK + 1) or text)
end

-- Answers a message that was not parsed under the id that stands in it: its caller waits for that.
local function refuse(transport, code, problem, kind, written)
  local answered, id = jsonrpc.answerable(kind, written)
  if answered then transport:send(jsonrpc.failure(id, code, problem)) end
end

local PAUSE_MS, TRIES = 5, 200

-- There was no memory to read a message.  Who asked is told; what nobody is answered for, such as a cancellation or the answer to
-- a question, is read again soon.
local function unread(self, text, transport, problem, tries)
  local kind, id = envelope_of(text)
  if jsonrpc.answerable(kind, id) or tries >= TRIES then
    log.write("error", "a message could not be read: " .. tostring(problem))
    return refuse(transport, jsonrpc.INTERNAL_ERROR, "Internal error: " .. tostring(problem), kind, id)
  end
  timer.after(PAUSE_MS, function() self:receive(text, transport, tries + 1) end)
end

--- Takes one message.
---@param text string
---@param transport? Transport  where its answer goes; default: the connection's
---@param tries? integer        how often it was read in vain
function Intake:receive(text, transport, tries)
  transport = transport or self.transport
  if self.rest then self.session:release() end -- a transport that reads on although it was held: its client is about to end
  self.bytes = #text
  local ok, message, problem = pcall(json.decode, text, true)
  if not ok then return unread(self, text, transport, message, tries or 0) end
  if message == nil then
    log.write("warning", "a message that is not JSON: " .. problem)
    return refuse(transport, jsonrpc.PARSE_ERROR, "Parse error: " .. problem, envelope_of(text))
  end
  local kind, id, reason = jsonrpc.classify(message)
  if kind == "request" then return read_request(self, message, id, transport, transport) end
  if kind == "notification" then return read_notification(self, message) end
  if kind == "response" then return self.session:answered(message --[[@as table]]) end
  if kind == "batch" then return read_batch(self, message, transport) end
  if kind == "invalid" then
    transport:send(jsonrpc.failure(id, jsonrpc.INVALID_REQUEST, "Invalid request: " .. reason))
  end
end

--- Answers for a message that could not be taken, where an answer is due.
---@param problem string
---@param kind? string  what json.envelope told of it, default "unknown"
---@param id? string
---@param transport? Transport
function Intake:refuse(problem, kind, id, transport)
  log.write("warning", problem)
  refuse(transport or self.transport, jsonrpc.INVALID_REQUEST, "Invalid request: " .. problem, kind or "unknown", id)
end

--- The connection ends: what is left of a batch is not read.
function Intake:close()
  self.rest = nil
end

return M
