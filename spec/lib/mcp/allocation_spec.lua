local fiber = require "lib.fiber"
local host = require "core.host"
local kit = require "spec.support.mcp"
local log = require "core.log"
local memory = require "spec.support.memory"

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
end)
