local child = require "spec.support.child"
local folder = require "spec.support.folder"

-- A program that says "ready", then what its signals do; it ends at TERM.
local SCRIPT = [[
  local loop, signal = require "core.loop", require "core.signal"
  local stay = require("core.timer").after(60000, function() end)
  io.stdout:setvbuf "no"
  local first = signal.on("HUP", function() print "first hup" end)
  signal.on("HUP", function()
    print "second hup"
    first:cancel()
  end)
  signal.on("INT", function() print "int" end)
  signal.on("TERM", function()
    print "term"
    loop.stop()
  end)
  print("ready", signal.is_ignored "HUP", signal.is_ignored "INT")
  loop.run()
  stay:cancel()
]]

describe("core.signal", function()
  local place
  before_each(function()
    place = folder.new()
    place:write("script.lua", SCRIPT)
  end)
  after_each(function() place:remove() end)

  local function start(prefix)
    local command = (prefix or "") .. 'exec "$0" lua ' .. place.path .. "/script.lua"
    return child.spawn("sh", { "-c", command, child.program })
  end

  it("calls every watch of a signal, in the order in which they began, until it is cancelled", function()
    local c <close> = start()
    assert.equal("ready\tfalse\tfalse", c:line())
    c.handle:kill "HUP"
    assert.same({ "first hup", "second hup" }, { c:line(), c:line() })
    c.handle:kill "HUP"
    assert.equal("second hup", c:line())
    c.handle:kill "INT"
    assert.equal("int", c:line())
    c.handle:kill "TERM"
    assert.equal("term", c:line())
    assert.equal(0, (c:wait()))
  end)

  it("tells what the program was started to ignore", function()
    local c <close> = start "trap '' HUP; "
    assert.equal("ready\ttrue\tfalse", c:line())
    c.handle:kill "TERM"
    c:wait()
  end)

  it("keeps no loop alive", function()
    place:write("script.lua", [[
      local loop, signal = require "core.loop", require "core.signal"
      signal.on("HUP", print)
      loop.run()
      print "over"
    ]])
    local status, out = child.run { "lua", place.path .. "/script.lua" }
    assert.equal(0, status)
    assert.equal("over\n", out)
  end)

  it("refuses names that it does not know, and what is no function", function()
    local signal = require "core.signal"
    assert.error_matches(function() signal.on("KILL", print) end, "invalid option 'KILL'", 1, true)
    assert.error_matches(function() signal.on("HUP") end, "function expected", 1, true)
    assert.error_matches(function() signal.is_ignored "USR1" end, "invalid option 'USR1'", 1, true)
  end)
end)
