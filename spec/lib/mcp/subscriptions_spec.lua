local kit = require "spec.support.mcp"

local TOOLS = "notifications/tools/list_changed"

local function server(options)
  options = options or {}
  if options.list_changed == nil then options.list_changed = true end
  return kit.connect({ kit.tool() }, options)
end

local function listen(session, id, filter)
  kit.modern(session, id, "subscriptions/listen", { notifications = filter })
end

local function id_of(message)
  return message.params._meta["io.modelcontextprotocol/subscriptionId"]
end

local function change(instance)
  instance:tools_changed(kit.snapshot { kit.tool { name = "other" } })
end

describe("mcp.subscriptions", function()
  it("acknowledges what it honours before anything else, under the request's id", function()
    local session, transport = server()
    listen(session, "listen:0", { toolsListChanged = true, promptsListChanged = true, resourceSubscriptions = { "a:b" }, other = 1 })
    assert.equal(1, #transport.sent)
    assert.same({
      jsonrpc = "2.0", method = "notifications/subscriptions/acknowledged",
      params = { _meta = { ["io.modelcontextprotocol/subscriptionId"] = "listen:0" }, notifications = { toolsListChanged = true } },
    }, transport.sent[1])
  end)

  it("honours nothing where the tools never change", function()
    local session, transport, instance = server { list_changed = false }
    listen(session, 1, { toolsListChanged = true })
    assert.same({}, transport.sent[1].params.notifications)
    assert.matches('"notifications":{}', transport.texts[1], 1, true)
    change(instance)
    assert.equal(1, #transport.sent)
  end)

  it("tells each stream of a change, with an id of the same type, and only those that asked", function()
    local session, transport, instance = server()
    listen(session, 7, { toolsListChanged = true })
    listen(session, "7", { toolsListChanged = true })
    listen(session, 8, { toolsListChanged = false })
    transport.sent = {}
    change(instance)
    assert.equal(2, #transport.sent)
    local ids = {}
    for _, message in ipairs(transport.sent) do
      assert.equal(TOOLS, message.method)
      ids[math.type(id_of(message)) or "text"] = id_of(message)
    end
    assert.same({ integer = 7, text = "7" }, ids)
  end)

  it("is quiet after the client cancelled, and lets the id be used again", function()
    local session, transport, instance = server()
    listen(session, 7, { toolsListChanged = true })
    kit.send(session, { method = "notifications/cancelled", params = { requestId = 7 } })
    transport.sent = {}
    change(instance)
    assert.same({}, transport.sent)
    listen(session, 7, { toolsListChanged = true })
    assert.equal("notifications/subscriptions/acknowledged", transport.sent[1].method)
  end)

  it("ends with an answer, then the cancellation", function()
    local session, transport = server()
    listen(session, "s", { toolsListChanged = true })
    transport.sent = {}
    session:finish_streams("the server ends")
    local result = transport.sent[1].result
    assert.equal("complete", result.resultType)
    assert.equal("s", result._meta["io.modelcontextprotocol/subscriptionId"])
    assert.equal("rcmcp", result._meta["io.modelcontextprotocol/serverInfo"].name)
    assert.equal("notifications/cancelled", transport.sent[2].method)
    assert.equal("s", transport.sent[2].params.requestId)
    session:finish_streams("again")
    assert.equal(2, #transport.sent)
  end)

  it("does not count as a call that must end first", function()
    local session = server()
    listen(session, 1, {})
    assert.equal(0, session:pending())
  end)

  it("refuses a wish that is none, an id in use, tasks, and too many streams", function()
    local session, transport = server()
    kit.modern(session, 1, "subscriptions/listen", {})
    assert.equal(-32602, transport.sent[1].error.code)
    listen(session, 2, {})
    listen(session, 2, {})
    assert.equal(-32600, transport.sent[3].error.code)
    listen(session, 3, { taskIds = { "t" } })
    assert.equal(-32021, transport.sent[4].error.code)
    assert.same({ extensions = { ["io.modelcontextprotocol/tasks"] = {} } }, transport.sent[4].error.data.requiredCapabilities)
    for id = 10, 72 do listen(session, id, {}) end
    listen(session, 99, {})
    assert.equal(-32603, transport.sent[#transport.sent].error.code)
  end)

  it("is a method of the modern revision alone", function()
    local session, transport = server()
    kit.initialize(session, transport, "2025-11-25")
    kit.send(session, { id = 1, method = "subscriptions/listen", params = { notifications = {} } })
    assert.equal(-32601, transport.sent[1].error.code)
  end)
end)

describe("a changed list", function()
  it("is told to a client of a handshake once it has gone on", function()
    local session, transport, instance = server()
    kit.send(session, { id = 0, method = "initialize", params = { protocolVersion = "2025-11-25", capabilities = {} } })
    assert.same({ tools = { listChanged = true } }, transport.sent[1].result.capabilities)
    change(instance)
    assert.equal(1, #transport.sent)
    kit.send(session, { method = "notifications/initialized" })
    change(instance)
    assert.same({ jsonrpc = "2.0", method = TOOLS, params = {} }, transport.sent[2])
    kit.send(session, { id = 1, method = "tools/list" })
    assert.equal("other", transport.sent[3].result.tools[1].name)
  end)

  it("is told to nobody who did not ask, and is not promised where lists stay", function()
    local session, transport, instance = server()
    kit.modern(session, 1, "server/discover")
    assert.same({ tools = { listChanged = true } }, transport.sent[1].result.capabilities)
    change(instance)
    assert.equal(1, #transport.sent)
    session, transport = server { list_changed = false }
    kit.modern(session, 1, "server/discover")
    assert.same({ tools = {} }, transport.sent[1].result.capabilities)
  end)
end)
