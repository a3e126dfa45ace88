-- Requests that come while the server's tools are still being made.
local kit = require "spec.support.mcp"
local server = require "lib.mcp.server"

local META = kit.meta()

-- A server whose tools are there when `made` is called.
local function start(options)
  local made
  options = options or {}
  options.version, options.open = "1", function(ready) made = ready end
  options.offers = { prompts = true, resources = true }
  local instance = server.new(options)
  local function connect()
    local transport = kit.transport()
    return { session = kit.attach(instance, transport), transport = transport }
  end
  local bed = connect()
  bed.connect = connect
  function bed.snapshot() return kit.furnish(kit.snapshot { kit.tool { name = "look" } }, {}) end
  function bed.make(...) made(...) end
  function bed.is_asked() return made ~= nil end
  return bed
end

local function ask(bed, id, method, params)
  params = params or {}
  params._meta = META
  kit.send(bed.session, { id = id, method = method, params = params })
end

local function ids(bed)
  local list = {}
  for i, message in ipairs(bed.transport.sent) do list[i] = message.id end
  return list
end

describe("requests before the tools are made", function()
  it("wait, but for those that look for none, and are answered in their order", function()
    local bed = start()
    ask(bed, 1, "server/discover")
    assert.is_false(bed.is_asked())
    ask(bed, 2, "tools/list")
    ask(bed, 3, "tools/call", { name = "look", arguments = {} })
    ask(bed, 4, "prompts/list")
    ask(bed, 5, "server/discover")
    assert.same({ 1, 5 }, ids(bed))
    assert.equal(3, bed.session:pending())
    bed.make(bed.snapshot())
    kit.wait_for(function() return bed.session:pending() == 0 end)
    local seen = ids(bed)
    table.sort(seen)
    assert.same({ 1, 2, 3, 4, 5 }, seen)
    assert.equal(2, bed.transport.sent[3].id)
    ask(bed, 6, "tools/list")
    assert.equal(6, bed.transport.sent[#bed.transport.sent].id)
  end)

  it("get nothing once they are given up, nor when the connection is closed", function()
    local bed = start()
    ask(bed, 1, "tools/list")
    ask(bed, 2, "tools/list")
    kit.send(bed.session, { method = "notifications/cancelled", params = { requestId = 1 } })
    assert.equal(1, bed.session:pending())
    bed.session:close()
    assert.equal(0, bed.session:pending())
    bed.make(bed.snapshot())
    assert.same({}, ids(bed))
  end)

  it("are refused where one of the same id waits, or too many do", function()
    local bed = start { max_calls = 2 }
    ask(bed, 1, "tools/list")
    ask(bed, 1, "tools/list")
    ask(bed, 2, "tools/list")
    ask(bed, 3, "tools/list")
    assert.matches("a request with this id is waiting", bed.transport.sent[1].error.message)
    assert.matches("^Busy: the recipes are being loaded", bed.transport.sent[2].error.message)
    bed.make(bed.snapshot())
    assert.same({ 1, 3, 1, 2 }, ids(bed))
  end)

  it("are counted for each connection, in number and bytes, and refused for none of another's", function()
    local long = ("x"):rep(33 * 1024 * 1024)
    local bed = start { max_calls = 3 }
    local other = bed.connect()
    for id = 1, 4 do ask(bed, id, "tools/list") end
    assert.same({ 4 }, ids(bed))
    for id = 1, 3 do ask(other, id, "tools/call", { name = "look", arguments = {}, other = id < 3 and long or nil }) end
    assert.same({ 2 }, ids(other))
    assert.matches("^Busy: the recipes are being loaded", other.transport.sent[1].error.message)
    bed.make(bed.snapshot())
    kit.wait_for(function() return bed.session:pending() + other.session:pending() == 0 end)
    assert.same({ 4, 1, 2, 3 }, ids(bed))
    assert.same({ 2, 1, 3 }, ids(other))
  end)

  it("count until the tools are there, also where they were given up", function()
    local bed = start { max_calls = 2 }
    for id = 1, 2 do
      ask(bed, id, "tools/list")
      kit.send(bed.session, { method = "notifications/cancelled", params = { requestId = id } })
    end
    ask(bed, 3, "tools/list")
    assert.same({ 3 }, ids(bed))
    assert.matches("^Busy", bed.transport.sent[1].error.message)
    bed.make(bed.snapshot())
    ask(bed, 3, "tools/list")
    assert.same({ 3, 3 }, ids(bed))
  end)

  it("get an error where they cannot be made, and the next one tries again", function()
    local bed = start()
    ask(bed, 1, "tools/list")
    bed.make(nil, "no disk")
    assert.matches("no disk", bed.transport.sent[1].error.message)
    ask(bed, 2, "tools/list")
    bed.make(bed.snapshot())
    assert.equal("look", bed.transport.sent[2].result.tools[1].name)
  end)

  it("go on to their answers when the client leaves meanwhile", function()
    local bed = start()
    ask(bed, 1, "tools/call", { name = "look", arguments = {} })
    bed.session:drain()
    assert.equal(1, bed.session:pending())
    bed.make(bed.snapshot())
    kit.wait_for(function() return bed.session:pending() == 0 end)
    assert.same({ 1 }, ids(bed))
  end)
end)
