-- The protocol over real pipes: what a client may send, hostile or not, and what comes back.

local children = require "spec.support.child"
local json = require "core.json"
local kit = require "spec.support.mcp"

local STUB = { "lua", "spec/support/mcp_server.lua" } -- tools for tests
local SIMULATED = { "serve", "--simulate", "--speed", "600" }

local function start(...)
  return children.rcmcp { STUB[1], STUB[2], ... }
end

local function request(id, method, params)
  return json.encode { jsonrpc = "2.0", id = id, method = method, params = params } .. "\n"
end

local function modern(id, method, params)
  params = params or {}
  params._meta = kit.meta(params._meta)
  return request(id, method, params)
end

local function call(id, name, arguments)
  return modern(id, "tools/call", { name = name, arguments = arguments })
end

local INITIALIZE = request("init", "initialize", { protocolVersion = "2025-11-25", capabilities = {} })

local function answer(child)
  return assert(json.decode(child:line()))
end

-- Everything on standard output, decoded: fails if there is anything but lines of JSON.
local function all_messages(child)
  local list = {}
  assert.matches("\n$", child.out)
  for line in child.out:gmatch("([^\n]*)\n") do
    list[#list + 1] = assert(json.decode(line), "not a message: " .. line:sub(1, 200))
  end
  return list
end

local function end_well(child)
  child:close_stdin()
  assert.same({ 0, 0 }, { child:wait() })
end

describe("MCP over pipes", function()
  it("serves both eras over one connection", function()
    local child <close> = start()
    child:write(modern("probe", "server/discover"))
    assert.equal("2026-07-28", answer(child).result.supportedVersions[1])
    child:write(INITIALIZE)
    assert.equal("2025-11-25", answer(child).result.protocolVersion)
    child:write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n' .. request(1, "tools/list"))
    local legacy = answer(child).result
    assert.equal(5, #legacy.tools)
    assert.is_nil(legacy.resultType)
    child:write(modern(2, "tools/list"))
    assert.equal("complete", answer(child).result.resultType)
    end_well(child)
  end)

  it("serves each legacy revision", function()
    for _, version in ipairs { "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05" } do
      local child <close> = start()
      child:write(request(0, "initialize", { protocolVersion = version }))
      assert.equal(version, answer(child).result.protocolVersion)
      child:write(request(1, "tools/call", { name = "echo", arguments = { value = { a = 1 } } }))
      local result = answer(child).result
      assert.equal('{"value":{"a":1}}', result.content[2].text)
      assert.same(version >= "2025-06-18" and { value = { a = 1 } } or nil, result.structuredContent)
      end_well(child)
    end
  end)

  it("carries large integers, floats and empty containers unharmed", function()
    local child <close> = start()
    local value = '{"big":18446744073709551615,"e":{},"f":7.0,"l":[],"n":null,"seed":156680208700286}'
    child:write('{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"echo","arguments":{"value":'
      .. value .. '},"_meta":' .. json.encode(kit.meta()) .. "}}\n")
    local line = child:line()
    assert.matches('"structuredContent":{"value":' .. value .. "}", line, 1, true)
    assert.matches('"id":9007199254740993,', line, 1, true)
    end_well(child)
  end)

  it("answers a request while others wait, and stops a cancelled one", function()
    local child <close> = start()
    child:write(call(1, "wait", { seconds = 600 }) .. call(2, "wait", { seconds = 600 }) .. INITIALIZE .. request(3, "ping"))
    assert.equal("init", answer(child).id)
    assert.equal(3, answer(child).id)
    child:write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}\n'
      .. '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}\n')
    end_well(child) -- at once: nothing is open any more
    assert.equal(2, #all_messages(child))
  end)

  it("sends progress before the result", function()
    local child <close> = start()
    child:write(modern(1, "tools/call", { name = "progress", _meta = { progressToken = "t" } }))
    end_well(child)
    local list = all_messages(child)
    assert.equal(1, list[#list].id)
    for i = 1, #list - 1 do assert.equal("t", list[i].params.progressToken) end
    assert.equal(3, list[#list - 1].params.progress)
  end)

  it("keeps what tools and their children print out of the protocol", function()
    local child <close> = start()
    child:write(call(1, "chatty"))
    end_well(child)
    assert.equal(1, #all_messages(child))
    assert.matches("printed by a tool", child.err)
    assert.matches("written by a tool", child.err)
    assert.matches("said by a child process", child.err)
  end)

  it("passes 8 MiB less an envelope, and shortens what is more #load", function()
    local child <close> = start()
    child:write(call(1, "big", { bytes = 8 * 1024 * 1024 - 30000 }) .. call(2, "big", { bytes = 8 * 1024 * 1024 }))
    end_well(child)
    local list = all_messages(child)
    assert.equal(8 * 1024 * 1024 - 30000, #list[1].result.structuredContent.bytes)
    assert.is_false(list[2].result.isError)
    assert.equal("b-1", list[2].result.structuredContent.id)
    assert.matches("was shortened", list[2].result.structuredContent.shortened, 1, true)
  end)
end)

-- What any server must survive, whatever its tools.
local function survives(name, command)
  describe("MCP over pipes, against hostile input, with " .. name, function()
    -- Writes `bytes` after the handshake, then a ping; gives the answers before that of the ping.
    local function answers_to(bytes, version)
      local child <close> = children.rcmcp(command)
      if version then
        child:write(request("init", "initialize", { protocolVersion = version }))
        child:line()
      end
      child:write(bytes .. request("after", "ping"))
      child:close_stdin()
      assert.same({ 0, 0 }, { child:wait(60) })
      local list = all_messages(child)
      if version then table.remove(list, 1) end
      local last = table.remove(list)
      assert.equal("after", last.id)
      assert.same({}, last.result)
      return list
    end

    local function codes(list)
      local result = {}
      for i, message in ipairs(list) do
        assert.is_nil(message.id)
        result[i] = message.error.code
      end
      return result
    end

    it("survives garbage", function()
      assert.same({ -32700, -32700, -32700, -32700 }, codes(answers_to('garbage\n{"jsonrpc":\n\0\1\2\3\n{"a":1}}\n')))
    end)

    it("skips empty lines, takes CRLF and a byte order mark", function()
      assert.same({}, answers_to("\n\n  \n\r\n\t\r\n"))
      local list = answers_to("\xEF\xBB\xBF" .. '{"jsonrpc":"2.0","id":1,"method":"ping"}\r\n')
      assert.equal(1, list[1].id)
    end)

    -- The one error that answers `line`, under this id.
    local function refused(line, code, id)
      local list = answers_to(line .. "\n")
      assert.equal(1, #list)
      assert.same({ code, id }, { list[1].error.code, list[1].id })
    end

    it("refuses invalid UTF-8, answering the call that has it", function()
      for i, bytes in ipairs { "\xFF", "\xC3\x28", "\xED\xA0\x80", "\xC0\xAF", "\xF4\x90\x80\x80", "\xE2\x82" } do
        refused('{"jsonrpc":"2.0","id":' .. i .. ',"method":"ping","params":{"x":"' .. bytes .. '"}}', -32700, i)
      end
    end)

    it("answers a call that does not parse under its id, wherever that stands and whatever is wrong", function()
      local message = '{"method":"tools/call","params":{"name":"x","arguments":%s},"jsonrpc":"2.0","id":%s}'
      for i, bad in ipairs { "NaN", '"a\tb\1"', "{,}", '{"id":7,"x":[01]}', "'x'", '"\\x"', "undefined", '"\\\\" "\\""' } do
        refused(message:format(bad, i), -32700, i)
      end
      refused(message:format("NaN", '"a \\"id\\": 3"'), -32700, 'a "id": 3')
      refused('{"jsonrpc":"2.0","id":9,"method":"ping"', -32700, 9)
      local old = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
        .. '"clientInfo":{"name":"c","version":"1"}}}\n'
      local list = answers_to(old .. message:format("NaN", 2) .. "\n")
      assert.same({ 1, 2 }, { list[1].id, list[2].id })
    end)

    it("never answers a notification or a response, even one that does not parse or is too long", function()
      local long = ("x"):rep(17 * 1024 * 1024)
      assert.same({}, answers_to(table.concat({
        '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":NaN}}',
        '{"jsonrpc":"2.0","id":"s-1","result":{"action":"accept","content":{"x":Infinity}}}',
        '{"id":4,"error":{"code":1,"message":"\xFF"},"jsonrpc":"2.0"}',
        '{"jsonrpc":"2.0","method":"notifications/x","params":{"id":3,"text":"' .. long .. '"}}',
        '{"jsonrpc":"2.0","id":"s-1","result":{"method":"x","text":"' .. long .. '"}}', "",
      }, "\n")))
    end)

    it("takes half a surrogate pair in arguments as U+FFFD", function()
      for i, text in ipairs { "fox \\ud83e", "\\udd8a fox", "\\ud83e\\ud83e\\udd8a", "\\ud83ex" } do
        local list = answers_to(('{"jsonrpc":"2.0","id":%d,"method":"no/such %s","params":{"a":"%s"}}\n'):format(i, text, text))
        assert.equal(i, list[1].id)
        assert.equal(-32602, list[1].error.code)
      end
    end)

    it("survives 200,000 levels of nesting", function()
      local deep = ("["):rep(200000) .. ("]"):rep(200000)
      assert.same({ -32700, -32700 }, codes(answers_to(deep .. "\n" .. ('{"a":'):rep(200000) .. "\n")))
      refused('{"jsonrpc":"2.0","id":1,"method":"tools/list","params":' .. deep .. "}", -32700, 1)
      refused('{"jsonrpc":"2.0","method":"tools/list","params":{"id":2,"deep":' .. deep .. '},"id":"é"}', -32700, "é")
    end)

    it("skips a line of 20 MiB and says so", function()
      local long = ("x"):rep(20 * 1024 * 1024)
      refused('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"' .. long .. '"}}', -32600, 1)
      refused('{"method":"ping","params":{"x":"' .. long .. '","id":2},"jsonrpc":"2.0","id":"last"}', -32600, "last")
      assert.same({ -32600, -32600 }, codes(answers_to(long .. "\n[" .. long .. "]\n")))
    end)

    it("takes a line of almost 16 MiB", function()
      local list = answers_to('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"' .. ("x"):rep(16 * 1024 * 1024 - 100) .. '"}}\n')
      assert.equal(1, list[1].id)
    end)

    it("echoes ids with value and type", function()
      local child <close> = children.rcmcp(command)
      local ids = { "0", '""', "-7", '"0"', "9007199254740993", "-9223372036854775808", "18446744073709551615", '"\\u0000"' }
      for _, id in ipairs(ids) do
        child:write('{"jsonrpc":"2.0","id":' .. id .. ',"method":"ping"}\n')
        assert.equal('{"jsonrpc":"2.0","id":' .. id .. ',"result":{}}', child:line())
      end
      end_well(child)
    end)

    it("answers a batch where the revision has batches, and refuses it elsewhere", function()
      local bytes = '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"x"},{"jsonrpc":"2.0","id":2,"method":"ping"}]\n'
      local list = answers_to(bytes, "2025-03-26")
      assert.same({ 1, 2 }, { list[1][1].id, list[1][2].id })
      assert.same({ -32600 }, codes(answers_to(bytes, "2025-11-25")))
      assert.same({ -32600 }, codes(answers_to(bytes)))
      assert.same({ -32600, -32600 }, codes(answers_to("[]\n[[]]\n", "2025-06-18")))
    end)

    it("survives a batch of ten thousand requests", function()
      local parts = {}
      for id = 1, 10000 do parts[id] = '{"jsonrpc":"2.0","id":' .. id .. ',"method":"ping"}' end
      local list = answers_to("[" .. table.concat(parts, ",") .. "]\n", "2024-11-05")
      assert.equal(10000, #list[1])
    end)

    it("survives messages of every wrong shape", function()
      local lines = {
        "null", "true", "0", '""', "{}", '{"jsonrpc":"2.0"}', '{"jsonrpc":"2.0","id":{},"method":"ping"}',
        '{"jsonrpc":"2.0","id":null,"method":"ping"}', '{"jsonrpc":"2.0","id":[],"method":{}}',
      }
      local list = answers_to(table.concat(lines, "\n") .. "\n")
      assert.equal(#lines, #list)
      for _, message in ipairs(list) do assert.equal(-32600, message.error.code) end
    end)
  end)
end

survives("tools for tests", STUB)
survives("rcmcp serve --simulate", SIMULATED)

describe("MCP over pipes, with a slow reader", function()
  it("keeps nothing of what was read, also where something always is unread", function()
    local client <close> = children.spawn("python3", { "spec/support/slow_reader.py", children.program, table.unpack(STUB) })
    assert.same({ 0, 0 }, { client:wait(60) })
    local most, status = client.out:match("^(%d+) (%d+)\n$")
    assert.equal("0", status)
    assert.is_true(tonumber(most) < 100, most .. " MiB") -- 150 MB pass through
  end)
end)

-- How many messages a client got rid of that read nothing meanwhile, and MiB of memory at most.
local function deaf(count, message)
  local arguments = { "spec/support/deaf_client.py", count, message, children.program, table.unpack(STUB) }
  local client <close> = children.spawn("python3", arguments)
  assert.same({ 0, 0 }, { client:wait(120) })
  local unread, most, status = client.out:match("^(%d+) (%d+) (%d+)\n$")
  assert.equal("0", status)
  return tonumber(unread), tonumber(most)
end

describe("MCP over pipes, with a client that asks and does not read", function()
  it("takes no more lists than fit into its queue, and answers all in order", function()
    local unread, most = deaf("30000", (modern(0, "tools/list"):gsub('"id":0', '"id":%%'):gsub("\n", "")))
    assert.is_true(unread < 13000, unread .. " lists") -- 16 MiB, and what two pipes and the reader hold
    assert.is_true(most < 60, most .. " MiB")
  end)

  it("takes no more calls than fit into its queue, and answers all in order", function()
    local unread, most = deaf("3200", (call(0, "big", { bytes = 66000 }):gsub('"id":0', '"id":%%'):gsub("\n", "")))
    assert.is_true(unread < 800, unread .. " calls")
    assert.is_true(most < 60, most .. " MiB") -- 280 MB pass through
  end)
end)

describe("MCP over pipes, at its end", function()
  it("ends with status 0 when its output is closed", function()
    local child <close> = start()
    child:write(call(1, "wait", { seconds = 600 }))
    child.handle:close_stdout()
    child:write(INITIALIZE)
    child:wait_until(function(c) return c.status ~= nil end)
    assert.same({ 0, 0 }, { child.status, child.signal })
  end)

  it("answers a call that ends soon after the end of input", function()
    local child <close> = start()
    child:write(call(1, "wait", { seconds = 0.05 }))
    end_well(child)
    assert.equal("waited", all_messages(child)[1].result.content[1].text)
  end)

  it("ends in the middle of a call when the grace is over", function()
    local child <close> = start("0.05")
    child:write(call(1, "wait", { seconds = 600 }) .. INITIALIZE)
    end_well(child)
    assert.equal(1, #all_messages(child))
    assert.matches("call 1 of 'wait' did not end in time", child.err, 1, true)
  end)

  it("takes a last line without an end", function()
    local child <close> = start()
    child:write((INITIALIZE:gsub("\n", "")))
    end_well(child)
    assert.equal("init", all_messages(child)[1].id)
  end)

  it("ends at once when the input is empty", function()
    local child <close> = start()
    end_well(child)
    assert.equal("", child.out)
  end)
end)

describe("rcmcp serve --simulate", function()
  local FIRST = "a1b2c3d4-0000-4000-8000-000000000001"

  local function submit(id, arguments, meta)
    arguments.deployment_id = FIRST
    return modern(id, "tools/call", { name = "submit_request", arguments = arguments, _meta = meta })
  end

  it("offers the same ten tools in both eras", function()
    local child <close> = children.rcmcp(SIMULATED)
    child:write(modern(1, "tools/list") .. INITIALIZE .. request(2, "tools/list"))
    local function names(result)
      local list = {}
      for i, tool in ipairs(result.tools) do list[i] = tool.name end
      return list
    end
    local first = names(answer(child).result)
    answer(child)
    assert.same({
      "call_instance_proxy", "cancel_request", "create_deployment", "delete_deployment", "get_deployment",
      "get_request_result", "get_request_status", "list_deployments", "submit_request", "update_deployment",
    }, first)
    assert.same(first, names(answer(child).result))
    end_well(child)
  end)

  it("answers others while a job is waited for, reports progress, then the result", function()
    local child <close> = children.rcmcp(SIMULATED)
    child:write(submit("job", { wait_for_completion = true }, { progressToken = "p" }) .. call("list", "list_deployments"))
    local seen = {}
    repeat
      local message = answer(child)
      seen[#seen + 1] = message.id or message.params.progressToken
      if message.id then assert.is_false(message.result.isError) end
    until message.id == "job"
    local order = table.concat(seen, " ")
    assert.matches("list.* p job$", order)
    end_well(child)
  end)

  it("stops a cancelled wait and says no more of it", function()
    local child <close> = children.rcmcp { "serve", "--simulate" }
    child:write(submit("job", { wait_for_completion = true }, { progressToken = 1 }))
    assert.equal(1, answer(child).params.progressToken)
    child:write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"job","reason":"enough"}}\n'
      .. INITIALIZE .. call("list", "list_deployments"))
    assert.equal("init", answer(child).id)
    assert.equal("list", answer(child).id)
    end_well(child)
    for _, message in ipairs(all_messages(child)) do assert.not_equal("job", message.id) end
  end)

  it("gives the ids of a job that is still waited for when the input ends", function()
    local child <close> = children.rcmcp { "serve", "--simulate" }
    child:write(submit("job", { wait_for_completion = true }, { progressToken = 1 }))
    assert.equal(1, answer(child).params.progressToken)
    end_well(child)
    local list = all_messages(child)
    local last = list[#list]
    assert.equal("job", last.id)
    assert.is_true(last.result.structuredContent.pending)
    assert.equal("string", type(last.result.structuredContent.submission.request_id))
  end)

  it("ends with status 0 at SIGTERM and SIGINT, also in the middle of a wait", function()
    for _, name in ipairs { "TERM", "INT" } do
      local child <close> = children.rcmcp { "serve", "--simulate" }
      child:write(submit("job", { wait_for_completion = true }, { progressToken = 1 }))
      child:line()
      child.handle:kill(name)
      assert.same({ 0, 0 }, { child:wait() })
    end
  end)

  it("ends with status 0 when its output is closed in the middle of a wait", function()
    local child <close> = children.rcmcp { "serve", "--simulate" }
    child:write(submit("job", { wait_for_completion = true }, { progressToken = 1 }))
    child:line()
    child.handle:close_stdout()
    child:write(INITIALIZE)
    child:wait_until(function(c) return c.status ~= nil end)
    assert.same({ 0, 0 }, { child.status, child.signal })
  end)
end)
