local chance = require "lib.recipes.effects.chance"

local function draw(kind, name, input)
  return chance.perform({ ctx = {} }, { call = "c", branch = "", seq = 1, kind = kind, name = name, input = input })
end

describe("effects of chance", function()
  it("reach both ends of a range, and stay in it, however wide it is", function()
    local seen = {}
    for _ = 1, 200 do seen[draw("random", "integer", { first = -1, last = 1 })] = true end
    assert.same({ [-1] = true, [0] = true, [1] = true }, seen)
    assert.equal("integer", math.type(draw("random", "integer", { first = math.mininteger, last = math.maxinteger })))
    assert.equal(7, draw("random", "integer", { first = 7, last = 7 }))
  end)

  it("are each another", function()
    local float = draw("random", "float")
    assert.is_true(float >= 0 and float < 1)
    assert.is_not.equal(float, draw("random", "float"))
    assert.is_not.equal(draw("uuid", "v4"), draw("uuid", "v4"))
  end)
end)
