local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local kit = require "spec.support.mcp"
local log = require "core.log"

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
      local waiting, state = kit.gate()
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
    local tool, state = kit.gate()
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
    local tool = kit.gate()
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
    local tool, state = kit.gate()
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
    local tool, state = kit.gate()
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
    local tool, state = kit.gate()
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
