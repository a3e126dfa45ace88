local loop = require "core.loop"
local standstill = require "lib.standstill"

describe("lib.standstill", function()
  it("tells how long the loop stood still, and nothing while it turns", function()
    local told = {}
    local watch <close> = standstill.watch(function(seconds) told[#told + 1] = seconds end)
    loop.step(true)
    assert.same({}, told)
    os.execute "sleep 1.6" -- nothing turns meanwhile
    while #told == 0 do loop.step(true) end
    assert.is_true(told[1] >= 1.3)
    watch:cancel()
    os.execute "sleep 1.6"
    loop.step(false)
    assert.equal(1, #told)
  end)
end)
