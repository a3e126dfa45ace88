local core_clock = require "core.clock"
local lines = require "lib.recipes.rc.lines"
local log = require "spec.support.log"

describe("lib.recipes.rc.lines", function()
  local now, monotonic = 0, core_clock.monotonic

  before_each(function()
    now = 1000
    core_clock.monotonic = function() return now end
    lines.limit(true)
  end)
  after_each(function()
    core_clock.monotonic = monotonic
    lines.limit(false)
  end)

  it("lets a burst pass, leaves the rest out, and counts it", function()
    local logged = log.lines_of(function()
      for i = 1, 1000 do lines.write("noisy", "warning", tostring(i)) end
      lines.write("quiet", "warning", "heard")
      now = now + 1
      lines.write("noisy", "warning", "again")
    end)
    assert.equal("warning: noisy: 200", logged[200])
    assert.matches("noisy: writes too many lines", logged[201], 1, true)
    assert.equal("warning: quiet: heard", logged[202])
    assert.equal("warning: noisy: 800 lines were left out of the log", logged[203])
    assert.equal("warning: noisy: again", logged[204])
    assert.equal(204, #logged)
  end)

  it("does not count what the level leaves out", function()
    local logged = log.lines_of(function()
      for _ = 1, 1000 do lines.write("noisy", "debug", "x") end
      lines.write("noisy", "warning", "heard")
    end)
    assert.equal("warning: noisy: heard", logged[#logged])
  end)

  it("lets no more of those pass that the level leaves out, and says nothing of it", function()
    local seen = {}
    lines.redirect(function(level, name, text) seen[#seen + 1] = ("%s %s %s"):format(level, name, text) end)
    for i = 1, 1000 do lines.write("noisy", "debug", tostring(i)) end
    now = now + 1
    lines.write("noisy", "debug", "again")
    lines.redirect(nil)
    assert.equal("debug noisy 200", seen[200])
    assert.same({ "debug noisy again" }, { table.unpack(seen, 201) })
  end)

  it("limits nothing outside of a server", function()
    lines.limit(false)
    local logged = log.lines_of(function()
      for i = 1, 1000 do lines.write("script", "info", tostring(i)) end
    end)
    assert.equal(1000, #logged)
  end)
end)
