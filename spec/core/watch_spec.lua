local folder = require "spec.support.folder"
local host = require "core.host"
local loop = require "core.loop"
local timer = require "core.timer"
local watch = require "core.watch"

-- Turns the loop until `done()`; the timer is a watchdog, never a measure.
local function turn_until(done)
  local expired = false
  local _ <close> = timer.after(20000, function() expired = true end)
  while not done() do
    assert(not expired, "the change was never told")
    loop.step(true)
  end
end

describe("core.watch", function()
  local place
  before_each(function() place = folder.new() end)
  after_each(function() place:remove() end)

  local function told(names, name)
    return function() return names[name] end
  end

  local function watched(path)
    local names = {}
    local handle = assert(watch.folder(path, function(name) names[name or "?"] = true end))
    return handle, names
  end

  it("tells the name of a file that is made, changed, renamed or deleted", function()
    local handle <close>, names = watched(place.path)
    place:write("a.lua", "1")
    turn_until(told(names, "a.lua"))
    os.rename(place.path .. "/a.lua", place.path .. "/b.lua")
    turn_until(told(names, "b.lua"))
    names["b.lua"] = nil
    os.remove(place.path .. "/b.lua")
    turn_until(told(names, "b.lua"))
    assert.is_truthy(handle)
  end)

  it("tells again, without the name, of a change that memory ran out for", function()
    place:write("a.lua", "1")
    local heard, name = false, "?"
    local _ <close> = assert(watch.folder(place.path, function(which)
      heard, name = { which }, which -- the table needs memory
    end))
    local file <close> = assert(io.open(place.path .. "/a.lua", "a"))
    file:setvbuf "no"
    local expired = false
    local _ <close> = timer.after(20000, function() expired = true end)
    file:write "2" -- it is told in the next turn of the loop
    host.fail_allocations(0, 10)
    while not heard and not expired do loop.step(true) end
    assert.equal(0, host.fail_allocations(0, 0))
    assert.is_nil(name)
  end)

  it("tells of new permissions and of the folder's own end", function()
    place:write("inner/a.lua", "1")
    local _ <close>, names = watched(place.path .. "/inner")
    os.execute("chmod 600 '" .. place.path .. "/inner/a.lua'")
    turn_until(told(names, "a.lua"))
    os.execute("rm -r '" .. place.path .. "/inner'")
    turn_until(told(names, "inner"))
  end)

  it("never calls back after cancel, and cancel may be repeated", function()
    local called = false
    local handle = assert(watch.folder(place.path, function() called = true end))
    local other <close>, names = watched(place.path)
    handle:cancel()
    handle:cancel()
    place:write("a.lua", "1")
    turn_until(told(names, "a.lua"))
    assert.is_false(called)
    other:cancel()
  end)

  it("may be cancelled in its own callback", function()
    local calls, handle = 0, nil
    handle = assert(watch.folder(place.path, function()
      calls = calls + 1
      handle:cancel()
    end))
    place:write("a.lua", "1")
    turn_until(function() return calls > 0 end)
    local _ <close>, names = watched(place.path)
    place:write("b.lua", "1")
    turn_until(told(names, "b.lua"))
    assert.equal(1, calls)
  end)

  it("keeps running after a callback that raises", function()
    local calls = 0
    local _ <close> = assert(watch.folder(place.path, function()
      calls = calls + 1
      if calls == 1 then error("raised on purpose by the watch spec") end
    end))
    place:write("a.lua", "1")
    turn_until(function() return calls > 0 end)
    place:write("b.lua", "1")
    turn_until(function() return calls > 1 end)
  end)

  it("keeps no loop alive, and survives being forgotten", function()
    local forgotten = setmetatable({ assert(watch.folder(place.path, function() end)) }, { __mode = "v" })
    collectgarbage()
    loop.run()
    forgotten[1]:cancel()
  end)

  it("names the folder that it cannot watch", function()
    local handle, message, code = watch.folder(place.path .. "/none", print)
    assert.is_nil(handle)
    assert.equal("ENOENT", code)
    assert.matches(place.path .. "/none", message, 1, true)
  end)

  it("refuses misuse", function()
    assert.error_matches(function() watch.folder("", print) end, "not a path")
    assert.error_matches(function() watch.folder("a\0b", print) end, "not a path")
    assert.error_matches(function() watch.folder(place.path) end, "function expected")
  end)
end)
