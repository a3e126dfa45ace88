local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local loop = require "core.loop"
local meter = require "lib.async.meter"

local function finish(task)
  while task.status ~= "done" do loop.step(true) end
  return task:join()
end

describe("lib.async.meter", function()
  it("counts steps, and raises its limit", function()
    local work = meter.new { steps = 10000 }
    local ok, err = pcall(function()
      for _ = 1, 100000 do work:step() end
    end)
    assert.is_false(ok)
    assert.is_true(meter.is_limit(err))
    assert.is_true(work:count() > 10000 and work:count() <= 14000)
    work = meter.new()
    for _ = 1, 2500 do work:step(3) end
    assert.equal(7500, work:count())
  end)

  it("ends what takes more than its processor time", function()
    local function check(_, work)
      while true do work:step() end
    end
    local result, problem = meter.within(0.02, check, nil)
    assert.is_nil(result)
    assert.equal("cannot be checked: it takes too long", problem)
  end)

  it("hands on what a check gives, and what else it raises", function()
    assert.same({ 1, 2 }, { meter.within(1, function(value) return value, 2 end, 1) })
    local ok, err = pcall(meter.within, 1, function() error("broken", 0) end)
    assert.is_false(ok)
    assert.equal("broken", err)
  end)

  it("lets others run in between, in a fiber", function()
    local work, turns, over = meter.new(), 0, false
    local task = fiber.spawn(function()
      local stop = os.clock() + 0.1
      while os.clock() < stop do work:step(100) end
      over = true
    end)
    while not over do
      loop.step(true)
      turns = turns + 1
    end
    finish(task)
    assert.is_true(turns >= 3)
  end)

  it("raises the cancellation of its fiber", function()
    local work = meter.new { seconds = 60 }
    local task = fiber.spawn(function()
      return meter.within(60, function()
        while true do work:step(100) end
      end)
    end)
    assert.equal("waiting", task.status)
    task:cancel()
    local _, err
    fiber.spawn(function() _, err = task:join() end)
    assert.equal("done", task.status)
    assert.is_true(fiber.is_cancelled(err))
  end)

  it("lets no virtual time pass while it works", function()
    local time <close> = clock.virtual()
    local begun, fired = time.time, false
    local _ <close> = clock.after(60, function() fired = true end)
    time:run(function()
      local work, stop = meter.new(), os.clock() + 0.05
      while os.clock() < stop do work:step() end
      work:pause()
    end)
    assert.is_false(fired)
    assert.equal(begun, time.time)
  end)
end)
