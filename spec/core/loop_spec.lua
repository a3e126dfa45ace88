local loop = require "core.loop"
local process = require "core.process"
local scratch = require "spec.support.scratch"
local timer = require "core.timer"
local watch = require "core.watch"

describe("core.loop", function()
  it("runs until nothing is left to wait for", function()
    local calls = 0
    timer.after(0, function()
      calls = calls + 1
      timer.after(1, function() calls = calls + 1 end)
    end)
    loop.run()
    assert.equal(2, calls)
    loop.run()
    assert.equal(2, calls)
  end)

  it("stops after the turn in which it is told to", function()
    local _ <close> = timer.after(60000, function() end)
    timer.after(0, loop.stop)
    loop.run()
    assert.is_true(loop.step(false), "something was left to wait for")
  end)

  it("does not wait in a step that need not, and says whether anything is left", function()
    local handle = timer.after(60000, function() end)
    assert.is_true(loop.step(false))
    handle:cancel()
    loop.run()
    assert.is_false(loop.step(false))
    assert.is_false(loop.step(true), "there is nothing that could end a wait")
  end)

  it("runs for nobody inside a callback, which has in hand what would be freed", function()
    local refused = {}
    timer.after(0, function()
      for i, fn in ipairs { loop.run, loop.step, function() loop.step(true) end } do
        refused[i] = select(2, pcall(fn)):match("the loop runs already") or "nothing was raised"
      end
    end)
    loop.run()
    assert.same({ "the loop runs already", "the loop runs already", "the loop runs already" }, refused)
    assert.is_false(loop.step(false), "it runs again behind them")
  end)

  it("steps once over all that is due, and not over what that begins", function()
    local calls = {}
    timer.next_turn(function()
      calls[#calls + 1] = "first"
      timer.next_turn(function() calls[#calls + 1] = "behind" end)
    end)
    while #calls == 0 do loop.step(true) end
    assert.same({ "first" }, calls)
    loop.run()
    assert.same({ "first", "behind" }, calls)
  end)

  describe("handles", function()
    it("counts what keeps the loop alive, by kind", function()
      assert.same({}, loop.handles())
      local one <close> = timer.after(60000, function() end) -- luacheck: no unused
      local two = timer.after(60000, function() end)
      local turn = timer.next_turn(function() end)
      assert.same({ timer = 2, idle = 1 }, loop.handles())
      two:cancel()
      turn:cancel()
      assert.same({ timer = 2, idle = 1 }, loop.handles(), "they close in the next turn")
      loop.step(false)
      assert.same({ timer = 1 }, loop.handles())
    end)

    it("leaves out what keeps no loop alive, until it closes", function()
      local place <close> = scratch.new()
      local handle = assert(watch.folder(place.path, function() end))
      assert.same({}, loop.handles())
      handle:cancel()
      assert.same({ fs_event = 1 }, loop.handles())
      loop.run()
      assert.same({}, loop.handles())
    end)

    it("counts a child until it has ended and been read", function()
      local ended = false
      local child <close> = assert(process.spawn { file = "cat", args = {}, on_exit = function() ended = true end })
      assert.equal(1, loop.handles().process)
      assert.is_true(loop.handles().pipe > 0)
      child:close_stdin()
      while not ended do loop.step(true) end
      child:cancel()
      loop.run()
      assert.same({}, loop.handles())
    end)
  end)
end)
