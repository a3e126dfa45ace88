local digest = require "lib.calls.digest"
local json = require "core.json"

describe("digests", function()
  it("are the same for the same value, whatever order its members came in", function()
    local one, other = {}, {}
    for i = 1, 30 do one["k" .. i] = { i, tostring(i) } end
    for i = 30, 1, -1 do other["k" .. i] = { i, tostring(i) } end
    assert.equal(digest.of(one), digest.of(other))
    assert.equal(digest.of(one), digest.of(one, true))
  end)

  it("are others for others", function()
    local values = {
      false, true, 0, 0.0, 1, "1", "", {}, json.as_array {}, { 1 }, { "1" }, { a = 1 }, { a = "1" }, { b = 1 }, { a = { b = 1 } },
      { a = {}, b = 1 }, { "ab", "c" }, { "a", "bc" }, json.null, "null", { a = "b" },
      ("x"):rep(300000), ("x"):rep(300001), ("x"):rep(299999) .. "y", json.integer "18446744073709551615", "18446744073709551615",
      { ("x"):rep(300000) }, 0.1, 0.1 + 2 ^ -56, math.huge, -math.huge,
    }
    local seen = { [digest.of(nil)] = "nil" }
    for i, value in ipairs(values) do
      local text = digest.of(value)
      assert.is_nil(seen[text], ("value %d is told as %s"):format(i, tostring(seen[text])))
      seen[text] = i
    end
  end)

  it("take bytes that are no text, and checked JSON text", function()
    assert.equal(digest.of { body = "\xFF\0" }, digest.of { body = "\xFF\0" })
    assert.equal(digest.of(json.raw '{"a":1}'), digest.of(json.raw '{"a":1}'))
  end)
end)
