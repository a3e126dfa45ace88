local agenda = require "lib.sim.agenda"

-- A clock that stands until it is moved; `armed` is the delay of its one timer.
local function still_clock()
  local clock = { time = 100.0 }
  function clock.now() return clock.time end
  function clock.wall() return 1000000 + clock.time end
  function clock.after(delay, fn)
    clock.armed, clock.fn = delay, fn
    return { cancel = function() clock.armed, clock.fn = nil, nil end }
  end
  return clock
end

describe("sim.agenda", function()
  it("runs events in the order of their time, each at its very moment", function()
    local clock = still_clock()
    local plan, seen = agenda.new(clock), {}
    plan:after(30, function() seen[#seen + 1] = "c " .. plan:now() end)
    plan:after(10, function()
      seen[#seen + 1] = "a " .. plan:now() .. " " .. plan:wall()
      plan:after(5, function() seen[#seen + 1] = "b " .. plan:now() end)
    end)
    clock.time = 200.0
    plan:settle()
    assert.same({ "a 110.0 1000110.0", "b 115.0", "c 130.0" }, seen)
    assert.equal(200.0, plan:now())
  end)

  it("keeps the clock armed for the earliest event alone", function()
    local clock = still_clock()
    local plan = agenda.new(clock)
    plan:after(30, print)
    assert.equal(30, clock.armed)
    local first = plan:after(10, error)
    assert.equal(10, clock.armed)
    first:cancel()
    clock.time = 110.0
    clock.fn()
    assert.equal(20, clock.armed)
    plan:close()
    assert.is_nil(clock.armed)
  end)

  it("is moved by hand", function()
    local clock = still_clock()
    local plan, fired = agenda.new(clock), 0
    plan:after(3600, function() fired = fired + 1 end)
    plan:advance(3599)
    assert.equal(0, fired)
    plan:advance(1)
    assert.equal(1, fired)
    assert.equal(3700.0, plan:now())
  end)

  it("goes on after an event that raises", function()
    local clock = still_clock()
    local plan, fired = agenda.new(clock), false
    plan:after(1, function() error("on purpose") end)
    plan:after(2, function() fired = true end)
    clock.time = 105.0
    assert.error_matches(function() plan:settle() end, "on purpose")
    plan:settle()
    assert.is_true(fired)
  end)
end)
