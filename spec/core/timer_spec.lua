local loop = require "core.loop"
local timer = require "core.timer"

describe("core.timer", function()
  it("calls back once, in the order of the delays", function()
    local calls = {}
    timer.after(5, function() calls[#calls + 1] = "second" end)
    timer.after(1, function() calls[#calls + 1] = "first" end)
    loop.run()
    assert.same({ "first", "second" }, calls)
  end)

  it("never calls back after cancel, and cancel may be repeated", function()
    local handle = timer.after(0, function() error("called after cancel") end)
    handle:cancel()
    handle:cancel()
    loop.run()
  end)

  it("is a to-be-closed value", function()
    do
      local _ <close> = timer.after(0, function() error("called after close") end)
    end
    loop.run()
  end)

  it("survives being forgotten by the script", function()
    local fired = false
    timer.after(1, function() fired = true end)
    collectgarbage()
    loop.run()
    assert.is_true(fired)
  end)

  it("calls back in the next turn, after what is ready before it", function()
    local calls = {}
    timer.next_turn(function()
      calls[#calls + 1] = "turn"
      timer.next_turn(function() calls[#calls + 1] = "next" end)
      timer.after(0, function() calls[#calls + 1] = "timer" end)
    end)
    local cancelled = timer.next_turn(function() error("called after cancel") end)
    cancelled:cancel()
    loop.run()
    assert.same({ "turn", "timer", "next" }, calls)
  end)

  it("ends the step in which it was due, whatever else the loop would wait for", function()
    local stay <close> = timer.after(3600000, function() end)
    local fired = false
    timer.after(0, function() fired = true end)
    while not fired do loop.step(true) end
    assert.is_true(stay ~= nil)
  end)

  it("lets a turn end, however busy its timers are", function()
    local count, stop = 0, false
    local function work()
      count = count + 1
      local start = os.clock()
      while os.clock() - start < 0.002 do end
      if not stop then timer.after(0, work) end
    end
    timer.after(0, work)
    timer.after(0, work)
    for _ = 1, 5 do loop.step(true) end
    assert.is_true(count < 60, count)
    stop = true
    loop.run()
  end)

  it("refuses misuse", function()
    assert.error_matches(function() timer.after(-1, print) end, "negative delay")
    assert.error_matches(function() timer.after(1) end, "function expected")
  end)

  it("keeps running after a callback that raises", function()
    local fired = false
    timer.after(0, function() error("raised on purpose by the timer spec") end)
    timer.after(1, function() fired = true end)
    loop.run()
    assert.is_true(fired)
  end)
end)
