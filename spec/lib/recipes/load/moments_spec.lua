local effects = require "lib.calls.effects"
local kit = require "spec.support.rc"

local function run(text)
  local ctx, asked = kit.context(), {}
  ctx.effects = effects.chain { function(effect)
    asked[#asked + 1] = effect.name
    return 1700000000 + #asked
  end }
  local result
  kit.with({}, function() result = assert(kit.run(text, { ctx = ctx })) end)
  return result.data, asked
end

describe("lib.recipes.load.moments", function()
  it("asks for what a clock says, as an effect", function()
    local data, asked = run "return { os.time(), os.clock(), os.date('!%Y-%m-%d %H:%M:%S'), rc.now() }"
    assert.same({ 1700000001, 1700000002, "2023-11-14 22:13:23", 1700000004 }, data)
    assert.same({ "system", "cpu", "system", "program" }, asked)
  end)

  it("computes the rest by itself", function()
    local data, asked = run [[
      return { os.date("!%H:%M", 60), os.date("!*t", 86400).day,
        os.time { year = 2024, month = 1, day = 2 } - os.time { year = 2024, month = 1, day = 1 },
        os.difftime(5, 3), (pcall(os.date, "%Ez", 1)) }]]
    assert.same({ "00:01", 2, 86400, 2, false }, data)
    assert.same({}, asked)
  end)

  it("stands still while a file is loaded", function()
    local sandbox = require "lib.recipes.load.sandbox"
    local recipe = { name = "probe" }
    local before = os.time()
    local made, problem = sandbox.declare(recipe, [[
      local time, clock = os.time(), os.clock()
      for _ = 1, 1e5 do end
      return { time, time == os.time() and clock == os.clock(), #os.date() > 10 }]], "@probe.lua")
    assert.is_nil(problem)
    assert.is_true(made[1] >= before and made[1] <= os.time())
    assert.same({ true, true }, { made[2], made[3] })
  end)

  for code, problem in pairs {
    ["os.time(1)"] = "bad argument #1 to 'os.time' (table expected, got number)",
    ["os.time {}"] = "field 'year' missing in date table",
    ["os.date('%Q')"] = "bad argument #1 to 'os.date' (invalid conversion specifier '%Q')",
    ["os.date(1, {})"] = "bad argument #2 to 'os.date' (number expected, got table)",
  } do
    it("refuses at the recipe's line: " .. code, function()
      local _, message = require("lib.recipes.load.sandbox").declare({ name = "probe" },
        "local function misuse()\n  local got = " .. code .. "\n  return got\nend\nreturn misuse()", "@probe.lua")
      assert.equal("probe.lua:2: " .. problem, message)
    end)
  end
end)
