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
end)
