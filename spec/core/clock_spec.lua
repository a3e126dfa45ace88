local child = require "spec.support.child"
local clock = require "core.clock"
local folder = require "spec.support.folder"
local loop = require "core.loop"
local timer = require "core.timer"

-- What another process reads.
local function elsewhere(name)
  local place <close> = folder.new()
  place:write("read.lua", ("io.write(('%%.9f'):format(require('core.clock').%s()))"):format(name))
  local status, out, err = child.run { "lua", place.path .. "/read.lua" }
  assert.equal(0, status, err)
  return assert(tonumber(out), out)
end

describe("core.clock", function()
  it("has a clock that never goes back, finer than a millisecond", function()
    local last, steps = clock.monotonic(), {}
    for _ = 1, 100000 do
      local now = clock.monotonic()
      assert.is_true(now >= last)
      if now > last then steps[#steps + 1] = now - last end
      last = now
    end
    assert.is_true(#steps > 0)
    assert.is_true(math.min(table.unpack(steps, 1, math.min(#steps, 200))) < 0.001)
    assert.equal("float", math.type(last))
  end)

  it("counts seconds: no less than a timer has waited", function()
    loop.step(false) -- its own clock is that of its latest turn, in whole milliseconds
    local began, ended = clock.monotonic(), nil
    timer.after(50, function() ended = clock.monotonic() end)
    loop.run()
    assert.is_true(ended - began >= 0.045)
  end)

  it("tells the same moments to every process", function()
    local before = clock.monotonic()
    local there = elsewhere "monotonic"
    local after = clock.monotonic()
    assert.is_true(before < there and there < after)
    before = clock.wall()
    there = elsewhere "wall"
    assert.is_true(before <= there + 1 and there <= clock.wall() + 1) -- that one may be set meanwhile, by a little
  end)

  it("tells the time of day in seconds of Unix, with what is between them", function()
    for _ = 1, 100 do
      local before, now, after = os.time(), clock.wall(), os.time()
      assert.is_true(now >= before and now < after + 1)
      if now % 1 ~= 0 then return end
    end
    error "whole seconds only"
  end)

  it("takes the two for different things", function()
    local monotonic, wall = clock.monotonic(), clock.wall()
    assert.is_true(wall > 1600000000)
    assert.is_true(math.abs(wall - monotonic) > 1)
  end)
end)
