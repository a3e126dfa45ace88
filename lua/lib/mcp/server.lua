--- The MCP server: one neutral handler a method, whatever the revision; no I/O of its own.
---
--- A transport connects, hands whole messages to the session it got, and sends what comes back.

local account_calls = require "lib.calls.account_calls"
local deferred = require "lib.mcp.deferred"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local session = require "lib.mcp.session"
local tools = require "lib.mcp.handlers.tools"
local versions = require "lib.mcp.versions"

local M = {}

---@class Transport
---@field send fun(self: Transport, text: string)  one message, without line end; dropped once closed
---@field close fun(self: Transport)
---@field is_closed fun(self: Transport): boolean

---@class ServerOptions
---@field snapshot? Snapshot        tools, and what else is offered
---@field open? fun(ready: fun(snapshot: Snapshot?, err: any))  makes it when somebody first looks, and says when it is there: at
---  once, or later; where it could not be made, and why, the next one who looks tries again
---@field version string            of the program
---@field name? string              default "rcmcp"
---@field title? string
---@field instructions? string      for the model
---@field ttl_ms? integer           how long a client may keep a list, default 60,000
---@field list_changed? boolean     the lists may change, and clients are told
---@field offers? Offers            default: what the snapshot has; given where it may come to have more
---@field max_message? integer      most bytes of a message sent, default 8 MiB: clients give up at 10
---@field max_calls? integer        calls at once a connection, default 20,000
---@field account? fun(request: Request): Account  whose call a request begins
---@field ask_seconds? number       how long a person may take to answer, default 600
---@field patience? fun(client: table?, listens: boolean): number?  seconds after which a call had better be answered

---@class Server
---@field snapshot Snapshot  nil, unseen by handlers, until somebody looks
---@field private make? fun(ready: fun(snapshot: Snapshot?, err: any))
---@field private deferred? Deferred    while it is made
---@field max_message integer
---@field max_calls integer
---@field account? fun(request: Request): Account
---@field ask_seconds number
---@field patience? fun(client: table?, listens: boolean): number?
---@field private offered? Offers  of the options
---@field private identity ServerIdentity
---@field private revisions table<string, Revision>  made at first use
---@field private lists table<string, table<string, string>>  kind and revision to the result of its list, of this snapshot
---@field private sessions table<Session, true>
---@field private open table<Session, true>            those over which somebody may come
---@field private calls table<string, AccountCalls>    by the accounts' ids
---@field package notifications table<string, true>  of changed lists, which this server sends
local Server = {}
Server.__index = Server

local MAX_MESSAGE = 8 * 1024 * 1024

local TOOLS_CHANGED = "notifications/tools/list_changed"
local PROMPTS_CHANGED = "notifications/prompts/list_changed"
local RESOURCES_CHANGED = "notifications/resources/list_changed"

local function notifications_of(options)
  if not options.list_changed then return {} end
  local offers = options.offers or {}
  return { [TOOLS_CHANGED] = true, [PROMPTS_CHANGED] = offers.prompts or nil, [RESOURCES_CHANGED] = offers.resources or nil }
end

---@param options ServerOptions
---@return Server
function M.new(options)
  return setmetatable({
    snapshot = options.snapshot,
    make = options.open,
    max_message = options.max_message or MAX_MESSAGE,
    max_calls = options.max_calls or 20000,
    ask_seconds = options.ask_seconds or 600,
    patience = options.patience,
    account = options.account,
    identity = {
      name = options.name or "rcmcp",
      title = options.title,
      version = options.version,
      instructions = options.instructions,
      ttl_ms = options.ttl_ms or 60000,
      list_changed = options.list_changed,
    },
    offered = options.offers,
    revisions = {}, lists = {}, sessions = {}, open = {}, calls = {},
    notifications = notifications_of(options),
  }, Server)
end

--- What is offered beside tools: what the capabilities say, and the methods that are there.
---@return Offers
function Server:offers()
  if self.offered then return self.offered end
  local snapshot = self.snapshot or {}
  local function some(set) return set ~= nil and #set.list > 0 end
  return { prompts = some(snapshot.prompts), resources = some(snapshot.resources) or some(snapshot.templates) }
end

--- Begins a connection.
---@param transport Transport
---@return Session
function Server:connect(transport)
  local connection = session.new(self, transport)
  self.sessions[connection], self.open[connection] = true, true
  return connection
end

--- Nobody comes over this connection any more.  Where it was the last, nobody comes at all: see AccountCalls.drain.
---@param connection Session
---@param err? Error
---@param reason? any
function Server:drain(connection, err, reason)
  self.open[connection] = nil
  if not self:is_drained() then return end
  for _, calls in pairs(self.calls) do calls:drain(err, reason) end
end

---@param connection Session
function Server:forget(connection)
  self.sessions[connection] = nil
end

--- Whether nobody can come any more.
---@return boolean
function Server:is_drained()
  return next(self.open) == nil
end

--- The calls of an account that somebody may come back to: those of one account are the same over each connection.
---@param account? Account  none: where the server has no accounts
---@return AccountCalls
function Server:calls_of(account)
  local id = account and account.id or ""
  local calls = self.calls[id]
  if calls then return calls end
  calls = account_calls.new()
  self.calls[id] = calls
  return calls
end

--- A call that waits for the answer to a question which was given to this connection: whoever holds it may answer also where the
--- configuration was read again since, and has made another account of it.
---@param connection Session
---@param id string
---@return Call?
function Server:asked_over(connection, id)
  for _, calls in pairs(self.calls) do
    local call = calls:get(id)
    local input = call and call.pending_input --[[@as InputRequired?]]
    if input and input.session == connection then return call end
  end
end

--- Tells all clients that asked, or that live by a handshake, of a change.
---@param method string  a notification that this server said it sends
function Server:notify(method)
  if not self.notifications[method] then return end
  for connection in pairs(self.sessions) do connection:notify(method) end
end

--- Takes a new set of everything, and tells the clients.  Calls under way go on with what they began with.
--- Only lists and sets that are other tables than before count as changed.
---@param snapshot Snapshot
function Server:tools_changed(snapshot)
  local before = self.snapshot --[[@as Snapshot]]
  self.snapshot = snapshot
  self.lists = {}
  if snapshot.list ~= before.list then self:notify(TOOLS_CHANGED) end
  if snapshot.prompts ~= before.prompts then self:notify(PROMPTS_CHANGED) end
  if snapshot.resources ~= before.resources or snapshot.templates ~= before.templates then self:notify(RESOURCES_CHANGED) end
end

--- A revision, for this server; nil if it is none that this server speaks.
---@param version any
---@return Revision?
function Server:revision(version)
  local revision = self.revisions[version]
  if revision or not versions.known[version] then return revision end
  revision = require("lib.mcp.revisions." .. versions.module(version)):of(self.identity)
  self.revisions[version] = revision
  return revision
end

-- Handlers -----------------------------------------------------------------------------------------

local handlers = {} ---@type table<string, fun(server: Server, request: Request)>

local function answer(request, result)
  request.sink:send(jsonrpc.result(request.id, result))
end

function handlers.ping(_, request)
  answer(request, "{}")
end

function handlers.discover(server, request)
  local revision = request.revision --[[@as Revision.2026_07_28]]
  answer(request, revision:discover_result(versions.all, server:offers()))
end

-- Lists are encoded once a snapshot and revision.
local function list(server, request, kind, things)
  local params, revision = request.params, request.revision
  if params and params.cursor ~= nil and params.cursor ~= json.null then
    return request:refuse(jsonrpc.INVALID_PARAMS, "Invalid cursor: the list has one page, and no cursor was given out")
  end
  local texts = server.lists[kind]
  if not texts then
    texts = {}
    server.lists[kind] = texts
  end
  local text = texts[revision.version]
  if not text then
    text = revision:list_result(kind, things)
    texts[revision.version] = text
  end
  answer(request, text)
end

local function listed(set)
  return set and set.list or {}
end

function handlers.list_tools(server, request)
  list(server, request, "tools", server.snapshot.list)
end

function handlers.list_prompts(server, request)
  list(server, request, "prompts", listed(server.snapshot.prompts))
end

function handlers.list_resources(server, request)
  list(server, request, "resources", listed(server.snapshot.resources))
end

function handlers.list_templates(server, request)
  list(server, request, "resourceTemplates", listed(server.snapshot.templates))
end

handlers.call_tool = tools.call

-- Loaded at first use: most servers have neither.
function handlers.get_prompt(server, request)
  require("lib.mcp.handlers.prompts").get(server, request)
end

function handlers.read_resource(server, request)
  require("lib.mcp.handlers.resources").read(server, request)
end

function handlers.listen(server, request)
  local problem = request.session:listen(request, server.notifications)
  if problem then request:refuse(problem.code, problem.message, problem.data) end
end

-- What a server must have for a handler to be there.
local needs = {
  list_prompts = "prompts", get_prompt = "prompts",
  list_resources = "resources", list_templates = "resources", read_resource = "resources",
}

-- What looks into the sets; who listens hears of changes from the first ones on.
local looks = {
  list_tools = true, list_prompts = true, list_resources = true, list_templates = true, call_tool = true, get_prompt = true,
  read_resource = true, listen = true,
}

-- Lets a request wait for the sets, which the first one has made.
local function wait_for_sets(self, request, method)
  local first = not self.deferred
  self.deferred = self.deferred or deferred.new()
  self.deferred:add(request, method, request.session:bytes(), self.max_calls)
  if not first then return end
  self.make(function(snapshot, err)
    local waiting = self.deferred --[[@as Deferred]]
    self.snapshot, self.deferred = snapshot, nil
    if not snapshot then return waiting:fail(err) end
    waiting:go_on(function(...) self:handle(...) end)
  end)
end

--- Answers a request whose revision is known.
---@param request Request
---@param method string
function Server:handle(request, method)
  local name = request.revision.methods[method]
  local handler, need = handlers[name], needs[name]
  if handler and not (need and not self:offers()[need]) then
    if not self.snapshot and looks[name] then return wait_for_sets(self, request, method) end
    return handler(self, request)
  end
  request:refuse(jsonrpc.METHOD_NOT_FOUND, "Method not found: " .. jsonrpc.shown(method))
end

return M
