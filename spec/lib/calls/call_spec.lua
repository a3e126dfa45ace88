-- A call outlives its request: what is asked, what becomes of it, and who may come for it.
local calls = require "lib.calls.call"
local fiber = require "lib.async.fiber"
local kept_log = require "spec.support.log"
local kit = require "spec.support.mcp"
local timers = require "spec.support.timers"

local CAN_ASK = { ["io.modelcontextprotocol/clientCapabilities"] = { elicitation = {} } }
local QUESTION = { message = "How many?", input = { { "n", "integer", "A number" } } }

-- A tool that submits, asks, and submits once more.
local function spender(state)
  state.begun, state.closed = 0, 0
  return kit.tool { name = "ask", run = function(_, ctx)
    state.begun = state.begun + 1
    local _ <close> = setmetatable({}, { __close = function() state.closed = state.closed + 1 end })
    ctx:receipt { deployment_id = "d", request_id = "first" }
    local values = ctx:elicit(QUESTION)
    ctx:receipt { deployment_id = "d", request_id = "second" }
    if state.wait then fiber.await(state.wait) end
    return { text = "done", data = { n = values.n } }
  end }
end

-- A tool whose call outlives its listeners, as the run of a recipe does; it ends when the spec says so.
local function lasting(state)
  return kit.tool { name = "ask", input = { { "collect", "string", "A run", optional = true } }, run = function(input, ctx)
    local book = ctx.owner.book
    if input.collect then
      local found = book:get(input.collect)
      return found and { joined = found, note = "joined" } or { text = book.results:what_became_of(input.collect) }
    end
    ctx.owner:outlive { key = "key", name = "ask", pending = function(call) return { text = "pending", data = { run = call.id } } end }
    ctx:receipt { deployment_id = "d", request_id = "first" }
    return { text = fiber.await(function(callback)
      state.finish = callback
      return setmetatable({}, { __close = function() state.closed = true end })
    end) }
  end }
end

local sessions = {}

-- A server, and what makes clients of it: each has a connection of its own.
local function serve(tool, options)
  options = options or {}
  local accounts = {}
  options.snapshot, options.version = kit.snapshot { tool }, "1"
  options.account = function(request) return accounts[request.session] end
  local instance = require("lib.mcp.server").new(options)
  return function(account)
    local transport = kit.transport()
    local session = instance:connect(transport)
    accounts[session] = account
    sessions[#sessions + 1] = session
    local client = { session = session, transport = transport, last = 0 }
    function client.call(more, meta)
      client.last = client.last + 1
      local params = { name = "ask" }
      for key, value in pairs(more or {}) do params[key] = value end
      kit.modern(session, client.last, "tools/call", params, meta or CAN_ASK)
      return transport.sent[#transport.sent]
    end
    return client
  end
end

local function answer(state, n)
  return { requestState = state, inputResponses = { question = { action = "accept", content = { n = n } } } }
end

local function collect(run) return { arguments = { collect = run } } end

describe("calls.call, whose request was answered with a question", function()
  after_each(function()
    for _, session in ipairs(sessions) do session:close() end
    sessions = {}
  end)

  it("goes on over another connection of the same account, and is answered there, once", function()
    local state = {}
    local connect = serve(spender(state))
    local first, second = connect(), connect()
    local asked = first.call().result
    local answered = second.call(answer(asked.requestState, 5))
    assert.same({ 1, 5 }, { answered.id, answered.result.structuredContent.n })
    assert.same({ 1, 1, 1, 1 }, { state.begun, state.closed, #first.transport.sent, #second.transport.sent })
    assert.same({ 0, 0 }, { first.session:pending(), second.session:pending() })
  end)

  it("goes on there although the first connection has been closed meanwhile", function()
    local state = {}
    local connect = serve(spender(state))
    local first, second = connect(), connect()
    local asked = first.call().result
    first.session:close("gone")
    assert.equal(0, state.closed)
    assert.equal(6, second.call(answer(asked.requestState, 6)).result.structuredContent.n)
    assert.equal(1, state.begun)
  end)

  it("ends with the last connection", function()
    local state = {}
    local connect = serve(spender(state))
    local first, second = connect(), connect()
    first.call()
    first.session:close()
    assert.equal(0, state.closed)
    second.session:close()
    assert.equal(1, state.closed)
  end)

  it("answers one of two connections that race for it, and refuses the other with what it had begun", function()
    local state = {}
    local go
    function state.wait(callback)
      go = callback
      return setmetatable({}, { __close = function() end })
    end
    local connect = serve(spender(state))
    local first, second, third = connect(), connect(), connect()
    local asked = first.call().result
    second.call(answer(asked.requestState, 1))
    local refused = third.call(answer(asked.requestState, 2)).error
    assert.equal(-32602, refused.code)
    assert.matches("it was used already", refused.message, 1, true)
    assert.matches("request first of deployment d, request second of deployment d", refused.message, 1, true)
    assert.is_nil(refused.message:find("without it", 1, true))
    go()
    assert.equal(1, second.transport.sent[1].result.structuredContent.n)
    assert.same({ 1, 1, 1 }, { #first.transport.sent, #second.transport.sent, #third.transport.sent })
  end)

  it("is not there for another account, which learns nothing of this process's own", function()
    local state = {}
    local connect = serve(spender(state))
    local first, other = connect(), connect { id = "other" }
    local asked = first.call().result
    local name = asked.requestState:match "^[^.]*"
    local refused = other.call(answer(name .. ".x", 1)).error
    assert.matches("not known here", refused.message, 1, true)
    assert.is_nil(refused.message:find("first", 1, true))
    assert.equal(-32602, other.call(answer(asked.requestState, 1)).error.code)
    assert.same({ 0, 1 }, { other.session:pending(), first.session:pending() })
    assert.equal(3, first.call(answer(asked.requestState, 3)).result.structuredContent.n)
  end)

  it("is answered over the connection that was asked also where that has another account since, and by nobody else of that", function()
    local state, account = {}, { id = "before" }
    local connect = serve(spender(state))
    local first, other = connect(account), connect { id = "after" }
    local asked = first.call().result
    account.id = "after" -- the key was changed, and the configuration read again
    assert.equal(-32602, other.call(answer(asked.requestState, 1)).error.code)
    assert.equal(3, first.call(answer(asked.requestState, 3)).result.structuredContent.n)
    assert.same({ 1, 1, 0 }, { state.begun, state.closed, first.session:pending() })
  end)

  it("is not cancelled by the connection that it was begun over", function()
    local state = {}
    local connect = serve(spender(state))
    local first, second = connect(), connect()
    local asked = first.call().result
    kit.send(first.session, { method = "notifications/cancelled", params = { requestId = 1 } })
    assert.equal(0, state.closed)
    assert.equal(8, second.call(answer(asked.requestState, 8)).result.structuredContent.n)
  end)

  it("is cancelled by the one that listens now, and the other's later cancellation is nothing", function()
    local state = { wait = function() return setmetatable({}, { __close = function() end }) end }
    local connect = serve(spender(state))
    local first, second = connect(), connect()
    local asked = first.call().result
    second.call(answer(asked.requestState, 8))
    kit.send(second.session, { method = "notifications/cancelled", params = { requestId = 1 } })
    kit.send(first.session, { method = "notifications/cancelled", params = { requestId = 1 } })
    assert.same({ 1, 0, 0 }, { state.closed, #second.transport.sent, second.session:pending() })
    assert.matches("request second of deployment d", first.call(answer(asked.requestState, 1)).error.message, 1, true)
  end)

  it("keeps what becomes of it for any connection, once", function()
    local time <close> = timers.take()
    local connect = serve(spender {}, { ask_seconds = 7 })
    local first, second = connect(), connect()
    local asked = first.call().result
    assert.equal(7000, time:ring())
    first.session:close()
    local late = second.call(answer(asked.requestState, 1)).result
    assert.matches("Nobody answered the question in time.", late.content[1].text, 1, true)
    assert.equal(-32602, second.call(answer(asked.requestState, 1)).error.code)
  end)
end)

describe("calls.call, whose listener has left it", function()
  after_each(function()
    for _, session in ipairs(sessions) do session:close() end
    sessions = {}
  end)

  -- Begins a call and waits until it has been answered with `pending`; gives the handle.
  local function begin(client)
    client.call()
    kit.wait_for(function() return #client.transport.sent == 1 end)
    return client.transport.sent[1].result.structuredContent.run
  end

  local SOON = { patience = function() return 0.001 end }

  it("gives its result to another connection of the account, once", function()
    local state = {}
    local connect = serve(lasting(state), SOON)
    local first, second = connect(), connect()
    local run = begin(first)
    first.session:close()
    assert.is_nil(state.closed)
    state.finish "made"
    assert.equal("joined\nmade", second.call(collect(run)).result.content[1].text)
    assert.matches("its result was given already", second.call(collect(run)).result.content[1].text, 1, true)
    assert.equal(1, #first.transport.sent)
  end)

  it("answers whoever listens when it ends", function()
    local state = {}
    local connect = serve(lasting(state), { patience = function(client) return client and 0.001 or nil end })
    local first, second = connect(), connect()
    first.call(nil, { ["io.modelcontextprotocol/clientInfo"] = { name = "hurried", version = "1" } })
    kit.wait_for(function() return #first.transport.sent == 1 end)
    second.call(collect(first.transport.sent[1].result.structuredContent.run))
    assert.same({ 0, 1 }, { #second.transport.sent, second.session:pending() })
    state.finish "made"
    assert.equal("joined\nmade", second.transport.sent[1].result.content[1].text)
    assert.same({ 1, 0 }, { #first.transport.sent, first.session:pending() })
  end)

  it("is found by no other account", function()
    local state = {}
    local connect = serve(lasting(state), SOON)
    local first, other = connect(), connect { id = "other" }
    local run = begin(first)
    assert.matches("There is no run", other.call(collect(run)).result.content[1].text, 1, true)
    state.finish "made"
    assert.matches("There is no run", other.call(collect(run)).result.content[1].text, 1, true)
    assert.equal("joined\nmade", first.call(collect(run)).result.content[1].text)
  end)

  it("is not cancelled by a request that it has been answered for, but by the one that listens", function()
    local state = {}
    local connect = serve(lasting(state), { patience = function(client) return client and 0.001 or nil end })
    local first, second = connect(), connect()
    first.call(nil, { ["io.modelcontextprotocol/clientInfo"] = { name = "hurried", version = "1" } })
    kit.wait_for(function() return #first.transport.sent == 1 end)
    local run = first.transport.sent[1].result.structuredContent.run
    kit.send(first.session, { method = "notifications/cancelled", params = { requestId = 1 } })
    assert.is_nil(state.closed)
    second.call(collect(run))
    kit.send(second.session, { method = "notifications/cancelled", params = { requestId = 1 } })
    assert.is_true(state.closed)
    assert.matches("it was cancelled, with the call that waited for it. It had begun: request first", first.call(collect(run))
      .result.content[1].text, 1, true)
    assert.equal(0, #second.transport.sent)
  end)

  -- A tool whose call outlives its listeners, and takes its time to end.
  local function slow_to_end(state)
    return kit.tool { name = "ask", input = { { "collect", "string", "A run", optional = true } }, run = function(input, ctx)
      if input.collect then return { joined = ctx.owner.book:get(input.collect) } end
      ctx.owner:outlive { key = "key", name = "ask", pending = function(call) return { text = "pending", data = { run = call.id } } end }
      ctx:receipt { deployment_id = "d", request_id = "first" }
      local function wait_for(name)
        return fiber.await(function(callback)
          state[name] = callback
          return setmetatable({}, { __close = function() end })
        end)
      end
      local ok, made = pcall(wait_for, "finish")
      local ended = fiber.shield(wait_for, "undone")
      if not ok and not ended then error(made, 0) end
      return { text = ended or made }
    end }
  end

  -- A run that the one who listened has cancelled, and another one has joined while it ends.
  local function joined_late(state)
    local connect = serve(slow_to_end(state))
    local first, second = connect(), connect()
    first.call()
    local run = first.session.server:calls_of():lasting()[1].id
    kit.send(first.session, { method = "notifications/cancelled", params = { requestId = 1 } })
    second.call(collect(run))
    assert.equal(0, #second.transport.sent)
    return first, second
  end

  it("tells who joins it while it ends that it was cancelled, and what it had begun", function()
    local state = {}
    local first, second = joined_late(state)
    state.undone()
    kit.wait_for(function() return #second.transport.sent == 1 end)
    local result = second.transport.sent[1].result
    assert.is_true(result.isError)
    assert.matches("^run run%-%x+ was cancelled\nIt had begun: request first of deployment d", result.content[1].text)
    assert.same({ 0, 0, 0 }, { #first.transport.sent, second.session:pending(), first.session.gate.running })
  end)

  it("gives what it has made all the same to who joins it while it ends", function()
    local state = {}
    local first, second = joined_late(state)
    state.undone "made"
    kit.wait_for(function() return #second.transport.sent == 1 end)
    assert.equal("made", second.transport.sent[1].result.content[1].text)
    assert.equal(0, #first.transport.sent)
  end)

  it("puts a question to who joins it where who was asked has gone", function()
    local tool = kit.tool { name = "ask", input = { { "collect", "string", "A run", optional = true } }, run = function(input, ctx)
      if input.collect then return { joined = ctx.owner.book:get(input.collect) } end
      ctx.owner:outlive { key = "key", name = "ask", pending = function(call) return { text = "pending", data = { run = call.id } } end }
      return { text = "n is " .. ctx:elicit(QUESTION).n }
    end }
    local connect = serve(tool, SOON)
    local first, second = connect(), connect()
    local params = { protocolVersion = "2025-11-25", capabilities = { elicitation = {} } }
    kit.send(first.session, { id = "i", method = "initialize", params = params })
    kit.send(first.session, { id = 1, method = "tools/call", params = { name = "ask" } })
    local sent = first.transport.sent
    kit.wait_for(function() return #sent == 3 end)
    assert.equal("elicitation/create", sent[2].method)
    first.session:close()
    local asked = second.call(collect(sent[3].result.structuredContent.run)).result
    assert.equal("How many?", asked.inputRequests.question.params.message)
    local more = answer(asked.requestState, 4)
    more.arguments = collect(sent[3].result.structuredContent.run).arguments
    assert.equal("n is 4", second.call(more).result.content[1].text)
  end)

  it("answers the listener before with pending when another one comes", function()
    local state = {}
    local connect = serve(lasting(state))
    local first, second = connect(), connect()
    first.call()
    local run = first.session.server:calls_of():lasting()[1].id
    second.call(collect(run))
    assert.equal(run, first.transport.sent[1].result.structuredContent.run)
    state.finish "made"
    assert.equal("joined\nmade", second.transport.sent[1].result.content[1].text)
    assert.equal(1, #first.transport.sent)
  end)
end)

describe("calls.call", function()
  local function listener(heard)
    local function hear(name) return function(_, value) table.insert(heard, { name, value }) end end
    return {
      settled = hear "settled", ended = hear "ended", progress = hear "progress", begun = hear "begun", waits = hear "waits",
      may_leave = hear "may_leave", displaced = hear "displaced", question = function(_, ask) ask:answer("accept", { n = 3 }) end,
    }
  end

  it("needs no protocol: whoever listens hears of all of it", function()
    local heard = {}
    local call = calls.new { feature = { name = "x" }, listener = listener(heard), work = function(call)
      call.ctx:progress(1, 2, "half")
      call.ctx:receipt { deployment_id = "d", request_id = "r" }
      return { n = call.ctx:elicit(QUESTION).n }
    end }
    call:start()
    local names = {}
    for i, entry in ipairs(heard) do names[i] = entry[1] end
    assert.same({ "progress", "begun", "waits", "waits", "settled" }, names)
    assert.same({ ok = true, result = { n = 3 } }, call.outcome)
    assert.equal("r", call.receipts.list[1].request_id)
  end)

  it("is given up by its cancellation: its listener hears that it has ended, and the log what it had made", function()
    local heard = {}
    local call = calls.new { feature = { name = "x" }, listener = listener(heard), work = function(call)
      call.ctx:receipt { deployment_id = "d", request_id = "r" }
      pcall(fiber.sleep, 100)
      return { text = "made" }
    end }
    call:start()
    local lines = kept_log.lines_of(function() call:cancel "enough" end)
    assert.same({ "begun", "ended" }, { heard[1][1], heard[2][1] })
    local text = table.concat(lines, "\n")
    assert.matches("was cancelled when it had its result, which reaches nobody. It had begun: request r", text, 1, true)
  end)
end)
