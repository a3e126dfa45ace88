local seeded = require "lib.recipes.worker.seeded"

local SEED = "0123456789abcdef"

describe("seeded bytes", function()
  it("follow from the seed and the place alone", function()
    local one, other = seeded.source(SEED, "2:1 3"), seeded.source(SEED, "2:1 3")
    assert.equal(one(8), other(8))
    assert.equal(one(16), other(16))
    assert.equal(5, #one(5))
    assert.equal("", one(0))
  end)

  it("differ with each bit of the seed and of the place", function()
    local seen = {}
    local function note(seed, place)
      local bytes = seeded.source(seed, place)(8)
      assert.is_nil(seen[bytes])
      seen[bytes] = true
    end
    note(SEED, " 1")
    for at = 1, 16 do
      for bit = 0, 7 do note(SEED:sub(1, at - 1) .. string.char(SEED:byte(at) ~ 1 << bit) .. SEED:sub(at + 1), " 1") end
    end
    for number = 2, 500 do note(SEED, " " .. number) end
    for number = 1, 500 do note(SEED, ("2:%d 1"):format(number)) end
  end)

  it("are of any value as often", function()
    local counts = {}
    for value = 0, 255 do counts[value] = 0 end
    for number = 1, 400 do
      for _, byte in ipairs { seeded.source(SEED, " " .. number)(64):byte(1, -1) } do counts[byte] = counts[byte] + 1 end
    end
    local sum = 0 -- of squares: 255 degrees of freedom, so that 400 is beyond all doubt
    for value = 0, 255 do sum = sum + (counts[value] - 100) ^ 2 / 100 end
    assert.is_true(sum < 400, sum)
  end)
end)
