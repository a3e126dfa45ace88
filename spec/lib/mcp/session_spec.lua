local fiber = require "lib.async.fiber"
local kit = require "spec.support.mcp"
local log = require "spec.support.log"
local look = require("spec.support.turns").look

-- A tool whose calls go on until `state.answers[n]` is called; it waits as a wait does that may be drained where it is told to.
local function slow_tool()
  local state = { answers = {}, closed = {} }
  return kit.tool { name = "slow", input = { { "n", "integer", "Its number" }, { "drains", "boolean", "D", default = false } },
    run = function(input, ctx)
      local _ <close> = setmetatable({}, { __close = function() state.closed[input.n] = true end })
      return { text = fiber.await(function(callback)
        state.answers[input.n] = callback
        if input.drains then ctx:on_draining(function() callback "drained" end) end
        return setmetatable({}, { __close = function() if input.drains then ctx:on_draining(nil) end end })
      end) }
    end }, state
end

local function connect(options)
  local tool, state = slow_tool()
  local session, transport, server = kit.connect({ tool, kit.tool() }, options)
  local idle = 0
  session.on_idle = function() idle = idle + 1 end
  return session, transport, state, server, function() return idle end
end

local function ask(session, id, n, drains)
  kit.modern(session, id, "tools/call", { name = "slow", arguments = { n = n or id, drains = drains } })
end

local function ids(transport)
  local list = {}
  for i, message in ipairs(transport.sent) do list[i] = message.id end
  return list
end

local function cancel(session, id)
  kit.send(session, { method = "notifications/cancelled", params = { requestId = id } })
end

describe("mcp.session", function()
  it("counts its open calls, names them, and says each time when the last has ended", function()
    local session, transport, state, _, idle = connect()
    assert.equal(0, session:pending())
    ask(session, 2)
    ask(session, 1)
    kit.modern(session, "x", "tools/call", { name = "probe" })
    assert.equal(2, session:pending())
    assert.same({ { id = "1", name = "slow", begun = true }, { id = "2", name = "slow", begun = true } }, session:open_calls())
    assert.equal(0, idle())
    state.answers[1] "one"
    assert.equal(0, idle())
    state.answers[2] "two"
    assert.same({ 0, 1 }, { session:pending(), idle() })
    assert.same({ "x", 1, 2 }, ids(transport))
    kit.modern(session, 3, "tools/call", { name = "probe" })
    assert.equal(2, idle())
  end)

  it("refuses an id that is open, in its own type alone, and lets that call be", function()
    local session, transport, state = connect()
    ask(session, 1)
    ask(session, 1, 2)
    ask(session, "1", 3)
    assert.equal(-32600, transport.sent[1].error.code)
    assert.matches("nothing was begun for this one", transport.sent[1].error.message, 1, true)
    assert.is_nil(state.answers[2])
    state.answers[1] "first"
    state.answers[3] "other"
    assert.equal("first", transport.sent[2].result.content[1].text)
    assert.equal("1", transport.sent[3].id)
    ask(session, 1, 4)
    state.answers[4] "again"
    assert.equal("again", transport.sent[4].result.content[1].text)
  end)

  it("refuses the id of a stream that is open", function()
    local session, transport = connect()
    kit.modern(session, 1, "subscriptions/listen", { notifications = {} })
    ask(session, 1)
    assert.equal(-32600, transport.sent[#transport.sent].error.code)
    kit.modern(session, 1, "subscriptions/listen", { notifications = {} })
    assert.equal(-32600, transport.sent[#transport.sent].error.code)
    session:close()
  end)

  it("is busy where as many calls are open as may be, for whatever would begin another", function()
    local session, transport, state = connect { max_calls = 2 }
    ask(session, 1)
    ask(session, 2)
    ask(session, 3)
    kit.modern(session, 4, "subscriptions/listen", { notifications = {} })
    kit.modern(session, 5, "tools/list")
    assert.same({ -32603, -32603, nil }, { transport.sent[1].error.code, transport.sent[2].error.code, transport.sent[3].error })
    assert.matches("^Busy: 2 calls are running", transport.sent[1].error.message)
    state.answers[1] "1"
    ask(session, 6)
    assert.is_function(state.answers[6])
    session:close()
  end)

  it("ends a call that is cancelled, and ignores ids of none", function()
    local session, transport, state, _, idle = connect()
    ask(session, 1)
    ask(session, 2)
    for _, id in ipairs { "1", 7, 1.5 } do cancel(session, id) end
    assert.equal(2, session:pending())
    cancel(session, 1)
    assert.is_true(state.closed[1])
    assert.same({ 1, 0 }, { session:pending(), idle() })
    cancel(session, 1)
    cancel(session, 2)
    assert.same({ 0, 1 }, { session:pending(), idle() })
    assert.same({}, transport.sent)
  end)

  it("begins none while it is held, and all, in their order, once it is released", function()
    local session, transport, state = connect()
    session:hold()
    for id = 1, 3 do ask(session, id) end
    kit.modern(session, "list", "tools/list")
    look()
    assert.is_nil(next(state.answers))
    assert.same({ "list" }, ids(transport))
    assert.is_false(session:open_calls()[1].begun)
    cancel(session, 2)
    session:release()
    look()
    assert.same({ true, false, true }, { state.answers[1] ~= nil, state.answers[2] ~= nil, state.answers[3] ~= nil })
    session:close()
  end)

  it("drained, lets what waits end with what it has, the rest go on, and nobody be asked", function()
    local session, transport, state, server, idle = connect()
    ask(session, 1, 1, true)
    ask(session, 2)
    session:drain()
    assert.equal("drained", transport.sent[1].result.content[1].text)
    assert.same({ 1, 0 }, { session:pending(), idle() })
    assert.is_true(server:is_drained())
    assert.same({ nil, "the client answers nothing more", "closed" }, { session:ask(transport, "elicitation/create", "{}", error) })
    state.answers[2] "two"
    assert.equal("two", transport.sent[2].result.content[1].text)
    assert.same({ 0, 1 }, { session:pending(), idle() })
  end)

  it("drained with its waits cancelled, sends nothing for those", function()
    local session, transport, state, _, idle = connect()
    ask(session, 1, 1, true)
    ask(session, 2)
    session:drain(true)
    assert.is_true(state.closed[1])
    assert.same({}, transport.sent)
    assert.equal(1, session:pending())
    state.answers[2] "two"
    assert.same({ 2 }, ids(transport))
    assert.equal(1, idle())
    ask(session, 3, 3, true) -- what was still on its way in
    assert.equal(1, session:pending())
    session:close()
  end)

  it("closed, ends its calls, sends nothing more, and is told of no change", function()
    local session, transport, state, server = connect { list_changed = true }
    kit.initialize(session, transport, "2025-11-25")
    kit.send(session, { method = "notifications/initialized" })
    local other_transport = kit.transport()
    local other = kit.attach(server, other_transport)
    kit.modern(other, 9, "subscriptions/listen", { notifications = { toolsListChanged = true } })
    ask(session, 1)
    ask(other, 2)
    session:close "no more"
    session:close()
    assert.same({ true, nil }, { state.closed[1], state.closed[2] })
    assert.is_false(server:is_drained())
    server:tools_changed(kit.snapshot { kit.tool { name = "new" } })
    assert.same({}, transport.sent)
    assert.equal("notifications/tools/list_changed", other_transport.sent[#other_transport.sent].method)
    ask(session, 3)
    assert.same({ 0, nil }, { session:pending(), state.answers[3] })
    other:close()
    assert.is_true(server:is_drained())
  end)

  it("tells a client of a handshake of a change once it is ready, others on their streams alone", function()
    local session, transport, _, server = connect { list_changed = true }
    local version = 0
    local function change()
      version = version + 1
      server:tools_changed(kit.snapshot { kit.tool { name = "new" .. version } })
    end
    kit.modern(session, 1, "tools/list")
    change()
    assert.equal(1, #transport.sent)
    kit.initialize(session, transport, "2025-11-25")
    kit.send(session, { method = "notifications/initialized" })
    change()
    assert.same({ "notifications/tools/list_changed" }, { transport.sent[1].method })
  end)

  it("knows what the client of a handshake declared, where it is an object", function()
    local session = connect()
    assert.is_nil(session:capability "elicitation")
    kit.send(session, { id = 1, method = "initialize", params = {
      protocolVersion = "2025-11-25", clientInfo = { name = "c", version = "1" },
      capabilities = { elicitation = { form = {} }, roots = true },
    } })
    assert.same({ form = {} }, session:capability "elicitation")
    assert.is_nil(session:capability "roots")
    assert.is_nil(session:capability "sampling")
  end)

  it("answers what fails inside the server under its id, and names it in the log", function()
    local session, transport, state, _, idle = connect()
    ask(session, 1)
    local lines = log.lines_of(function()
      session:fail('"none"', transport, "no disk")
      session:fail("1", transport, "beside a call that runs")
    end)
    assert.same({ "none", 1 }, ids(transport))
    assert.equal("Internal error: no disk", transport.sent[1].error.message)
    assert.equal('error: request "none" failed inside the server: no disk', lines[1])
    assert.same({ 1, 0 }, { session:pending(), idle() })
    transport.sent[2] = nil
    state.answers[1] "goes on"
    assert.equal("goes on", transport.sent[2].result.content[1].text)
  end)
end)
