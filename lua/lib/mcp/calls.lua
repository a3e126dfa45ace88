--- Requests that run code of a tool, a prompt or a resource: each in a fiber, open until it is answered.

local clock = require "lib.async.clock"
local context = require "lib.mcp.context"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local log = require "core.log"
local receipts = require "lib.calls.receipts"

local M = {}

local PROGRESS_GAP = 0.05 -- seconds between the last progress and the result: some clients drop it otherwise

--- Refuses a request.
---@param request Request
---@param code integer
---@param message string
---@param data? string  JSON text
function M.refuse(request, code, message, data)
  request.sink:send(jsonrpc.failure(request.id, code, message, data))
end

local function internal_error(request, ctx, err)
  ctx:finish()
  local message = tostring(err) .. receipts.sentence(ctx.receipts)
  log.write("error", ("the call of '%s' failed inside the server: %s"):format(ctx.tool, message))
  return jsonrpc.failure(request.id, jsonrpc.INTERNAL_ERROR, "Internal error: " .. message)
end

-- Whatever goes wrong outside of foreign code is an internal error, and is answered.
local function run(ctx)
  local _ <close> = ctx.pass
  local ok, text = pcall(ctx.request.perform, ctx.server, ctx.subject, ctx)
  ctx.receipts.ended = true
  if ctx.cancelled then return ctx.has_result and receipts.unheard(ctx.tool, ctx.receipts) end
  local request = ctx.request
  if not ok then ok, text = pcall(internal_error, request, ctx, text) end
  if not ok then error(text, 0) end -- answered by the session, as soon as there is memory
  request.session:finish(request, text)
end

--- Sends the progress that is held back, and leaves a client the time to read it before the result.
---@param ctx Context
function M.finish_progress(ctx)
  local since = ctx:finish()
  if since and since < PROGRESS_GAP then fiber.sleep(PROGRESS_GAP - since) end
end

local CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"

local function may_park(request)
  return request.revision.parks and request.meta[CAPABILITIES].elicitation ~= nil
end

-- Whether it is made again, with the answer to a question.
local function goes_on(request)
  if not request.revision.parks then return false end
  local state = request.params.requestState
  return state ~= nil and state ~= json.null
end

-- The moment at which the call had better answer, from its start: what it does before it waits counts, too.
local function answer_by(server, request)
  local seconds = server.patience and server.patience(request.client, jsonrpc.progress_token(request.meta) ~= nil)
  return seconds and clock.now() + seconds or nil
end

local function start(ctx)
  local task = fiber.spawn(run, ctx)
  local request = ctx.request
  if task.status ~= "waiting" and request.session:is_open(request) then error("not enough memory to start the call", 0) end
  request.fiber = task
  if ctx.cancelled then task:cancel("the connection has ended") end
end

--- Begins a call that the gate has let in; raises nothing.
---@param ctx Context
function M.start(ctx)
  local ok, err = pcall(start, ctx)
  if ok then return end
  ctx.pass --[[@as Pass]]:close()
  local request = ctx.request --[[@as Request]]
  ok, err = pcall(request.session.fail, request.session, request.id, request.sink, err)
  if not ok then log.write("error", ("request %s could not be answered: %s"):format(request.id, tostring(err))) end
end

--- Begins a call, or refuses it; or goes on with one that asked.  `perform` runs in a fiber, when the gate lets the call in,
--- and gives the text of the answer to what `ctx.request` is then.
---@param server Server
---@param request Request
---@param perform fun(server: Server, subject: table, ctx: Context): string
---@param subject table   with a name
---@param arguments any   what `perform` takes with ctx:take_arguments()
function M.begin(server, request, perform, subject, arguments)
  local connection = request.session
  local problem = connection:admit(request)
  if problem then return M.refuse(request, problem.code, problem.message) end
  request.perform, request.answer_by = perform, answer_by(server, request)
  if goes_on(request) then return connection:resume(request) end
  local ctx = context.new {
    server = server,
    subject = subject,
    tool = subject.name,
    arguments = arguments,
    account = server.account and server.account(request),
    client = request.client,
    transport = request.transport,
    token = jsonrpc.progress_token(request.meta),
    messages = request.revision.progress_messages,
    request = request,
    answer_by = request.answer_by,
  }
  request.ctx = ctx
  if not may_park(request) then request.params = nil end -- there they tell one request from another
  ctx.pass = connection:pass(ctx)
  connection:begin(request)
  connection:let_in(ctx)
end

return M
