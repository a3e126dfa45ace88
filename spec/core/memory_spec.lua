-- The bindings of the loop when memory runs out at each of their allocations in turn.
local channel = require "core.channel"
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local loop = require "core.loop"
local memory = require "spec.support.memory"
local process = require "core.process"
local signal = require "core.signal"
local timer = require "core.timer"
local watch = require "core.watch"

describe("when memory runs out", function()
  it("core.timer leaves nothing behind", function()
    local fired = 0
    local function fire() fired = fired + 1 end
    assert.is_true(memory.sweep(function() timer.after(0, fire) end) > 0)
    loop.run()
    assert.equal(1, fired)
  end)

  it("core.signal leaves nothing behind", function()
    local handle
    assert.is_true(memory.sweep(function() handle = signal.on("HUP", print) end) > 0)
    handle:cancel()
    loop.run()
  end)

  it("core.watch leaves nothing behind", function()
    local place <close> = folder.new()
    local handle
    assert.is_true(memory.sweep(function() handle = assert(watch.folder(place.path, print)) end) > 0)
    handle:cancel()
    loop.run()
  end)

  it("core.channel leaves nothing behind", function()
    local ends = { false, false } -- room: what is started is kept, whatever fails
    assert.is_true(memory.sweep(function()
      local one, other = channel.pair()
      local near <close>, far <const> = one, other
      local _ <close> = far -- one that is open already ends with the other
      ends[1] = channel.open(near, { most = 10, on_message = print, on_end = print })
      ends[2] = channel.open(far, { most = 10 })
    end) > 0)
    for _, handle in ipairs(ends) do handle:cancel() end
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

describe("the memory of Lua", function()
  local host = require "core.host"

  -- A text of any size that tells whether somebody else wrote into it.
  local function text_of(size)
    return ("%06d"):format(size):rep(size // 6 + 1):sub(1, size)
  end

  it("keeps what blocks of all sizes hold while others come and go", function()
    local kept = {}
    for round = 1, 3 do
      for size = 1, 700 do kept[#kept + 1] = text_of(size) .. round end
      for i = round, #kept, 3 do kept[i] = false end
      collectgarbage()
    end
    for i, text in ipairs(kept) do
      if text then
        local size, round = (i - 1) % 700 + 1, (i - 1) // 700 + 1
        assert.equal(text_of(size) .. round, text)
      end
    end
  end)

  it("keeps what a block holds that grows and shrinks across all sizes", function()
    local list = {}
    for i = 1, 200 do list[i] = i end
    for i = 200, 4, -1 do
      list[i] = nil
      list["key" .. i] = i
      if i % 50 == 0 then collectgarbage() end
    end
    assert.same({ 1, 2, 3 }, { list[1], list[2], list[3] })
    for i = 4, 200 do assert.equal(i, list["key" .. i]) end
  end)

  it("counts all that it holds", function()
    collectgarbage()
    local before = host.memory()
    local function fill(kept)
      for i = 1, 1000 do kept[i] = { i } end
      return host.memory() - before, kept
    end
    local grown = fill {}
    assert.is_true(grown > 1000 * 56 and grown < 1000 * 120)
    collectgarbage()
    assert.is_true(host.memory() - before < 10000)
  end)
end)
