local clock = require "lib.async.clock"
local core_clock = require "core.clock"
local fiber = require "lib.async.fiber"
local http = require "core.http"
local httpd = require "core.httpd"
local loop = require "core.loop"
local timer = require "core.timer"

describe("lib.async.clock by hand", function()
  it("stands still, and fires timers in the order of their moments when it is moved", function()
    local time <close> = clock.virtual()
    local start, fired = clock.now(), {}
    for _, seconds in ipairs { 30, 10, 20, 10 } do
      clock.after(seconds, function() fired[#fired + 1] = ("%d at %d"):format(seconds, clock.now() - start) end)
    end
    time:advance(9.5)
    assert.same({}, fired)
    time:advance(15)
    assert.same({ "10 at 10", "10 at 10", "20 at 20" }, fired)
    assert.equal(24.5, clock.now() - start)
  end)

  it("keeps thousands of timers in order, those of one moment as they were started", function()
    local time <close> = clock.virtual()
    local fired, expected = {}, {}
    for i = 1, 5000 do
      local moment = i * 7919 % 500
      clock.after(moment, function() fired[#fired + 1] = moment * 10000 + i end)
      expected[i] = moment * 10000 + i
    end
    table.sort(expected)
    time:advance(500)
    assert.same(expected, fired)
  end)

  it("never calls back after cancel", function()
    local time <close> = clock.virtual()
    local handle = clock.after(1, function() error("called after cancel") end)
    handle:cancel()
    time:advance(2)
  end)

  it("jumps over waits, so that hours take no time", function()
    local time <close> = clock.virtual()
    local start = clock.now()
    local result = time:run(function(name)
      for _ = 1, 100 do clock.sleep(36) end
      return name .. " is done"
    end, "it")
    assert.equal("it is done", result)
    assert.equal(3600, clock.now() - start)
  end)

  -- Sums of floats are inexact, and differently so by where they start: 3599.9999999999995.
  it("is the same at each run, whatever the moment in which it is taken", function()
    clock.set_speed(1000.1)
    for _ = 1, 20 do
      local time <close> = clock.virtual()
      local start = clock.now()
      assert.equal(start // 1, start)
      time:advance(0.5)
      for _ = 1, 10 do time:advance(36.25) end
      assert.equal(363, clock.now() - start)
      time:close()
      for _ = 1, 100 do clock.now() end
    end
    clock.set_speed(1)
  end)

  it("raises what the fiber raises", function()
    local time <close> = clock.virtual()
    assert.error_matches(function() time:run(function() error("on purpose", 0) end) end, "on purpose")
  end)

  it("says so when nothing is left that could end a wait", function()
    local time <close> = clock.virtual()
    assert.error_matches(function() time:run_until(function() return false end) end, "nothing left")
  end)

  it("says so when the wait is longer than its limit, whatever keeps the loop alive", function()
    local time <close> = clock.virtual()
    local _ <close> = assert(httpd.listen({}, function() end))
    local _ <close> = clock.after(11, function() end)
    assert.error_matches(function() time:run_until(function() return false end, 10) end, "longer than its limit")
  end)

  it("lets a transfer finish before it moves, unless the answer itself waits for the clock", function()
    local time <close> = clock.virtual()
    local server <close> = assert(httpd.listen({}, function(request)
      clock.after(60, function() request:respond(200, nil, "a minute later") end)
    end))
    local start = clock.now()
    local body = time:run(function()
      local response = fiber.await(http.start, { method = "GET", url = ("http://127.0.0.1:%d/"):format(server.port) })
      return response.body
    end)
    assert.equal("a minute later", body)
    assert.equal(60, clock.now() - start)
  end)

  it("gives the clock back where it stands", function()
    local before
    do
      local time <close> = clock.virtual()
      time:advance(1000)
      before = clock.now()
    end
    assert.is_true(clock.now() >= before)
    assert.is_true(clock.now() < before + 900)
  end)
end)

describe("a clock that is held", function()
  it("stands still until nobody holds it", function()
    local time <close> = clock.virtual()
    assert.is_true(clock.is_virtual())
    local hold, other, fired = clock.hold(), clock.hold(), false
    clock.after(10, function() fired = true end)
    local before = clock.now()
    timer.after(5, function()
      assert.is_false(fired)
      assert.equal(before, clock.now())
      hold:close()
      hold:close()
      timer.after(5, function()
        assert.is_false(fired)
        other:close()
      end)
    end)
    time:run_until(function() return fired end)
    assert.equal(before + 10, clock.now())
  end)

  it("is not, where it is not driven by hand", function()
    assert.is_false(clock.is_virtual())
    local hold <close> = clock.hold()
    local fired = false
    clock.after(0, function() fired = true end)
    loop.run()
    assert.is_true(fired)
    assert.is_table(hold)
  end)
end)

describe("lib.async.clock", function()
  it("knows nothing of the wall clock but where it stood at the start: whoever sets that moves no time-out", function()
    local wall, time = core_clock.wall, os.time
    local _ <close> = setmetatable({}, { __close = function() core_clock.wall = wall rawset(os, "time", time) end })
    local shown, started, fired = clock.wall(), clock.now(), {}
    for _, day in ipairs { -86400, 0, 86400 } do
      core_clock.wall = function() return wall() + day end
      rawset(os, "time", function(...) return time(...) + day end)
      clock.after(0.01, function() fired[#fired + 1] = day end)
      loop.run()
      assert.is_true(math.abs(clock.wall() - shown - (clock.now() - started)) < 1)
    end
    assert.same({ -86400, 0, 86400 }, fired)
    assert.is_true(clock.now() - started < 3600)
  end)

  it("runs as fast as it is told", function()
    clock.set_speed(100000)
    local start, fired = clock.now(), nil
    clock.after(1000, function() fired = clock.now() - start end)
    loop.run()
    clock.set_speed(1)
    assert.is_true(fired >= 900, "libuv counts milliseconds, which are 100 s here")
  end)

  it("writes moments as ISO 8601", function()
    assert.equal("1970-01-01T00:00:01.250Z", clock.iso(1.25))
    assert.matches("^20%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$", clock.iso())
  end)
end)
