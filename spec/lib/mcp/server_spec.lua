local json = require "core.json"
local kit = require "spec.support.mcp"

local LEGACY = { "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05" }
local ALL = { "2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05" }

describe("mcp.server in the legacy era", function()
  it("echoes each revision it speaks", function()
    for _, version in ipairs(LEGACY) do
      local session, transport = kit.connect({}, { title = "Title", instructions = "Use it." })
      kit.send(session, { id = 0, method = "initialize", params = { protocolVersion = version, capabilities = {} } })
      local result = transport.sent[1].result
      assert.equal(version, result.protocolVersion)
      assert.same({ tools = {} }, result.capabilities)
      assert.equal("rcmcp", result.serverInfo.name)
      assert.equal("9.8.7", result.serverInfo.version)
      assert.equal(version >= "2025-06-18" and "Title" or nil, result.serverInfo.title)
      assert.equal("Use it.", result.instructions)
      assert.is_nil(result.resultType)
    end
  end)

  it("never refuses initialize: whatever it does not speak becomes 2025-11-25", function()
    local requests = {
      '{"protocolVersion":"1.0"}', '{"protocolVersion":"2026-07-28"}', '{"protocolVersion":7}', '{"protocolVersion":null}',
      "{}", "null", '{"protocolVersion":{},"clientInfo":[],"capabilities":null,"unknown":1}',
    }
    for _, params in ipairs(requests) do
      local session, transport = kit.connect()
      session:receive('{"jsonrpc":"2.0","id":1,"method":"initialize","params":' .. params .. "}")
      assert.equal("2025-11-25", transport.sent[1].result.protocolVersion)
    end
    local session, transport = kit.connect()
    session:receive '{"jsonrpc":"2.0","id":1,"method":"initialize"}'
    assert.equal("2025-11-25", transport.sent[1].result.protocolVersion)
  end)

  it("takes initialize after a good discover, and again", function()
    local session, transport = kit.connect { kit.tool() }
    kit.modern(session, "probe", "server/discover")
    kit.send(session, { id = 0, method = "initialize", params = { protocolVersion = "2025-11-25" } })
    kit.send(session, { id = 1, method = "tools/list" })
    kit.modern(session, 2, "tools/list")
    kit.send(session, { id = 0, method = "initialize", params = { protocolVersion = "2024-11-05" } })
    kit.send(session, { id = 1, method = "tools/list" })
    local sent = transport.sent
    assert.equal("complete", sent[1].result.resultType)
    assert.equal("2025-11-25", sent[2].result.protocolVersion)
    assert.is_table(sent[3].result.tools[1].annotations)
    assert.is_nil(sent[3].result.resultType)
    assert.equal("complete", sent[4].result.resultType)
    assert.equal("2024-11-05", sent[5].result.protocolVersion)
    assert.is_nil(sent[6].result.tools[1].annotations)
  end)

  it("serves requests although 'initialized' never comes", function()
    local session, transport = kit.connect { kit.tool() }
    kit.initialize(session, transport, "2025-06-18")
    kit.send(session, { id = 1, method = "tools/list" })
    assert.equal("probe", transport.sent[1].result.tools[1].name)
  end)

  it("answers ping at any time", function()
    local session, transport = kit.connect()
    kit.send(session, { id = "p", method = "ping" })
    assert.equal('{"jsonrpc":"2.0","id":"p","result":{}}', transport.texts[1])
    kit.initialize(session, transport, "2025-11-25")
    kit.send(session, { id = "q", method = "ping" })
    assert.equal('{"jsonrpc":"2.0","id":"q","result":{}}', transport.texts[1])
  end)

  it("answers ping and lists while a tool waits", function()
    local tool, state = kit.gate()
    local session, transport = kit.connect { tool }
    kit.initialize(session, transport, "2025-11-25")
    kit.send(session, { id = 1, method = "tools/call", params = { name = "wait" } })
    kit.send(session, { id = 2, method = "ping" })
    assert.equal(2, transport.sent[1].id)
    state.answer("done")
    assert.equal(1, transport.sent[2].id)
    assert.equal("done", transport.sent[2].result.content[1].text)
    assert.equal(0, session:pending())
  end)

  it("asks for initialize or metadata where neither came", function()
    local session, transport = kit.connect()
    for _, method in ipairs { "tools/list", "no/such", "server/discover" } do
      kit.send(session, { id = 1, method = method })
      local err = transport.sent[#transport.sent].error
      assert.equal(-32602, err.code)
      assert.matches("protocolVersion", err.message)
      assert.matches("initialize", err.message)
    end
  end)

  it("answers methods that it does not offer with -32601", function()
    local session, transport = kit.connect()
    kit.initialize(session, transport, "2025-11-25")
    for i, method in ipairs { "prompts/list", "resources/list", "logging/setLevel", "server/discover", "", "tools/call/x" } do
      kit.send(session, { id = i, method = method })
      assert.equal(-32601, transport.sent[i].error.code)
      assert.equal(i, transport.sent[i].id)
    end
  end)

  it("never answers notifications and responses", function()
    local session, transport = kit.connect()
    for _, text in ipairs {
      '{"jsonrpc":"2.0","method":"notifications/initialized"}', '{"jsonrpc":"2.0","method":"no/such","params":[]}',
      '{"jsonrpc":"2.0","method":"notifications/cancelled"}',
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":null}}',
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}',
      '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"probe"}}',
      '{"jsonrpc":"2.0","id":5,"result":{}}', '{"jsonrpc":"2.0","id":5,"error":{"code":1,"message":"x"}}',
      '{"jsonrpc":"2.0","error":{"code":1,"message":"x"}}',
    } do
      session:receive(text)
    end
    assert.same({}, transport.sent)
  end)
end)

describe("mcp.server in the modern era", function()
  it("discovers itself", function()
    local session, transport = kit.connect({}, { title = "Title", instructions = "Use it." })
    kit.modern(session, "d", "server/discover")
    assert.same({
      supportedVersions = ALL, capabilities = { tools = {} }, instructions = "Use it.",
      ttlMs = 60000, cacheScope = "public", resultType = "complete",
      _meta = { ["io.modelcontextprotocol/serverInfo"] = { name = "rcmcp", title = "Title", version = "9.8.7" } },
    }, transport.sent[1].result)
  end)

  it("needs protocolVersion and clientCapabilities in each request, and nothing else", function()
    local session, transport = kit.connect()
    local bad = {
      { ["io.modelcontextprotocol/protocolVersion"] = false },
      { ["io.modelcontextprotocol/protocolVersion"] = 20260728 },
      { ["io.modelcontextprotocol/protocolVersion"] = json.null },
      { ["io.modelcontextprotocol/clientCapabilities"] = false },
      { ["io.modelcontextprotocol/clientCapabilities"] = json.as_array {} },
      { ["io.modelcontextprotocol/clientCapabilities"] = json.null },
      { ["io.modelcontextprotocol/logLevel"] = "loud" },
    }
    for i, changes in ipairs(bad) do
      kit.modern(session, i, "tools/list", nil, changes)
      assert.equal(-32602, transport.sent[i].error.code)
    end
    kit.modern(session, "ok", "tools/list", nil, { ["io.modelcontextprotocol/logLevel"] = "debug", unknown = 5 })
    assert.is_table(transport.sent[#bad + 1].result)
  end)

  it("refuses versions it does not speak without a handshake, and says which it does", function()
    local session, transport = kit.connect()
    kit.modern(session, 1, "tools/list", nil, { ["io.modelcontextprotocol/protocolVersion"] = "v999.0.0" })
    assert.equal(-32022, transport.sent[1].error.code)
    assert.same({ supported = ALL, requested = "v999.0.0" }, transport.sent[1].error.data)
    kit.modern(session, 2, "tools/list", nil, { ["io.modelcontextprotocol/protocolVersion"] = "2025-11-25" })
    assert.same({ supported = { "2026-07-28" }, requested = "2025-11-25" }, transport.sent[2].error.data)
  end)

  it("does not know the methods of the handshake", function()
    local session, transport = kit.connect()
    kit.initialize(session, transport, "2025-11-25")
    for i, method in ipairs { "initialize", "ping", "logging/setLevel", "resources/subscribe", "no/such" } do
      kit.modern(session, i, method)
      assert.equal(-32601, transport.sent[i].error.code)
    end
  end)

  it("remembers nothing of a request for the next one", function()
    local session, transport = kit.connect()
    kit.modern(session, 1, "tools/list")
    kit.send(session, { id = 2, method = "tools/list" })
    assert.equal(-32602, transport.sent[2].error.code)
  end)
end)

describe("mcp.server's tools/list", function()
  local function definition(version)
    local session, transport = kit.connect { kit.tool {
      title = "Probe", annotations = { readOnlyHint = true, destructiveHint = false },
      output = { type = "object", properties = {} },
    } }
    if version == "2026-07-28" then
      kit.modern(session, 1, "tools/list")
    else
      kit.initialize(session, transport, version)
      kit.send(session, { id = 1, method = "tools/list" })
    end
    return transport.sent[1].result.tools[1], transport.sent[1].result, transport.texts[1]
  end

  it("shows to each revision what it knows", function()
    for _, version in ipairs(ALL) do
      local tool, result = definition(version)
      assert.equal("A tool for specs.", tool.description)
      assert.equal("object", tool.inputSchema.type)
      assert.equal(version >= "2025-06-18" and "Probe" or nil, tool.title)
      assert.equal(version >= "2025-06-18", tool.outputSchema ~= nil)
      local hints = { readOnlyHint = true, destructiveHint = false, idempotentHint = false, openWorldHint = true }
      assert.same(version >= "2025-03-26" and hints or nil, tool.annotations)
      assert.equal(version == "2026-07-28" and 60000 or nil, result.ttlMs)
      assert.equal(version == "2026-07-28" and "public" or nil, result.cacheScope)
    end
  end)

  it("writes an empty list as [] and empty properties as {}", function()
    local _, _, text = definition("2025-11-25")
    assert.matches('"properties":{}', text, 1, true)
    local session, transport = kit.connect()
    kit.modern(session, 1, "tools/list")
    assert.matches('"tools":%[%]', transport.texts[1])
  end)

  it("lists sorted by name, the same bytes each time", function()
    local session, transport = kit.connect { kit.tool { name = "b" }, kit.tool { name = "c" }, kit.tool { name = "a" } }
    kit.modern(session, 1, "tools/list")
    kit.modern(session, 1, "tools/list")
    assert.equal(transport.texts[1], transport.texts[2])
    local names = {}
    for i, tool in ipairs(transport.sent[1].result.tools) do names[i] = tool.name end
    assert.same({ "a", "b", "c" }, names)
  end)

  it("refuses a cursor, for it gives none out", function()
    local session, transport = kit.connect()
    kit.modern(session, 1, "tools/list", { cursor = "abc" })
    kit.modern(session, 2, "tools/list", { cursor = json.null })
    assert.equal(-32602, transport.sent[1].error.code)
    assert.is_table(transport.sent[2].result)
  end)

  it("shows new tools after a change, and a call under way keeps its own", function()
    local tool, state = kit.gate()
    local session, transport, server = kit.connect { tool }
    kit.initialize(session, transport, "2025-11-25")
    kit.send(session, { id = 1, method = "tools/call", params = { name = "wait" } })
    server:tools_changed(kit.snapshot { kit.tool { name = "other" } })
    kit.send(session, { id = 2, method = "tools/list" })
    kit.send(session, { id = 3, method = "tools/call", params = { name = "wait" } })
    state.answer("still here")
    assert.equal("other", transport.sent[1].result.tools[1].name)
    assert.equal(-32602, transport.sent[2].error.code)
    assert.equal("still here", transport.sent[3].result.content[1].text)
  end)
end)

describe("mcp.server, given what is no message", function()
  it("answers with a parse error, under the id where there is one, and goes on", function()
    local session, transport = kit.connect()
    local lines = { "garbage", "{", '{"jsonrpc":"2.0","id":1,"method":"ping"', "\0", "{'a':1}", '"\xFF"', ("["):rep(200000) }
    for i, line in ipairs(lines) do
      session:receive(line)
      assert.equal(-32700, transport.sent[i].error.code)
      assert.equal(i == 3 and 1 or nil, transport.sent[i].id)
    end
    kit.send(session, { id = 1, method = "ping" })
    assert.same({}, transport.sent[#lines + 1].result)
  end)

  it("answers with -32600 what is JSON but no message, with the id where it can be read", function()
    local session, transport = kit.connect()
    session:receive '{"id":5,"method":"ping"}'
    session:receive '5'
    session:receive '{"jsonrpc":"2.0","id":null,"method":"ping"}'
    assert.same({ 5, -32600 }, { transport.sent[1].id, transport.sent[1].error.code })
    assert.same({ n = 2, nil, -32600 }, table.pack(transport.sent[2].id, transport.sent[2].error.code))
    assert.same({ n = 2, nil, -32600 }, table.pack(transport.sent[3].id, transport.sent[3].error.code))
  end)
end)
