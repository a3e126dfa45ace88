local clock = require "lib.async.clock"
local effects = require "lib.calls.effects"
local kit = require "spec.support.rc"

local function run(text)
  local result, err
  kit.with({}, function() result, err = kit.run(text) end)
  return result and result.data, err
end

describe("rc.sleep and rc.now", function()
  it("follow the program's clock", function()
    kit.with({}, function()
      local begun = clock.wall()
      local data = kit.data "local a = rc.now() rc.sleep(90.5) return { a = a, passed = rc.now() - a }"
      assert.equal(begun, data.a)
      assert.is_true(math.abs(data.passed - 90.5) < 1e-6)
    end)
  end)

  it("go on without a wait in a dry run, up to where the call would end", function()
    kit.with({}, function()
      local begun = clock.wall()
      local ctx = kit.dry_context()
      local data = kit.data("local a = rc.now() rc.sleep(90.5) return { passed = rc.now() - a }", { ctx = ctx })
      assert.is_true(math.abs(data.passed - 90.5) < 1e-6)
      local _, err = kit.run("while true do rc.sleep(60) end", { ctx = ctx })
      assert.equal("timeout", err.code)
      assert.matches("dry run: the recipe would wait", err.message, 1, true)
      assert.equal(begun, clock.wall())
    end)
  end)

  it("refuse what is no time", function()
    for _, text in ipairs { "rc.sleep(-1)", "rc.sleep('x')", "rc.sleep(0/0)", "rc.sleep(math.huge)" } do
      local _, err = run(text)
      assert.matches("probe.lua:1: rc.sleep takes seconds", err.message, 1, true)
    end
  end)
end)

describe("rc.random", function()
  it("gives what math.random gives", function()
    local data = run [[
      local ok = true
      for _ = 1, 2000 do
        local f, die, pair = rc.random(), rc.random(6), rc.random(-3, 3)
        ok = ok and f >= 0 and f < 1 and math.type(die) == "integer" and die >= 1 and die <= 6 and pair >= -3 and pair <= 3
      end
      return { ok = ok, same = rc.random(5, 5), wide = math.type(rc.random(math.mininteger, math.maxinteger)) }
    ]]
    assert.same({ ok = true, same = 5, wide = "integer" }, data)
  end)

  it("reaches all of a range", function()
    local data = run [[
      local seen, count = {}, 0
      for _ = 1, 5000 do
        local n = math.random(10)
        if not seen[n] then seen[n] = true count = count + 1 end
      end
      return { count = count }
    ]]
    assert.equal(10, data.count)
  end)

  it("refuses what is no range", function()
    local _, err = run "rc.random(3, 1)"
    assert.matches("probe.lua:1: rc.random: nothing lies between 3 and 1", err.message, 1, true)
    _, err = run "rc.random(1.5)"
    assert.matches("probe.lua:1: rc.random: bound 1 must be a whole number", err.message, 1, true)
  end)
end)

it("time and chance are effects, which a run that is repeated answers itself", function()
  local function draw()
    local ctx, at = kit.context(), 0
    ctx.effects = effects.chain { function(effect)
      assert.is_true(effects.LOCAL[effect.kind])
      at = at + 1
      return effect.kind == "uuid" and "uuid " .. at or at
    end }
    local result
    kit.with({}, function() result = kit.run("return { a = rc.random(100), b = rc.random(), c = rc.uuid() }", { ctx = ctx }) end)
    return result.data
  end
  assert.same({ a = 1, b = 2, c = "uuid 3" }, draw())
end)

it("rc.uuid gives version 4, each another", function()
  local data = run "return { a = rc.uuid(), b = rc.uuid() }"
  assert.matches("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$", data.a)
  assert.is_not.equal(data.a, data.b)
end)
