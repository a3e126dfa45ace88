local core_clock = require "core.clock"
local late = require "lib.async.late"
local timers = require "spec.support.timers"

describe("lib.async.late", function()
  local monotonic, now = core_clock.monotonic, 100
  before_each(function() core_clock.monotonic = function() return now end end)
  after_each(function() core_clock.monotonic = monotonic end)

  local function start(...)
    local calls = 0
    local deadline = late.after(2.5, function() calls = calls + 1 end, ...)
    return deadline, function() return calls end
  end

  local function pass(seconds)
    return function() now = now + seconds end
  end

  it("is called in time", function()
    local time <close> = timers.take()
    local _, calls = start()
    assert.equal(2500, time:ring(pass(2.55)))
    assert.equal(1, calls())
    assert.error_matches(function() time:ring() end, "no timer runs")
  end)

  it("is called a moment later where it is late, once, however late that is", function()
    local time <close> = timers.take()
    local _, calls = start()
    time:ring(pass(9))
    assert.equal(0, calls())
    assert.equal(100, time:ring(pass(9)))
    assert.equal(1, calls())
    assert.error_matches(function() time:ring() end, "no timer runs")
  end)

  it("is not called once it is cancelled, in its moment neither", function()
    local time <close> = timers.take()
    local early = start()
    early:cancel()
    assert.error_matches(function() time:ring() end, "no timer runs")
    local deadline, calls = start()
    time:ring(pass(9))
    deadline:cancel()
    deadline:cancel()
    assert.error_matches(function() time:ring() end, "no timer runs")
    assert.equal(0, calls())
  end)

  it("is late in real time, at any speed of another clock", function()
    local time <close> = timers.take()
    local after
    local clock = { speed = function() return 10 end, after = function(seconds, fn)
      after = { seconds, fn }
      return { cancel = function() end }
    end }
    local _, calls = start(clock)
    assert.equal(2.5, after[1])
    now = now + 0.3
    after[2]()
    assert.equal(1, calls())
    _, calls = start(clock)
    now = now + 0.4
    after[2]()
    assert.equal(0, calls())
    time:ring()
    assert.equal(1, calls())
  end)
end)
