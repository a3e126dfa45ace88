local folder = require "spec.support.folder"
local loop = require "core.loop"
local timer = require "core.timer"
local watcher = require "lib.recipes.watcher"

describe("recipes.watcher", function()
  local place, told
  before_each(function() place, told = folder.new(), 0 end)
  after_each(function() place:remove() end)

  local function watched(...)
    local folders = {}
    for i, name in ipairs { ... } do folders[i] = { path = place.path .. name, label = "spec" } end
    return watcher.new { folders = folders, on_change = function() told = told + 1 end }
  end

  -- Turns the loop until it was told; the timer is a watchdog, never a measure.
  local function next_telling()
    local before, expired = told, false
    local _ <close> = timer.after(20000, function() expired = true end)
    while told == before do
      assert(not expired, "the change was never told")
      loop.step(true)
    end
  end

  it("tells many changes once", function()
    local _ <close> = watched ""
    for i = 1, 20 do place:write(i .. ".lua", "") end
    next_telling()
    assert.equal(1, told)
  end)

  it("tells of editors that rename, of folders that are new, and of what is in them", function()
    local _ <close> = watched ""
    place:replace("a.lua", "1")
    next_telling()
    place:write("b/main.lua", "1")
    next_telling()
    place:replace("b/main.lua", "2")
    next_telling()
    place:write("b/helper.lua", "3")
    next_telling()
  end)

  it("finds a folder that is made later, and one that takes another's place", function()
    local _ <close> = watched "/one/two"
    place:write("one/two/a.lua", "1")
    next_telling()
    while told < 1 do next_telling() end
    place:write("one/two/b.lua", "1")
    next_telling()
    os.rename(place.path .. "/one/two", place.path .. "/one/old")
    next_telling()
    place:write("one/two/c.lua", "1")
    next_telling()
    place:write("one/two/d.lua", "1")
    next_telling()
  end)

  it("tells at once when asked to, and not again", function()
    local watch <close> = watched ""
    watch:flush()
    assert.equal(0, told)
    place:write("a.lua", "1")
    loop.step(true)
    watch:flush()
    assert.equal(1, told)
    watch:flush()
    assert.equal(1, told)
  end)

  it("is quiet once closed", function()
    local watch = watched ""
    place:write("a.lua", "1")
    loop.step(true)
    watch:close()
    loop.run()
    assert.equal(0, told)
  end)
end)
