local opaque = require "lib.recipes.boundary.opaque"

describe("lib.recipes.boundary.opaque", function()
  it("is known again by whoever handed it out, and shows nothing to anybody else", function()
    local token = opaque.new("content", { secret = true })
    assert.same({ "content", { secret = true } }, { opaque.open(token) })
    assert.is_nil(next(token))
    assert.is_false(getmetatable(token))
    assert.error_matches(function() token.a = 1 end, "cannot be changed")
    assert.is_nil((opaque.open {}))
    assert.is_nil((opaque.open(nil)))
  end)

  it("counts the bytes that it was told, and is told apart from other tables by them", function()
    assert.equal(3, opaque.bytes(opaque.new("content", "abc", 3)))
    assert.equal(0, opaque.bytes(opaque.new("content", 1)))
    assert.is_nil(opaque.bytes {})
  end)
end)
