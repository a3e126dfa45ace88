-- Memory that runs out at any point of a recipe's call, which submits, waits, asks, downloads and runs things beside each other:
-- the call is answered once, and nothing of it goes on for ever.  The simulator is a process of its own, for it allocates, too.
local api = require "lib.runcomfy.api"
local catalog = require "lib.recipes.catalog"
local child = require "spec.support.child"
local clock = require "lib.clock"
local fiber = require "lib.fiber"
local folder = require "spec.support.folder"
local host = require "core.host"
local json = require "core.json"
local kept_log = require "spec.support.log"
local loop = require "core.loop"
local registry = require "lib.mcp.registry"
local server = require "lib.mcp.server"
local timer = require "core.timer"

local IN_A_ROW = 2 -- Lua collects and tries again after one
local EVERY = 23   -- one in so many allocations fails

local RECIPE = [[
local rc = require "rc"
return rc.tool {
  name = "sweep", description = "Does everything.",
  uses = { "submit_request", "get_request_status", "get_request_result", "list_deployments" },
  run = function(_, ctx)
    rc.finally(function() rc.tools.list_deployments {} end)
    ctx:progress(1, 3, "one")
    if not ctx:confirm "Go on?" then rc.fail "no" end
    local job = rc.submit {
      deployment_id = "a1b2c3d4-0000-4000-8000-000000000001", overrides = { ["3"] = { inputs = { seed = rc.random(1000000) } } },
    }
    local done = job:wait { timeout = 60 }
    local sizes = rc.map(done.output_urls, function(output) return rc.download(output.url).size end)
    local seen = rc.map({ 1, 2, 3 }, function() return rc.tools.list_deployments {} ~= nil end, { concurrency = 2 })
    return { sizes = sizes, seen = #seen }
  end,
}
]]

describe("memory that runs out in a recipe's call", function()
  local simulator, recipes, saved, sources, session, transport

  local function start_simulator()
    simulator = child.rcmcp { "simulate", "--port", "0", "--speed", "1000" }
    simulator:wait_until(function() return (simulator.out .. simulator.err):find "http://127.0.0.1:%d+" ~= nil end)
    assert(api.configure { key = "key-0123456789", base_url = (simulator.out .. simulator.err):match "http://127.0.0.1:%d+" })
  end

  local function load_recipe()
    local tools = registry.new()
    for _, module in ipairs(host.modules "tools.") do assert(tools:add(require(module))) end
    sources, saved = folder.new(), folder.new()
    sources:write("sweep.lua", RECIPE)
    recipes = catalog.new {
      folders = { { path = sources.path, label = "specs" } }, registry_tools = tools:snapshot().list,
      settings = { output_folder = saved.path }, lenient = true, quiet = true,
    }
    recipes:scan()
    return assert(recipes:find "sweep")
  end

  local function send(message)
    session:receive(json.encode(message))
  end

  local function connect(tool)
    transport = { is_closed = function() return false end, answers = 0, question = nil, last = nil }
    function transport:send(text)
      if text:find('"method":"elicitation/create"', 1, true) then self.question = text:match '"id":("[^"]*")' return end
      if text:find('"method":', 1, true) then return end
      self.answers, self.last = self.answers + 1, text
    end
    session = server.new({ snapshot = registry.snapshot_of { tool }, version = "1", ask_seconds = 0.5 }):connect(transport)
    send { jsonrpc = "2.0", id = "init", method = "initialize", params = {
      protocolVersion = "2025-06-18", capabilities = { elicitation = json.decode "{}" }, clientInfo = { name = "spec", version = "1" },
    } }
  end

  setup(function()
    start_simulator()
    clock.set_speed(50)
    connect(load_recipe())
  end)

  teardown(function()
    clock.set_speed(1)
    api.configure {}
    recipes:close()
    simulator:close()
    sources:remove()
    saved:remove()
  end)

  local function answer_question()
    local id = transport.question
    if not id then return end
    transport.question = nil
    session:receive('{"jsonrpc":"2.0","id":' .. id .. ',"result":{"action":"accept","content":{"confirm":true}}}')
  end

  -- As the reader of standard input does where memory runs out for a line: it is told again, without the line.
  local function receive(text)
    local ok = pcall(session.receive, session, text)
    if not ok then timer.after(0, function() session:refuse("no memory for a line", json.envelope(text)) end) end
  end

  local last = 0

  -- Makes a call in which one allocation fails, the one after `after`; gives whether it failed.
  local function call(after)
    last = last + 1
    transport.answers, transport.question = 0, nil
    local expired = false
    local guard <close> = timer.after(30000, function() expired = true end)
    local text = '{"jsonrpc":"2.0","id":' .. last .. ',"method":"tools/call","params":{"name":"sweep","arguments":{},"_meta":'
      .. '{"progressToken":1}}}'
    collectgarbage()
    host.fail_allocations(after, IN_A_ROW)
    receive(text)
    while not expired and (transport.answers == 0 or fiber.count() > 0) do
      pcall(answer_question)
      loop.step(true)
    end
    local left = host.fail_allocations(0, 0)
    guard:cancel()
    assert.is_false(expired, ("allocation %d: %d answers, %d fibers left"):format(after, transport.answers, fiber.count()))
    assert.equal(1, transport.answers, ("allocation %d"):format(after))
    assert.equal(0, session:pending(), ("allocation %d"):format(after))
    assert.equal(tostring(last), transport.last:match '"id":(%d+)', ("allocation %d"):format(after))
    return left < IN_A_ROW
  end

  it("is answered once, and leaves nothing that goes on", function()
    local failures, missed, after = 0, 0, 0
    kept_log.lines_of(function()
      call(1000000) -- all is loaded from here on
      assert.matches('"isError":false', transport.last, 1, true)
      while missed < 5 do -- how many allocations a call makes depends on how often it polls
        local failed = call(after)
        failures, missed, after = failures + (failed and 1 or 0), failed and 0 or missed + 1, after + EVERY
      end
      call(1000000)
      assert.matches('"isError":false', transport.last, 1, true)
    end)
    assert.is_true(failures > 60, ("only %d allocations failed"):format(failures))
  end)
end)
