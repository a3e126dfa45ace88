-- The bindings of the loop when memory runs out at each of their allocations in turn.
local child = require "spec.support.child"
local loop = require "core.loop"
local memory = require "spec.support.memory"
local process = require "core.process"
local signal = require "core.signal"
local timer = require "core.timer"

describe("when memory runs out", function()
  it("core.timer leaves nothing behind", function()
    local fired = 0
    local function fire() fired = fired + 1 end
    assert.is_true(memory.sweep(function() timer.after(0, fire) end) > 0)
    loop.run()
    assert.equal(1, fired)
  end)

  it("core.signal leaves nothing behind", function()
    local watch
    assert.is_true(memory.sweep(function() watch = signal.on("HUP", print) end) > 0)
    watch:cancel()
    loop.run()
  end)

  it("core.process leaves nothing behind", function()
    local started
    assert.is_true(memory.sweep(function()
      started = process.spawn { file = "true", args = { "a", "b" }, env = { "A=1" }, on_exit = print }
    end) > 0)
    started:cancel()
    loop.run()
  end)

  it("a callback that runs out of memory costs itself alone", function()
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write([[
      local host, loop, timer = require "core.host", require "core.loop", require "core.timer"
      local used = host.memory()
      host.set_memory_ceiling(used + 1048576)
      timer.after(0, function() return ("x"):rep(10 * 1048576) end)
      timer.after(1, function() print("still here") end)
      loop.run()
    ]])
    f:close()
    local status, out, err = child.run { "lua", path }
    os.remove(path)
    assert.equal(0, status)
    assert.equal("still here\n", out)
    assert.matches("not enough memory", err, 1, true)
  end)
end)
