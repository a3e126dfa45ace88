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
  local transport = kit.transport()
  local session = kit.attach(server.new(options), transport)
  local function snapshot()
    return kit.furnish(kit.snapshot { kit.tool { name = "look" } }, {})
  end
  return { session = session, transport = transport, snapshot = snapshot, make = function(...) made(...) end, is_asked = function()
    return made ~= nil
  end }
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
    bed.session:leave()
    assert.equal(1, bed.session:pending())
    bed.make(bed.snapshot())
    kit.wait_for(function() return bed.session:pending() == 0 end)
    assert.same({ 1 }, ids(bed))
  end)
end)
