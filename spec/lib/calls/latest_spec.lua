local latest = require "lib.calls.latest"

describe("lib.calls.latest", function()
  it("knows the latest, and forgets the oldest first", function()
    local known = latest.new(3)
    for i = 1, 5 do known:put("run-" .. i, i) end
    local values = {}
    for i = 1, 5 do values[i] = known:get("run-" .. i) or false end
    assert.same({ false, false, 3, 4, 5 }, values)
  end)

  it("takes another value for what it knows", function()
    local known = latest.new(3)
    known:put("a", "before")
    known:put("a", "after")
    assert.equal("after", known:get "a")
  end)

  it("keeps what takes the place of itself", function()
    local known = latest.new(2)
    for _, id in ipairs { "a", "b", "a" } do known:put(id, id) end
    assert.same({ "a", "b" }, { known:get "a", known:get "b" })
  end)

  it("knows nothing of others", function()
    assert.is_nil(latest.new(1):get "a")
  end)
end)
