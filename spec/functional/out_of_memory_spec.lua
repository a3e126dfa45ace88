-- Memory that runs out at any point of a call that submits: the request is paid for, and its ids must survive in what can still
-- be said.  The simulator is a process of its own, for it allocates, too.
local bed = require "spec.support.runcomfy"
local child = require "spec.support.child"
local client = require "spec.support.client"
local host = require "core.host"
local json = require "core.json"
local kept_log = require "spec.support.log"
local kit = require "spec.support.mcp"
local loop = require "core.loop"
local timer = require "core.timer"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

local calls = {
  ["a submit"] = { deployment_id = ID },
  ["a submit and one look"] = { deployment_id = ID, wait_for_completion = true, timeout_seconds = 0 },
}

describe("memory that runs out", function()
  local simulator, url, use

  before_each(function()
    simulator = child.rcmcp { "simulate", "--port", "0" }
    simulator:wait_until(function() return (simulator.out .. simulator.err):find "http://127.0.0.1:%d+" ~= nil end)
    url = (simulator.out .. simulator.err):match "http://127.0.0.1:%d+"
    use = bed.use { base_url = url }
  end)

  after_each(function()
    use:close()
    simulator:close()
  end)

  local function connect()
    local transport = { is_closed = function() return false end, last = false }
    function transport:send(text) self.last = text end
    return (kit.connect { (require "tools.submit_request") }), transport
  end

  local function received()
    return json.decode(client.get(url .. "/_sim/state").body).received
  end

  local last = 0

  -- Makes a call in which one allocation fails, the one after `after`; gives the answer, or false where the request itself could
  -- not be read, and whether memory ran out at all.
  local function call(session, transport, arguments, after)
    last, transport.last = last + 1, false
    local expired, taken = false, false
    local guard <close> = timer.after(20000, function() expired = true end)
    local request = json.encode {
      jsonrpc = "2.0", id = last, method = "tools/call",
      params = { name = "submit_request", arguments = arguments, _meta = kit.meta() },
    }
    local function wait()
      while not transport.last and not expired do loop.step(true) end
    end
    local function try()
      host.fail_allocations(after, 2) -- Lua collects and tries again after one
      session:receive(request, transport)
      taken = true
      wait()
    end
    collectgarbage()
    pcall(try)
    local left = host.fail_allocations(0, 0)
    if taken then wait() end
    assert.is_false(expired, "no answer")
    guard:cancel()
    return transport.last, left < 2
  end

  for name, arguments in pairs(calls) do
    it("leaves no submit unnamed: " .. name, function()
      local session, transport = connect()
      local after, sent, unknown, ran_out = 0, 0, 0, true
      kept_log.lines_of(function()
        call(session, transport, arguments, 1000000) -- all is loaded from here on
        while ran_out do
          local before = received()
          local answer, failed = call(session, transport, arguments, after)
          ran_out, after = failed, after + 1
          if received() > before then
            local named = answer:find("request_id", 1, true) or answer:find "request %x+%-"
            local is_unknown = answer:find("is unknown, and it was not sent again", 1, true)
            assert.is_truthy(named or is_unknown, answer)
            sent, unknown = sent + 1, unknown + (named and 0 or 1)
          end
        end
      end)
      assert.is_true(sent > 20, ("only %d of %d were sent"):format(sent, after))
      assert.is_true(unknown < sent / 2, ("%d of %d are told as unknown"):format(unknown, sent))
    end)
  end
end)
