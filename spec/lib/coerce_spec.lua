local coerce = require "lib.coerce"
local json = require "core.json"

local BIG = json.integer "18446744073709551615"
local list = json.as_array

describe("lib.coerce", function()
  it("takes numbers as text in decimal, and nothing that only tonumber takes", function()
    for text, number in pairs { ["1"] = 1, ["-0.5"] = -0.5, ["1e3"] = 1000.0, [" 2 "] = 2, ["+3"] = 3 } do
      assert.equal(number, coerce.number(text), text)
    end
    for _, text in ipairs { "", " ", "0x10", "nan", "inf", "1_000", "1,5", "1 2", "one", "1e", "--1", ("9"):rep(500) } do
      assert.is_nil(coerce.number(text), text)
    end
    for _, value in ipairs { 0 / 0, math.huge, -math.huge, true, {}, json.null } do assert.is_nil(coerce.number(value)) end
  end)

  it("keeps the digits of what is beyond Lua's integers", function()
    assert.equal(BIG, coerce.number(BIG))
    assert.equal(BIG, coerce.number "18446744073709551615")
    assert.equal(BIG, coerce.integer "18446744073709551615")
    assert.is_nil(coerce.integer(json.decode "1e400"))
    assert.is_false(coerce.is_boxed(json.null))
    assert.is_false(coerce.is_boxed(io.stdout))
  end)

  it("takes the words for true and false, and the numbers 1 and 0 alone", function()
    for _, word in ipairs { "true", "YES", " on ", "t", "1", 1, 1.0 } do assert.is_true(coerce.boolean(word)) end
    for _, word in ipairs { "false", "No", "off", "0", 0 } do assert.is_false(coerce.boolean(word)) end
    for _, word in ipairs { "", "maybe", 2, 0.5, {}, json.null } do assert.is_nil(coerce.boolean(word)) end
  end)

  it("takes a list of one for its item, and no longer one", function()
    assert.equal("AMPERE_48", coerce.string { "AMPERE_48" })
    assert.equal(3, coerce.integer(list { "3" }))
    assert.is_nil(coerce.string { "a", "b" })
    assert.is_nil(coerce.string(list {}))
    assert.is_nil(coerce.string { { "a" } })
    assert.is_nil(coerce.string(1))
  end)

  it("takes JSON text for what it holds", function()
    assert.same({ a = 1 }, coerce.object '{"a":1}')
    assert.same({ 1, 2 }, coerce.array "[1,2]")
    assert.is_nil(coerce.object "[1]")
    assert.is_nil(coerce.array '{"a":1}')
    assert.is_nil(coerce.object '{"a":')
    assert.is_nil(coerce.object "1")
    assert.equal("plain", coerce.unpacked "plain")
    assert.equal("1", coerce.unpacked "1")
    assert.same({ 1 }, coerce.unpacked "[1]")
  end)

  it("tells {} from [] by what they are marked as", function()
    assert.is_true(coerce.is_array(list {}))
    assert.is_false(coerce.is_array {})
    assert.is_true(coerce.is_array { 1 })
    assert.is_false(coerce.is_array(json.decode "{}"))
    assert.equal("[]", json.encode(coerce.array {}))
    assert.is_nil(coerce.object(list {}))
  end)

  it("makes a list of one, but of no text that was meant as JSON", function()
    assert.same({ "a" }, coerce.list_of_one("a", "string"))
    assert.same({ "5" }, coerce.list_of_one("5", "integer"))
    assert.same({ { a = 1 } }, coerce.list_of_one({ a = 1 }, "object"))
    for _, value in ipairs { "", " ", "[1", ' {"a"', {} } do assert.is_nil(coerce.list_of_one(value, "string")) end
    assert.is_nil(coerce.list_of_one("five", "integer"))
    assert.is_nil(coerce.list_of_one({}, "object"))
    assert.is_nil(coerce.list_of_one({ 1 }, "array"))
  end)

  it("knows what says nothing, for each type", function()
    for _, kind in ipairs { "string", "integer", "number", "boolean", "object", "array" } do
      assert.is_true(coerce.is_blank(json.null, kind), kind)
      assert.equal(kind ~= "string", coerce.is_blank("", kind), kind)
      assert.equal(kind ~= "string", coerce.is_blank(" null ", kind), kind)
      assert.is_false(coerce.is_blank(0, kind), kind)
      assert.is_false(coerce.is_blank(false, kind), kind)
    end
    assert.is_true(coerce.is_blank(list {}, "object"))
    assert.is_false(coerce.is_blank({}, "object"))
    assert.is_false(coerce.is_blank(list {}, "array"))
    assert.is_true(coerce.is_blank({}, "string"))
  end)
end)
