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
