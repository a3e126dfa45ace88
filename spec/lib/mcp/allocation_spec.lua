local fiber = require "lib.async.fiber"
local host = require "core.host"
local kit = require "spec.support.mcp"
local log = require "core.log"
local memory = require "spec.support.memory"

local QUESTION = { message = "n?", input = { { "n", "integer", "A number" } } }

local function line(id)
  return '{"jsonrpc":"2.0","id":' .. id .. ',"method":"tools/call","params":{"name":"probe","arguments":{"n":"1"},"_meta":{'
    .. '"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"progressToken":1}}}'
end

describe("mcp.server, out of memory", function()
  it("answers each call, with its result or an error, and keeps none open", function()
    local write = log.write
    local _ <close> = setmetatable({}, { __close = function() log.write = write end })
    log.write = function() end
    local tool = kit.tool { input = { { "n", "integer", "A number" } }, run = function(input)
      return { text = "n is " .. input.n, data = { n = input.n } }
    end }
    local session, transport = kit.connect { tool }
    local count, last = 0, nil
    function transport:send(text) -- luacheck: no unused args
      count, last = count + 1, text
    end

    local function call(text)
      count = 0
      session:receive(text)
      local left = host.fail_allocations(0, 0)
      assert.equal(1, count)
      assert.equal(0, session:pending())
      if not last:find("memory", 1, true) then assert.matches("n is 1", last, 1, true) end
      return left
    end

    call(line(0)) -- loads what is loaded once
    local text = line(1)
    assert.is_true(memory.sweep(function() return call(text) end) > 30)
  end)

  -- A transport that has no memory for a message of more than 500 bytes.
  local function narrow(declarations)
    local session, transport = kit.connect(declarations)
    local send = transport.send
    function transport:send(text)
      if #text > 500 then error("out of memory for " .. #text .. " bytes of output", 0) end
      send(self, text)
    end
    return session, transport
  end

  local tool = kit.tool { input = { { "n", "integer", "A number" } }, run = function(input) return { text = ("x"):rep(input.n) } end }
  local write = log.write
  before_each(function() log.write = function() end end)
  after_each(function() log.write = write end)

  it("answers with an error where there is no memory to send the answer", function()
    local session, transport = narrow { tool }
    kit.modern(session, 1, "tools/call", { name = "probe", arguments = { n = 1000 } })
    kit.modern(session, 2, "tools/call", { name = "probe", arguments = { n = 1 } })
    assert.equal(2, #transport.sent)
    assert.equal(1, transport.sent[1].id)
    assert.matches("no memory to send the answer", transport.sent[1].error.message)
    assert.equal("x", transport.sent[2].result.content[1].text)
    assert.equal(0, session:pending())
  end)

  it("does the same in a batch", function()
    local late = kit.tool { run = function()
      fiber.sleep(0)
      return { text = ("x"):rep(1000) }
    end }
    local session, transport = narrow { late }
    kit.send(session, { id = "init", method = "initialize", params = { protocolVersion = "2025-03-26" } })
    session:receive('[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"probe"}}]')
    kit.wait_for(function() return session:pending() == 0 end)
    assert.equal(2, #transport.sent)
    assert.equal(1, #transport.sent[2])
    assert.equal(1, transport.sent[2][1].id)
    assert.equal(-32603, transport.sent[2][1].error.code)
  end)

  it("reads a cancellation again that it had no memory for", function()
    local ended = 0
    local session = kit.connect { kit.tool { run = function()
      local _ <close> = setmetatable({}, { __close = function() ended = ended + 1 end })
      fiber.sleep(600)
    end } }
    local receive = getmetatable(session).__index.receive -- as it is: the kit's own needs memory, too
    for after = 0, 30 do
      kit.modern(session, after + 1, "tools/call", { name = "probe", arguments = {} })
      local text = ('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}'):format(after + 1)
      host.fail_allocations(after, 2)
      local ok = pcall(receive, session, text)
      host.fail_allocations(0, 0)
      if not ok then receive(session, text) end -- whoever reads the lines hears of that
      kit.wait_for(function() return ended == after + 1 end)
    end
    assert.equal(0, session:pending())
  end)

  it("answers each request of a call that asks once, and ends the call with the connection", function()
    local session, transport = kit.connect({ kit.tool { run = function(_, ctx)
      local first, second = fiber.spawn(ctx.elicit, ctx, QUESTION), fiber.spawn(ctx.elicit, ctx, QUESTION)
      first.quiet, second.quiet = true, true
      first:join()
      second:join()
      return { text = "done" }
    end } }, { ask_seconds = 5 }) -- where memory ran out in the asking, its timer ends on its own
    local answers, last, id = 0, nil, 0
    function transport:send(text) -- luacheck: no unused args
      if not text:find('"id":' .. id .. ",", 1, true) then return end -- of a call that was broken off
      answers, last = answers + 1, text
    end

    local function request(state)
      id = id + 1
      local text = ('{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"probe",%s"_meta":{'
        .. '"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
        .. '"io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}}}'):format(id,
        state and ('"requestState":"%s","inputResponses":{"question":{"action":"accept","content":{"n":1}}},'):format(state) or "")
      return function(after)
        answers = 0
        local ok, err = pcall(function()
          if after then host.fail_allocations(after, 2) end
          session:receive(text)
        end)
        local left = host.fail_allocations(0, 0)
        if not ok then assert.matches("not enough memory", tostring(err), 1, true) end
        return left, ok
      end
    end

    -- Makes the call with its answers, the `failing`th request of it without memory; gives how much was left.
    local function converse(failing, after)
      local left, state = nil, nil
      for turn = 1, 3 do
        local receive = request(state)
        local rest, taken = receive(turn == failing and after or nil)
        if turn == failing then left = rest end
        if not taken then break end
        kit.wait_for(function() return answers > 0 end) -- a question that there was no memory for is put soon after
        assert.equal(1, answers)
        state = last:match('"requestState":"([^"]+)"')
        if not state then break end
      end
      return left or 2
    end

    converse(0, 0)
    for failing = 1, 3 do
      local after = 0
      repeat
        collectgarbage()
        local left = converse(failing, after)
        after = after + 1
      until left == 2
      assert.is_true(after > 10)
    end
    session:close()
    assert.equal(0, session:pending())
  end)
end)
