-- The ids of what costs money are told when it is submitted: in the first progress, in the log, on standard error.
local child = require "spec.support.child"
local clock = require "lib.async.clock"
local folder = require "spec.support.folder"
local json = require "core.json"
local simulator = require "lib.sim.server"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

local SUBMITTER = [[
local rc = require "rc"
local id = "a1b2c3d4-0000-4000-8000-000000000001"
local ways = {
  submit = function() rc.submit { deployment_id = id } end,
  wait = function() rc.submit({ deployment_id = id }):wait() end,
  tool = function() rc.tools.submit_request { deployment_id = id } end,
  waiting_tool = function() rc.tools.submit_request { deployment_id = id, wait_for_completion = true } end,
  map = function() rc.map({ 1, 2, 3 }, function() rc.submit { deployment_id = id } end) end,
  busy = function(ctx)
    ctx:progress(0.1, 1, "begun")
    rc.submit { deployment_id = id }
    for i = 2, 9 do ctx:progress(i / 10, 1, "step " .. i) end
  end,
}
return {
  rc.tool { name = "submitter", description = "Submits.", input = { { "way", "string", "How" } }, uses = { "submit_request" },
    run = function(input, ctx) ways[input.way](ctx) return { ok = true } end },
  rc.tool { name = "outer", description = "Lets it submit.", input = { { "way", "string", "How" } }, uses = { "submitter" },
    run = function(input) return rc.tools.submitter { way = input.way } end },
}
]]

describe("the ids of a submit", function()
  local files, sim

  before_each(function()
    files = folder.new()
    files:write("recipes/submitter.lua", SUBMITTER)
    sim = assert(simulator.start { cold_start = 1 })
    clock.set_speed(1000) -- of the simulator, which runs in this process
  end)

  after_each(function()
    clock.set_speed(1)
    sim:stop()
    files:remove()
  end)

  local function env()
    return { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. sim.base_url }
  end

  local function rcmcp(...)
    return child.rcmcp({ ... }, { env = env() })
  end

  local function submitted()
    return #sim:requests { method = "POST", path = "/inference" }
  end

  -- The ids that a text names as submitted.
  local function named(text)
    local ids = {}
    for id, deployment in text:gmatch "request (%x+%-[%x-]+) of deployment ([%x-]+)" do
      assert.equal(ID, deployment)
      ids[#ids + 1] = id
    end
    return ids
  end

  local function progress_of(tool, arguments)
    local server <close> = rcmcp("serve", "--recipes", files.path .. "/recipes", "--log-level", "info")
    server:write('{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
      .. '"clientInfo":{"name":"spec","version":"1"}}}\n')
    server:line()
    server:write(json.encode { jsonrpc = "2.0", id = 1, method = "tools/call",
      params = { name = tool, arguments = arguments, _meta = { progressToken = "t" } } } .. "\n")
    local messages = {}
    while true do
      local message = json.decode(server:line())
      if message.id == 1 then break end
      messages[#messages + 1] = message.params.message or ""
    end
    for _, id in ipairs(named(table.concat(messages, "\n"))) do -- a line of the log each
      server:wait_until(function() return server.err:find("info: submit .*request_id " .. id:gsub("%-", "%%-")) ~= nil end)
    end
    return messages
  end

  for _, tool in ipairs { "submitter", "outer" } do
    for _, way in ipairs { "submit", "wait", "tool", "waiting_tool", "map", "busy" } do
      it(("stand in the progress that comes first after it (%s, %s)"):format(tool, way), function()
        local messages = progress_of(tool, { way = way })
        local first = messages[1] == "begun" and messages[2] or messages[1]
        assert.equal(way == "map" and 3 or 1, submitted())
        assert.is_true(#named(first) > 0, table.concat(messages, "\n"))
        assert.equal(submitted(), #named(table.concat(messages, "\n"))) -- each once
      end)
    end
  end

  it("stand in the first progress of a tool that waits, and in the answer of one that does not", function()
    assert.equal(1, #named(progress_of("submit_request", { deployment_id = ID, wait_for_completion = true })[1]))
    assert.same({}, progress_of("submit_request", { deployment_id = ID }))
  end)

  it("are on standard error at once, though it is no terminal", function()
    for _, arguments in ipairs {
      { "call", "submit_request", "deployment_id=" .. ID, "wait_for_completion=true" },
      { "call", "submit_request", "deployment_id=" .. ID },
      { "call", "submit_request", "deployment_id=" .. ID, "--json" },
      { "run", files.path .. "/recipes/submitter.lua", "--tool", "submitter", "way=wait" },
      { "run", files.path .. "/recipes/submitter.lua", "--tool", "submitter", "way=map" },
      { "run", files.path .. "/recipes/submitter.lua", "--tool", "outer", "way=waiting_tool" },
    } do
      local before = submitted()
      local c <close> = rcmcp(table.unpack(arguments))
      assert.equal(0, (c:wait()), c.err)
      assert.equal(submitted() - before, select(2, c.err:gsub("submitted request ", "")), c.err)
      assert.is_true(submitted() > before)
      assert.is_table(json.decode(c.out))
    end
  end)

  it("are there before the job ends, whatever becomes of the program", function()
    clock.set_speed(1)
    local c <close> = rcmcp("call", "submit_request", "deployment_id=" .. ID, "wait_for_completion=true")
    c:wait_until(function() return #named(c.err) == 1 end)
    c.handle:kill "KILL"
    c:wait_until(function() return c.signal ~= nil and c.signal ~= 0 end)
    assert.matches("rcmcp call: submitted request ", c.err, 1, true)
  end)

  it("are said by --quiet where the output cannot be written, or has no reader", function()
    for _, arguments in ipairs {
      { "call", "submit_request", "deployment_id=" .. ID, "-q" },
      { "run", files.path .. "/recipes/submitter.lua", "--tool", "submitter", "way=submit", "-q" },
    } do
      local full <close> = child.spawn("sh", { "-c", 'exec "$0" "$@" >/dev/full', child.program, table.unpack(arguments) }, { env = env() })
      assert.equal(74, (full:wait()))
      assert.equal(1, #named(full.err), full.err)
      local gone <close> = rcmcp(table.unpack(arguments))
      gone.handle:close_stdout() -- the submit is answered by this process, later
      gone:wait_until(function() return gone.status ~= nil and gone.open == 1 end)
      assert.equal(1, #named(gone.err), gone.err)
    end
  end)

  it("are not said by --quiet, nor by a dry run, which submits nothing", function()
    local quiet <close> = rcmcp("call", "submit_request", "deployment_id=" .. ID, "-q")
    assert.equal(0, (quiet:wait()))
    assert.equal("", quiet.err)
    local dry <close> = rcmcp("run", files.path .. "/recipes/submitter.lua", "--tool", "submitter", "way=submit", "--dry-run")
    dry:wait()
    assert.is_nil(dry.err:find("submitted request", 1, true))
  end)
end)
