local fiber = require "lib.async.fiber"
local kit = require "spec.support.mcp"

local ROOM = 256

-- A tool whose calls go on until they are answered; `state.begun` are their numbers, in order.
local function slow_tool(run)
  local state = { begun = {}, answers = {}, closed = 0 }
  return kit.tool { name = "slow", input = { { "n", "integer", "Its number" }, { "text", "string", "Bytes", default = "" } },
    run = function(input, ctx)
      state.begun[#state.begun + 1] = input.n
      if run then run(input, ctx) end
      local _ <close> = setmetatable({}, { __close = function() state.closed = state.closed + 1 end })
      return { text = fiber.await(function(callback)
        state.answers[input.n] = callback
        return setmetatable({}, { __close = function() end })
      end) }
    end }, state
end

local function connect(tools, options)
  local session, transport, server = kit.connect(tools, options)
  kit.initialize(session, transport, options and options.revision or "2025-11-25")
  return session, transport, server
end

local function ask(session, n, text)
  kit.send(session, { id = n, method = "tools/call", params = { name = "slow", arguments = { n = n, text = text } } })
end

local function ask_many(session, from, to)
  for n = from, to do ask(session, n) end
end

local turn = require("spec.support.turns").look -- what the gate has to do in the next turn of the loop is done

local function numbers(from, to)
  local list = {}
  for n = from, to do list[#list + 1] = n end
  return list
end

describe("mcp.gate", function()
  it("lets so many calls run at once, and the others begin in their order as those end", function()
    local tool, state = slow_tool()
    local session, transport = connect { tool }
    ask_many(session, 1, ROOM + 3)
    turn()
    assert.same(numbers(1, ROOM), state.begun)
    assert.equal(ROOM + 3, session:pending())
    state.answers[7] "seven"
    turn()
    assert.same(numbers(1, ROOM + 1), state.begun)
    state.answers[ROOM + 1] "late"
    state.answers[1] "one"
    turn()
    assert.same(numbers(1, ROOM + 3), state.begun)
    assert.same({ 7, ROOM + 1, 1 }, { transport.sent[1].id, transport.sent[2].id, transport.sent[3].id })
    for n = 1, ROOM + 3 do
      if n ~= 7 and n ~= 1 and n ~= ROOM + 1 then state.answers[n] "all" end
    end
    assert.same({ 0, ROOM + 3 }, { session:pending(), #transport.sent })
  end)

  it("lets in as many as there is room for, whatever number ends at once", function()
    local tool, state = slow_tool()
    local session, transport = connect { tool }
    ask_many(session, 1, 1000)
    local answered = 0
    while answered < 1000 do
      local from, to = answered + 1, #state.begun
      assert.is_true(to - answered <= ROOM)
      for n = from, to do state.answers[n] "done" end
      answered = to
      turn()
    end
    assert.same(numbers(1, 1000), state.begun)
    assert.same({ 0, 1000 }, { session:pending(), #transport.sent })
  end)

  it("lets another in for a call that waits, for time, a job or a person", function()
    local waits = {}
    local tool, state = slow_tool(function(input, ctx) waits[input.n] = ctx:wait() end)
    local session = connect { tool }
    ask_many(session, 1, 3 * ROOM)
    turn()
    assert.equal(3 * ROOM, #state.begun)
    for n = 1, ROOM do waits[n]:__close() end
    ask_many(session, 3 * ROOM + 1, 3 * ROOM + 2)
    turn()
    assert.equal(3 * ROOM, #state.begun)
    waits[1]:__close() -- once only
    state.answers[1] "one"
    turn()
    assert.equal(3 * ROOM + 2, #state.begun) -- the first of them waits at once
    session:close()
    assert.equal(3 * ROOM + 2, state.closed)
  end)

  it("does not count a call that wants to hear of the client's end as one that waits, where it says so", function()
    local function never() end
    for works, begun in pairs { [true] = ROOM, [false] = ROOM + 2 } do
      local tool, state = slow_tool(function(_, ctx) ctx:on_draining(never, works) end)
      local session = connect { tool }
      ask_many(session, 1, ROOM + 2)
      turn()
      assert.equal(begun, #state.begun)
      session:close()
    end
  end)

  it("lets others in while a question is open", function()
    local tool, state = slow_tool(function(input, ctx)
      if input.n <= ROOM then ctx:confirm "Go on?" end
    end)
    local session, transport = kit.connect { tool }
    kit.send(session, { id = "init", method = "initialize", params = { protocolVersion = "2025-11-25", capabilities = {
      elicitation = {} } } })
    ask_many(session, 1, ROOM + 1)
    turn()
    assert.equal(ROOM + 1, #state.begun)
    assert.equal("elicitation/create", transport.sent[2].method)
    session:close()
  end)

  it("sends nothing for a call that is cancelled before it was let in, and does not begin it", function()
    local tool, state = slow_tool()
    local session, transport = connect { tool }
    ask_many(session, 1, ROOM + 3)
    kit.send(session, { method = "notifications/cancelled", params = { requestId = ROOM + 1 } })
    assert.equal(ROOM + 2, session:pending())
    for n = 1, ROOM do state.answers[n] "done" end
    turn()
    assert.equal(ROOM + 2, #state.begun)
    assert.same({ ROOM + 2, ROOM + 3 }, { state.begun[ROOM + 1], state.begun[ROOM + 2] })
    for n = ROOM + 2, ROOM + 3 do state.answers[n] "done" end
    assert.same({ 0, ROOM + 2 }, { session:pending(), #transport.sent })
    ask(session, ROOM + 1) -- its id is free again
    assert.equal(ROOM + 1, state.begun[#state.begun])
    session:close()
  end)

  it("holds up nothing but calls", function()
    local tool, state = slow_tool(function(input, ctx)
      if input.n == 1 then ctx:confirm "Go on?" end
    end)
    local session, transport = kit.connect { tool }
    kit.send(session, { id = "init", method = "initialize", params = { protocolVersion = "2025-11-25", capabilities = {
      elicitation = {} } } })
    ask_many(session, 1, ROOM + 2)
    turn()
    local question = transport.sent[2]
    kit.send(session, { id = "p", method = "ping" })
    assert.equal("p", transport.sent[3].id)
    kit.send(session, { id = "l", method = "tools/list" })
    assert.equal("l", transport.sent[4].id)
    kit.send(session, { id = question.id, result = { action = "accept", content = { confirm = true } } })
    assert.is_function(state.answers[1])
    kit.send(session, { method = "notifications/cancelled", params = { requestId = 2 } })
    turn()
    assert.equal(ROOM + 1, #state.begun) -- number 1 is back from its wait
    session:close()
  end)

  it("takes in so many bytes, and says that it is busy past that", function()
    local tool = slow_tool()
    local session, transport = connect { tool }
    ask_many(session, 1, ROOM)
    local text = ("x"):rep(8 * 1024 * 1024 - 200)
    for n = ROOM + 1, ROOM + 9 do ask(session, n, text) end
    assert.same({ 1, ROOM + 9, -32603 }, { #transport.sent, transport.sent[1].id, transport.sent[1].error.code })
    assert.matches("nothing was begun", transport.sent[1].error.message)
    kit.send(session, { method = "notifications/cancelled", params = { requestId = ROOM + 1 } })
    ask(session, ROOM + 9, text)
    assert.equal(1, #transport.sent)
    session:close()
  end)

  it("begins none while it is held, goes on in order, and reads a batch no further meanwhile", function()
    local tool, state = slow_tool()
    local session, transport = connect({ tool }, { revision = "2025-03-26" })
    session:hold()
    ask_many(session, 1, 2)
    assert.same({}, state.begun)
    local list = {}
    for i = 1, 5 do list[i] = '{"jsonrpc":"2.0","id":"p' .. i .. '","method":"ping"}' end
    session:receive("[" .. table.concat(list, ",") .. "]")
    assert.same({}, transport.sent)
    session:release()
    assert.equal(1, #transport.sent)
    assert.equal(5, #transport.sent[1])
    turn()
    assert.same({ 1, 2 }, state.begun)
    session:close()
  end)

  it("reads what is left of a batch before the next message", function()
    local session, transport = connect({}, { revision = "2025-03-26" })
    session:hold()
    session:receive '[{"jsonrpc":"2.0","id":"a","method":"ping"},{"jsonrpc":"2.0","id":"b","method":"ping"}]'
    kit.send(session, { id = "c", method = "ping" })
    assert.same({ "a", "b", "c" }, { transport.sent[1][1].id, transport.sent[1][2].id, transport.sent[2].id })
  end)

  it("begins none any more when the connection ends", function()
    local tool, state = slow_tool()
    local session, transport = connect { tool }
    ask_many(session, 1, 2 * ROOM)
    session:close()
    turn()
    assert.same({ ROOM, ROOM, 0, 0 }, { #state.begun, state.closed, session:pending(), #transport.sent })
  end)

  it("lets all go through when the client asks nothing more, held or not", function()
    local tool, state = slow_tool(function(_, ctx) assert.is_true(ctx.draining) end)
    local session, transport = connect { tool }
    session:hold()
    ask_many(session, 1, ROOM + 2)
    session:drain()
    session:hold() -- does nothing any more
    turn()
    for n = 1, ROOM do state.answers[n] "done" end
    turn()
    for n = ROOM + 1, ROOM + 2 do state.answers[n] "done" end
    assert.same({ ROOM + 2, 0 }, { #transport.sent, session:pending() })
  end)

  it("tells which of the open calls have begun", function()
    local tool = slow_tool()
    local session = connect { tool }
    ask(session, 1)
    session:hold()
    ask(session, 2)
    assert.same({ { id = "1", name = "slow", begun = true }, { id = "2", name = "slow", begun = false } }, session:open_calls())
    session:close()
  end)
end)
