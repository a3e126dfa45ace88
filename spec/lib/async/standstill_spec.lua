local core_clock = require "core.clock"
local loop = require "core.loop"
local standstill = require "lib.async.standstill"
local timers = require "spec.support.timers"

describe("lib.async.standstill", function()
  it("tells how long the loop stood still, and nothing while it turns", function()
    local now, monotonic = 100, core_clock.monotonic
    local _ <close> = setmetatable({}, { __close = function() core_clock.monotonic = monotonic end })
    core_clock.monotonic = function() return now end
    local time <close> = timers.take()
    local told = {}
    local watch <close> = standstill.watch(function(seconds) told[#told + 1] = seconds end)
    local function turn_after(late)
      local ms = time:ring(function(due) now = now + due / 1000 + late end)
      assert.equal(250, ms)
    end
    for _ = 1, 3 do turn_after(0.25) end
    turn_after(0.75)
    assert.same({}, told)
    turn_after(1.5)
    assert.same({ 1.5 }, told)
    turn_after(0)
    turn_after(1)
    assert.same({ 1.5, 1 }, told)
    watch:cancel()
    assert.error_matches(function() time:ring() end, "no timer runs")
  end)

  it("sees it on the real clock", function()
    local told
    local _ <close> = standstill.watch(function(seconds) told = seconds end)
    os.execute "sleep 1.3" -- nothing turns meanwhile
    while not told do loop.step(true) end
    assert.is_true(told >= 1, told)
  end)
end)
