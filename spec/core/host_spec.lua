local child = require "spec.support.child"
local folder = require "spec.support.folder"
local fs = require "core.fs"
local host = require "core.host"
local loop = require "core.loop"
local scratch = require "spec.support.scratch"
local timer = require "core.timer"

describe("core.host", function()
  it("lists the modules inside the program by their beginning, in order", function()
    local all, tools = host.modules(), host.modules "tools."
    assert.is_true(#tools >= 10 and #all > #tools)
    for i, name in ipairs(tools) do
      assert.equal("tools.", name:sub(1, 6))
      assert.is_true(i == 1 or tools[i - 1] < name)
    end
    assert.same({}, host.modules "no.such.module")
  end)

  it("tells the program, its version and those of its libraries", function()
    assert.is_truthy(fs.stat(assert(host.program())))
    assert.matches("^%d+%.%d+%.%d+", host.version)
    local versions = host.versions()
    assert.matches("^5%.4%.%d+$", versions.lua)
    assert.matches("^%d+%.%d+%.%d+", versions.libuv)
  end)

  it("gives random bytes, other ones each time", function()
    assert.equal("", host.random(0))
    assert.equal(1024, #host.random(1024))
    assert.not_equal(host.random(32), host.random(32))
    assert.error_matches(function() host.random(1025) end, "0 to 1,024 expected", 1, true)
    assert.error_matches(function() host.random(-1) end, "0 to 1,024 expected", 1, true)
  end)

  it("counts the memory that Lua holds, its most, and all that is held", function()
    collectgarbage()
    local before = host.memory()
    local text = ("x"):rep(1048576)
    local used, peak, held = host.memory()
    assert.is_true(used - before > #text // 2, used - before)
    assert.is_true(peak >= used)
    assert.is_true(held >= used)
  end)

  it("refuses sizes and counts below zero", function()
    assert.error_matches(function() host.set_memory_ceiling(-1) end, "negative size", 1, true)
    assert.error_matches(function() host.fail_allocations(-1, 0) end, "negative count", 1, true)
    assert.error_matches(function() host.fail_allocations(0, -1) end, "negative count", 1, true)
  end)

  it("fails the allocations that it is asked to, and tells how many are left", function()
    local ok, err = pcall(function()
      host.fail_allocations(0, 2) -- Lua collects and tries again after one
      return { 1 }
    end)
    local left = host.fail_allocations(1000000, 5)
    assert.is_false(ok)
    assert.equal("not enough memory", err)
    assert.equal(0, left)
    assert.equal(5, host.fail_allocations(0, 0))
  end)

  it("calls what was set once the loop turns after a refusal, again where memory runs out in it", function()
    -- In a program of its own: this one has such a function already, which nothing gives back.
    local place <close> = folder.new()
    place:write("script.lua", [[
      local host, loop = require "core.host", require "core.loop"
      local calls = 0
      host.after_refusals(function()
        calls = calls + 1
        if calls == 1 then
          host.fail_allocations(0, 2)
          return { "refused" }
        end
      end)
      local ok = pcall(function()
        host.fail_allocations(0, 2)
        return { 1 }
      end)
      print(ok, calls)
      loop.run()
      print(calls)
    ]])
    local status, out = child.run { "lua", place.path .. "/script.lua" }
    assert.equal(0, status)
    -- The refusal inside of it asks for one call more.
    assert.matches("^false\t0\n[23]\n$", out)
  end)

  it("is collected in steps where there is much of it, and by generations where there is little", function()
    local place <close> = scratch.new()
    place:write("script.lua", [[
      local loop, timer = require "core.loop", require "core.timer"
      local kept
      -- What it is at a turn of the loop: asked for by setting the other one, and setting it again.
      local function tell()
        timer.after(0, function() end)
        loop.run()
        local was = collectgarbage "incremental"
        collectgarbage(was)
        print(was)
      end
      tell()
      kept = {}
      for i = 1, 400000 do kept[i] = { i } end
      tell()
      kept = nil
      collectgarbage()
      tell()
    ]])
    -- The program's own collector, also where scripts/under-collector sets another one by a folder of its own.
    local options = { env = { "RCMCP_LUA_DIR=" .. place.path } }
    local status, out = child.run({ "lua", place.path .. "/script.lua" }, options)
    assert.equal(0, status)
    assert.equal("generational\nincremental\ngenerational\n", out)
  end)

  it("is asked from inside callbacks, too", function()
    local seen
    timer.after(0, function() seen = host.memory() end)
    loop.run()
    assert.is_true(seen > 0)
  end)
end)
