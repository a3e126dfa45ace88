local clock = require "lib.async.clock"
local effects = require "lib.calls.effects"
local time = require "lib.recipes.effects.time"

local function read(name, ctx)
  return time.perform({ ctx = ctx or {} }, { call = "c", branch = "", seq = 1, kind = "now", name = name })
end

describe("effects of the kind 'now'", function()
  it("read the program's clock, the system's, and what the processor has done", function()
    local virtual <close> = clock.virtual()
    assert.equal(clock.wall(), read "program")
    assert.equal("integer", math.type(read "system"))
    assert.equal("float", math.type(read "cpu"))
    assert.is_not_nil(virtual)
  end)

  it("are answered by a link within the same turn", function()
    local ctx = { effects = effects.chain { function(effect) return effect.name == "system" and 12 end } }
    assert.equal(12, read("system", ctx))
  end)
end)
