local json = require "core.json"
local kit = require "spec.support.mcp"

describe("mcp.server's batches", function()
  local function batch(session, ...)
    local list = json.as_array { ... }
    for _, message in ipairs(list) do
      if type(message) == "table" and getmetatable(message) ~= json.array then message.jsonrpc = "2.0" end
    end
    session:receive(json.encode(list))
  end

  it("answers with one array, when the last has ended, in 2025-03-26 and 2024-11-05", function()
    for _, version in ipairs { "2025-03-26", "2024-11-05" } do
      local tool, state = kit.gate()
      local session, transport = kit.connect { tool }
      kit.initialize(session, transport, version)
      batch(session, { id = 1, method = "tools/call", params = { name = "wait" } }, { id = 2, method = "ping" },
        { method = "notifications/initialized" }, { id = 3, method = "no/such" }, 5)
      assert.same({}, transport.sent)
      state.answer("done")
      assert.equal(1, #transport.sent)
      local by_id = {}
      for _, answer in ipairs(transport.sent[1]) do by_id[answer.id or "none"] = answer end
      assert.equal("done", by_id[1].result.content[1].text)
      assert.same({}, by_id[2].result)
      assert.equal(-32601, by_id[3].error.code)
      assert.equal(-32600, by_id.none.error.code)
    end
  end)

  it("answers nothing to a batch of notifications, and one error to an empty one", function()
    local session, transport = kit.connect()
    kit.initialize(session, transport, "2025-03-26")
    batch(session, { method = "notifications/initialized" }, { id = 4, result = {} })
    assert.same({}, transport.sent)
    batch(session)
    assert.equal(-32600, transport.sent[1].error.code)
    assert.is_nil(transport.sent[1].id)
  end)

  it("leaves a cancelled call out of the array", function()
    local tool, state = kit.gate()
    local session, transport = kit.connect { tool }
    kit.initialize(session, transport, "2025-03-26")
    batch(session, { id = 1, method = "tools/call", params = { name = "wait" } }, { id = 2, method = "ping" })
    kit.send(session, { method = "notifications/cancelled", params = { requestId = 1 } })
    assert.equal(1, state.closed)
    assert.equal(1, #transport.sent)
    assert.equal(1, #transport.sent[1])
    assert.equal(2, transport.sent[1][1].id)
  end)

  it("refuses initialize, modern requests and batches inside a batch", function()
    local session, transport = kit.connect()
    kit.initialize(session, transport, "2025-03-26")
    batch(session, { id = 1, method = "initialize", params = {} }, { id = 2, method = "tools/list", params = { _meta = kit.meta() } },
      json.as_array { 1 })
    local codes = {}
    for i, answer in ipairs(transport.sent[1]) do codes[i] = answer.error.code end
    assert.same({ -32600, -32600, -32600 }, codes)
  end)

  it("refuses batches in the other revisions, and before initialize", function()
    local session, transport = kit.connect()
    batch(session, { id = 1, method = "ping" })
    kit.initialize(session, transport, "2025-06-18")
    batch(session, { id = 1, method = "ping" })
    kit.initialize(session, transport, "2025-11-25")
    batch(session, { id = 1, method = "ping" })
    assert.equal(-32600, transport.sent[1].error.code)
    assert.is_nil(transport.sent[1].id)
  end)

  it("splits the array where it would be too long for one message", function()
    local tool = kit.tool { run = function() return { text = ("x"):rep(600) } end }
    local session, transport = kit.connect({ tool }, { max_message = 1000 })
    kit.initialize(session, transport, "2025-03-26")
    batch(session, { id = 1, method = "tools/call", params = { name = "probe" } },
      { id = 2, method = "tools/call", params = { name = "probe" } })
    assert.equal(2, #transport.sent)
    assert.same({ 1, 2 }, { transport.sent[1][1].id, transport.sent[2][1].id })
  end)
end)
