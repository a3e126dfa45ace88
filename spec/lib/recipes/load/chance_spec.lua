local chance = require "lib.recipes.load.chance"
local effects = require "lib.calls.effects"
local kit = require "spec.support.rc"

local function fresh()
  local scope, drawn = { path = "" }, 0
  local random, randomseed = chance.functions(function() return scope, scope end, function()
    drawn = drawn + 1
    return drawn
  end)
  return random, randomseed, function() return drawn end
end

describe("lib.recipes.load.chance", function()
  it("draws what Lua's generator draws from the same seed", function()
    local random, randomseed, drawn = fresh()
    for _, seeds in ipairs { { 42 }, { 7, 9 }, { math.mininteger, -1 }, { 0 }, { "12" }, { 3.0 } } do
      randomseed(table.unpack(seeds))
      math.randomseed(table.unpack(seeds))
      for _, bounds in ipairs {
        {}, { 0 }, { 6 }, { 1000 }, { -5, 5 }, { 1 << 62 }, { math.mininteger, math.maxinteger }, { 3, 3 }, { 1, 2 ^ 40 },
      } do
        for _ = 1, 20 do assert.equal(math.random(table.unpack(bounds)), random(table.unpack(bounds))) end
      end
    end
    assert.equal(0, drawn())
  end)

  it("refuses what Lua refuses, in nearly its words", function()
    local random, randomseed = fresh()
    for _, bounds in ipairs { { 3, 1 }, { -1 }, { 1.5 }, { {} }, { 1, 2, 3 }, { "x" } } do
      local ok, message = pcall(random, table.unpack(bounds))
      local _, theirs = pcall(math.random, table.unpack(bounds))
      assert.is_false(ok)
      assert.equal(theirs:gsub("math%.", ""), (message:gsub("^.-:%d+: ", "")))
    end
    assert.matches("^spec/.*chance_spec.lua:%d+: bad argument #1 to 'randomseed' %(number has no integer",
      (select(2, pcall(function() randomseed(1.5) end))))
    assert.matches("^spec/.*chance_spec.lua:%d+: bad argument #1 to 'random' %(interval is empty",
      (select(2, pcall(function() random(3, 1) end))))
  end)

  it("is seeded once a call, by effects of it", function()
    local asked
    local function run(text)
      local ctx = kit.context()
      asked = 0
      ctx.effects = effects.chain { function(effect)
        assert.equal("random", effect.kind)
        asked = asked + 1
        return asked
      end }
      local result
      kit.with({}, function() result = assert(kit.run("return {" .. text .. "}", { ctx = ctx })) end)
      return result.data
    end
    local first = run "math.random(1000), math.random(1000), math.random()"
    assert.equal(2, asked)
    assert.same(first, run "math.random(1000), math.random(1000), math.random()")
    assert.same({ first[1] }, run "(function() math.randomseed(1, 2) return math.random(1000) end)()")
    assert.equal(0, asked)
  end)

  it("is another one in each branch, whichever comes first", function()
    local function run(delays, seed)
      local result
      kit.with({}, function()
        result = assert(kit.run(seed .. [[
          local drawn = rc.map(input.delays, function(seconds)
            rc.sleep(seconds)
            return math.random(1000000) .. " " .. tostring({})
          end)
          return { drawn, math.random(1000000) }]], { input = { delays = delays } }))
      end)
      return result.data
    end
    local first = run({ 1, 2, 3 }, "math.randomseed(7)")
    assert.same(first, run({ 3, 2, 1 }, "math.randomseed(7)"))
    assert.is_not.equal(first[1][1], first[1][2])
    math.randomseed(7)
    assert.equal(math.random(1000000), first[2])
    assert.is_not.same(run({ 1, 2, 3 }, ""), run({ 1, 2, 3 }, ""))
  end)
end)
