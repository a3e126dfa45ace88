local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local kit = require "spec.support.mcp"
local log = require "core.log"

local LEGACY = { "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05" }
local ALL = { "2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05" }

-- A tool that waits until the spec answers it.
local function gate()
  local state = { open = 0, closed = 0 }
  local tool = kit.tool { name = "wait", run = function()
    local _ <close> = setmetatable({}, { __close = function() state.closed = state.closed + 1 end })
    state.open = state.open + 1
    local text = fiber.await(function(callback)
      state.answer = callback
      return setmetatable({}, { __close = function() end })
    end)
    return { text = text }
  end }
  return tool, state
end

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
    local tool, state = gate()
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
    local tool, state = gate()
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

describe("mcp.server's tools/call", function()
  local function call(declaration, params, version)
    local session, transport = kit.connect { declaration }
    kit.initialize(session, transport, version or "2025-11-25")
    params.name = params.name or declaration.name
    kit.send(session, { id = 1, method = "tools/call", params = params })
    kit.wait_for(function() return transport.sent[1] end) -- what is long is written in several turns
    return transport.sent[1], transport.texts[1]
  end

  it("carries text and structured content in both faces", function()
    local tool = kit.tool {
      output = { type = "object", required = { "ok" } },
      run = function() return { text = "Fine.", data = { ok = true, list = json.as_array {}, seed = 156680208700286 } } end,
    }
    local message, text = call(tool, {})
    assert.same({ { type = "text", text = "Fine." }, { type = "text", text = '{"list":[],"ok":true,"seed":156680208700286}' } },
      message.result.content)
    assert.same(false, message.result.isError)
    assert.matches('"structuredContent":{"list":[],"ok":true,"seed":156680208700286}', text, 1, true)
    assert.is_nil(message.result.resultType)
  end)

  for _, version in ipairs { "2025-11-25", "2026-07-28" } do
    it("does not hold the arguments of a call while the tool waits, in " .. version, function()
      local seen = setmetatable({}, { __mode = "v" })
      local waiting, state = gate()
      local session, transport = kit.connect { kit.tool {
        input = { { "image", "object", "A picture of megabytes" } },
        check = function(input) seen.image = input.image return true end,
        run = function(_, ctx) return waiting.run({}, ctx) end,
      } }
      if version == "2025-11-25" then kit.initialize(session, transport, version) end
      local send = version == "2025-11-25" and kit.send or function(_, message)
        kit.modern(session, message.id, message.method, message.params)
      end
      send(session, { id = 1, method = "tools/call", params = { name = "probe", arguments = { image = { bytes = ("x"):rep(1000) } } } })
      assert.equal(1, state.open)
      collectgarbage()
      collectgarbage()
      assert.is_nil(seen.image)
      state.answer("done")
      assert.equal(1, #transport.sent)
    end)
  end

  it("leaves structured content out of revisions that do not know it, but not the data", function()
    local tool = kit.tool { run = function() return { data = { ok = true } } end }
    for _, version in ipairs { "2025-03-26", "2024-11-05" } do
      local message = call(tool, {}, version)
      assert.is_nil(message.result.structuredContent)
      assert.same({ { type = "text", text = '{"ok":true}' } }, message.result.content)
    end
  end)

  it("puts the modern envelope around the result", function()
    local session, transport = kit.connect { kit.tool() }
    kit.modern(session, 1, "tools/call", { name = "probe", arguments = {} })
    local result = transport.sent[1].result
    assert.equal("complete", result.resultType)
    assert.equal("rcmcp", result._meta["io.modelcontextprotocol/serverInfo"].name)
  end)

  it("takes missing and null arguments as none, and refuses what is no object", function()
    assert.same("ok", call(kit.tool(), {}).result.content[1].text)
    assert.same("ok", call(kit.tool(), { arguments = json.null }).result.content[1].text)
    assert.same("ok", call(kit.tool(), { arguments = json.as_array {} }).result.content[1].text) -- what PHP writes for {}
    for _, arguments in ipairs { json.as_array { 1 }, "x", 5, true } do
      local message = call(kit.tool(), { arguments = arguments })
      assert.equal(-32602, message.error.code)
      assert.matches("'arguments' must be an object", message.error.message)
    end
  end)

  it("takes an empty list of parameters for none", function()
    local session, transport = kit.connect { kit.tool() }
    kit.initialize(session, transport, "2025-11-25")
    kit.send(session, { method = "notifications/initialized" })
    for _, method in ipairs { "tools/list", "ping" } do
      kit.send(session, { id = 7, method = method, params = json.as_array {} })
      assert.is_table(transport.sent[#transport.sent].result, method)
    end
    kit.send(session, { id = 8, method = "ping", params = json.as_array { 1 } })
    assert.equal(-32602, transport.sent[#transport.sent].error.code)
  end)

  it("answers a message that cannot be read under its id, also behind a byte order mark", function()
    local session, transport = kit.connect { kit.tool() }
    kit.initialize(session, transport, "2025-11-25")
    for _, text in ipairs { '{"jsonrpc":"2.0","id":"a","method":"ping","params":{"x":NaN}}', '{"jsonrpc":"2.0","id":"a","method":"p' } do
      for _, mark in ipairs { "", "\xEF\xBB\xBF" } do
        session:receive(mark .. text)
        local message = transport.sent[#transport.sent]
        assert.same({ "a", -32700 }, { message.id, message.error.code }, mark .. text)
      end
    end
  end)

  it("answers one whose id cannot be read or echoed without an id: silence is for notifications", function()
    local session, transport = kit.connect { kit.tool() }
    kit.initialize(session, transport, "2025-11-25")
    for _, id in ipairs { "NaN", "undefined", "'a'", "True", '"' .. ("x"):rep(600) .. '"' } do
      local before = #transport.sent
      session:receive(('{"jsonrpc":"2.0","id":%s,"method":"ping","params":{"x":NaN}}'):format(id))
      assert.equal(before + 1, #transport.sent, id)
      assert.is_nil(transport.sent[before + 1].id)
      assert.equal(-32700, transport.sent[before + 1].error.code)
    end
    local before = #transport.sent
    session:receive '{"jsonrpc":"2.0","method":"ping","params":{"id":1,"x":NaN}}'
    assert.equal(before, #transport.sent)
  end)

  it("refuses unknown tools and names that are no strings", function()
    local message = call(kit.tool(), { name = "no_such" })
    assert.equal(-32602, message.error.code)
    assert.equal("Unknown tool: no_such", message.error.message)
    assert.equal(-32602, call(kit.tool(), { name = 5 }).error.code)
    assert.equal(-32602, call(kit.tool(), { name = json.null }).error.code)
  end)

  it("refuses parameters that are no object", function()
    local session, transport = kit.connect { kit.tool() }
    kit.initialize(session, transport, "2025-11-25")
    for i, params in ipairs { "[]", '"x"', "5" } do
      session:receive('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":' .. params .. "}")
      assert.equal(-32602, transport.sent[i].error.code)
    end
    session:receive '{"jsonrpc":"2.0","id":1,"method":"tools/call"}'
    assert.equal(-32602, transport.sent[4].error.code)
  end)

  it("makes bad arguments a tool error that names the field, before the tool runs", function()
    local ran = false
    local tool = kit.tool { input = { { "count", "integer", "How many" } }, run = function() ran = true return { text = "" } end }
    local result = call(tool, { arguments = { count = "many" } }).result
    assert.is_true(result.isError)
    assert.matches("count", result.content[1].text)
    assert.is_false(ran)
  end)

  it("answers each call under its own id, in the order they end", function()
    local answers = {}
    local tool = kit.tool { input = { { "n", "integer", "Which" } }, run = function(input)
      return { text = fiber.await(function(callback)
        answers[input.n] = callback
        return setmetatable({}, { __close = function() end })
      end) }
    end }
    local session, transport = kit.connect { tool }
    kit.initialize(session, transport, "2025-11-25")
    local ids = { 0, "", -4, "0", 9007199254740993 }
    for n, id in ipairs(ids) do
      kit.send(session, { id = id, method = "tools/call", params = { name = "probe", arguments = { n = n } } })
    end
    assert.equal(5, session:pending())
    for n = 5, 1, -1 do answers[n]("answer " .. n) end
    for i = 1, 5 do
      assert.equal(ids[6 - i], transport.sent[i].id)
      assert.equal("answer " .. 6 - i, transport.sent[i].result.content[1].text)
    end
  end)

  it("refuses an id that is still in use, and takes it again afterwards", function()
    local tool, state = gate()
    local session, transport = kit.connect { tool }
    kit.initialize(session, transport, "2025-11-25")
    local function send() kit.send(session, { id = 1, method = "tools/call", params = { name = "wait" } }) end
    send()
    send()
    assert.equal(-32600, transport.sent[1].error.code)
    assert.equal(1, state.open)
    state.answer("first")
    send()
    assert.equal(2, state.open)
    session:close()
  end)

  it("says that it is busy past its limit of calls", function()
    local tool = gate()
    local session, transport = kit.connect({ tool }, { max_calls = 2 })
    kit.initialize(session, transport, "2025-11-25")
    for id = 1, 3 do kit.send(session, { id = id, method = "tools/call", params = { name = "wait" } }) end
    assert.equal(1, #transport.sent)
    assert.equal(3, transport.sent[1].id)
    assert.equal(-32603, transport.sent[1].error.code)
    session:close()
  end)

  it("tells the tool who asks", function()
    local client
    local tool = kit.tool { run = function(_, ctx) client = ctx.client return { text = "" } end }
    local session = kit.connect { tool }
    kit.send(session, { id = 0, method = "initialize",
      params = { protocolVersion = "2025-11-25", clientInfo = { name = "spec", version = "1.2" } } })
    kit.send(session, { id = 1, method = "tools/call", params = { name = "probe" } })
    assert.same({ name = "spec", version = "1.2" }, client)
    kit.modern(session, 2, "tools/call", { name = "probe" }, { ["io.modelcontextprotocol/clientInfo"] = { name = "other", version = "3" } })
    assert.same({ name = "other", version = "3" }, client)
  end)

  it("shortens a result past the limit, says so, and keeps ids and URLs", function()
    local tool = kit.tool { run = function()
      return { text = "Big.", data = { ok = true, request_id = "r-1", graph = ("x"):rep(9 * 1024 * 1024) } }
    end }
    local result = call(tool, {}).result
    assert.is_false(result.isError)
    assert.matches("^Big.\nThis result was shortened: it has 9,4%d%d,%d%d%d bytes, and one message may have 8,388,608.",
      result.content[1].text)
    assert.equal("r-1", result.structuredContent.request_id)
    assert.is_true(result.structuredContent.ok)
    assert.matches("… [9437184 bytes in all]", result.structuredContent.graph, 1, true)
    assert.matches("was shortened", result.structuredContent.shortened, 1, true)
  end)

  it("asks of an error only what its schema asks of errors, and keeps from clients what breaks it", function()
    local output = { type = "object", additionalProperties = false, required = { "ok", "deployment" },
      properties = { ok = { type = "boolean" }, deployment = { type = "object" } } }
    local data = { ok = false, error = "no", code = 5 }
    local tool = kit.tool { output = output, run = function() return nil, errors.new("no", { data = data }) end }
    local session, transport = kit.connect { tool }
    kit.modern(session, 1, "tools/list")
    assert.same({ type = "object", required = { "ok" }, properties = output.properties },
      transport.sent[1].result.tools[1].outputSchema)
    assert.same(data, call(tool, {}).result.structuredContent)
    data.deployment = "a string"
    local result = call(tool, {}).result
    assert.is_nil(result.structuredContent)
    assert.matches('"code":5', result.content[2].text, 1, true)
  end)

  it("answers a result that JSON cannot say with an error", function()
    local result = call(kit.tool { run = function() return { data = { at = 0 / 0 } } end }, {}).result
    assert.is_true(result.isError)
    assert.matches("cannot be written as JSON", result.content[1].text)
  end)
end)

describe("mcp.server's cancellation", function()
  it("stops the call, closes what it holds, and sends nothing more", function()
    local tool, state = gate()
    local session, transport = kit.connect { tool }
    kit.initialize(session, transport, "2025-11-25")
    kit.send(session, { id = 7, method = "tools/call", params = { name = "wait" } })
    kit.send(session, { method = "notifications/cancelled", params = { requestId = 7, reason = "the user left" } })
    assert.equal(1, state.closed)
    assert.equal(0, session:pending())
    state.answer("too late")
    assert.same({}, transport.sent)
  end)

  it("tells ids apart by their type", function()
    local tool, state = gate()
    local session, transport = kit.connect { tool }
    kit.initialize(session, transport, "2025-11-25")
    kit.send(session, { id = "7", method = "tools/call", params = { name = "wait" } })
    kit.send(session, { method = "notifications/cancelled", params = { requestId = 7 } })
    assert.equal(1, session:pending())
    state.answer("here")
    assert.equal("7", transport.sent[1].id)
  end)

  it("sends nothing for a tool that swallows the cancellation", function()
    local state = {}
    local tool = kit.tool { run = function(_, ctx)
      pcall(fiber.await, function() return setmetatable({}, { __close = function() end }) end)
      state.cancelled = ctx.cancelled
      ctx:progress(1)
      return { text = "as if nothing had happened" }
    end }
    local session, transport = kit.connect { tool }
    kit.initialize(session, transport, "2025-11-25")
    kit.send(session, { id = 1, method = "tools/call", params = { name = "probe", _meta = { progressToken = 1 } } })
    kit.send(session, { method = "notifications/cancelled", params = { requestId = 1 } })
    assert.is_true(state.cancelled)
    assert.same({}, transport.sent)
  end)

  it("stops a call whose connection ended before its first wait", function()
    local closed, session = 0, nil
    local tool = kit.tool { run = function()
      local _ <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
      session:close()
      fiber.await(function() return setmetatable({}, { __close = function() end }) end)
    end }
    local connection, transport = kit.connect { tool }
    session = connection
    kit.modern(session, 1, "tools/call", { name = "probe" })
    assert.equal(1, closed)
    assert.same({}, transport.sent)
  end)

  it("answers what goes wrong in the server itself with -32603, for that request alone", function()
    local session, transport, server = kit.connect { kit.tool() }
    local write = log.write
    local _ <close> = setmetatable({}, { __close = function() log.write = write end })
    log.write = function() end
    local snapshot = server.snapshot
    server.snapshot = nil
    kit.modern(session, "a", "tools/list")
    server.snapshot = snapshot
    kit.modern(session, "b", "tools/list")
    assert.same({ "a", -32603 }, { transport.sent[1].id, transport.sent[1].error.code })
    assert.equal(1, #transport.sent[2].result.tools)
  end)

  it("ends all calls of a connection with it, and no other's", function()
    local tool, state = gate()
    local session, transport, server = kit.connect { tool }
    local other_transport = kit.transport()
    local other = kit.attach(server, other_transport)
    kit.modern(session, 1, "tools/call", { name = "wait" })
    kit.modern(session, 2, "tools/call", { name = "wait" })
    kit.modern(other, 1, "tools/call", { name = "wait" })
    session:close()
    assert.equal(2, state.closed)
    assert.same({ 0, 1 }, { session:pending(), other:pending() })
    other:close()
    assert.equal(3, state.closed)
    assert.same({ {}, {} }, { transport.sent, other_transport.sent })
    assert.same({ 0, 0 }, { session:pending(), other:pending() })
  end)
end)

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
      local tool, state = gate()
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
    local tool, state = gate()
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
