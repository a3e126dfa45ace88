local folder = require "spec.support.folder"
local host = require "core.host"
local loop = require "core.loop"
local timer = require "core.timer"
local turns = require "spec.support.turns"
local watcher = require "lib.recipes.files.watcher"

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

  it("tells of a change also where memory runs out on the way", function()
    local _ <close> = watched ""
    for after = 0, 48, 4 do
      local before, expired = told, false
      local _ <close> = timer.after(20000, function() expired = true end)
      place:write("a.lua", tostring(after))
      host.fail_allocations(after, 6)
      while told == before and not expired do loop.step(true) end
      host.fail_allocations(0, 0)
      assert.is_false(expired, ("allocation %d"):format(after))
    end
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

  describe("of links", function()
    local elsewhere
    before_each(function() elsewhere = folder.new() end)
    after_each(function() elsewhere:remove() end)

    local function link(target, name)
      assert(os.execute(("ln -sfn '%s' '%s/%s'"):format(target, place.path, name)))
    end

    it("tells of changes of what a file links to, however it is saved", function()
      elsewhere:write("poster.lua", "1")
      link(elsewhere.path .. "/poster.lua", "poster.lua")
      local _ <close> = watched ""
      elsewhere:write("poster.lua", "2")
      next_telling()
      elsewhere:replace("poster.lua", "3")
      next_telling()
    end)

    it("tells of changes in a linked folder, a linked recipe folder, and behind a chain", function()
      elsewhere:write("store/grid/main.lua", "1")
      assert(os.execute(("ln -s store '%s/current'"):format(elsewhere.path)))
      link(elsewhere.path .. "/current/grid", "grid")
      local _ <close> = watched ""
      elsewhere:replace("store/grid/main.lua", "2")
      next_telling()
      local _ <close> = watched "/grid"
      told = 0
      elsewhere:write("store/grid/more.lua", "1")
      while told < 2 do next_telling() end
    end)

    it("tells when a link is pointed elsewhere, in the middle of a chain, too, and follows it there", function()
      for _, version in ipairs { "v1", "v2" } do elsewhere:write(version .. "/poster.lua", version) end
      assert(os.execute(("ln -s v1 '%s/current'"):format(elsewhere.path)))
      link(elsewhere.path .. "/current/poster.lua", "poster.lua")
      link(elsewhere.path .. "/current", "grid")
      local _ <close> = watched ""
      assert(os.execute(("ln -s v2 '%s/new'"):format(elsewhere.path)))
      assert(os.rename(elsewhere.path .. "/new", elsewhere.path .. "/current"))
      next_telling()
      elsewhere:write("v2/poster.lua", "changed")
      next_telling()
      elsewhere:write("v2/more.lua", "in the linked folder")
      next_telling()
    end)

    it("finds what a link leads to when it is made later", function()
      link(elsewhere.path .. "/poster.lua", "poster.lua")
      local _ <close> = watched ""
      elsewhere:write("poster.lua", "1")
      next_telling()
    end)

    it("passes by what else changes beside a target", function()
      elsewhere:write("poster.lua", "1")
      link(elsewhere.path .. "/poster.lua", "poster.lua")
      local watch <close> = watched ""
      elsewhere:write("notes.txt", "1")
      elsewhere:write("poster.lua.swp", "1")
      turns.look()
      watch:flush()
      assert.equal(0, told)
      elsewhere:write("poster.lua", "2")
      next_telling()
    end)
  end)

  it("looks after further files, and those that are new after a change", function()
    local elsewhere <close> = folder.new()
    local files = { elsewhere:write("a/util.lua", "1") }
    local watch <close> = watcher.new {
      folders = { { path = place.path, label = "spec" } }, files = function() return files end,
      on_change = function() told = told + 1 end,
    }
    elsewhere:write("a/util.lua", "2")
    next_telling()
    files[2] = elsewhere.path .. "/b/c.lua"
    watch:follow()
    next_telling() -- it may have changed before
    elsewhere:write("b/c.lua", "1")
    next_telling()
  end)

  it("tells at once when asked to, and not again", function()
    local watch <close> = watched ""
    watch:flush()
    assert.equal(0, told)
    place:write("a.lua", "1")
    turns.look()
    watch:flush()
    assert.equal(1, told)
    watch:flush()
    assert.equal(1, told)
  end)

  describe("that opens later", function()
    local function later(delay)
      return watcher.new {
        folders = { { path = place.path, label = "spec" } }, on_change = function() told = told + 1 end, delay = delay,
      }
    end

    it("watches nothing until then, and then tells, for what has changed before", function()
      local watch <close> = later(20)
      assert.is_nil(next(watch.watches))
      place:write("a.lua", "1")
      next_telling()
      assert.equal(1, told)
      assert.is_not_nil(next(watch.watches))
      place:write("a.lua", "2")
      next_telling()
    end)

    it("opens at once for who asks for changes", function()
      local watch <close> = later(3600000)
      watch:follow()
      assert.equal(0, told)
      watch:flush()
      assert.equal(1, told)
      place:write("a.lua", "1")
      next_telling()
    end)

    it("opens also where memory runs out on the way", function()
      for after = 0, 24, 2 do
        local before, expired = told, false
        local _ <close> = timer.after(20000, function() expired = true end)
        local watch <close> = later(1)
        host.fail_allocations(after, 6)
        while told == before and not expired do loop.step(true) end
        host.fail_allocations(0, 0)
        assert.is_false(expired, ("allocation %d"):format(after))
        assert.is_not_nil(next(watch.watches), ("allocation %d"):format(after))
      end
    end)

    it("does not open once it is closed", function()
      later(1):close()
      loop.run()
      assert.equal(0, told)
    end)
  end)

  it("is quiet once closed", function()
    local watch = watched ""
    place:write("a.lua", "1")
    turns.look()
    watch:close()
    loop.run()
    assert.equal(0, told)
  end)
end)
