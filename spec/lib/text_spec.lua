local json = require "core.json"
local text = require "lib.text"

describe("lib.text", function()
  it("makes text valid UTF-8", function()
    assert.equal("fine ü", text.clean "fine ü")
    assert.equal("a\u{FFFD}b\u{FFFD}\u{FFFD}", text.clean "a\xFFb\xC3\xFF")
    assert.equal("\u{FFFD}", text.clean "\xFF")
  end)

  it("shortens between characters, and says so", function()
    assert.equal("a fox 🦊", text.brief("a fox 🦊", 10))
    assert.equal("a fox …", text.brief("a fox 🦊 runs", 9))
    assert.equal("a fox 🦊…", text.brief("a fox 🦊 runs", 10))
    assert.equal("\u{FFFD}", text.brief("\xF0\x9F", 10))
  end)

  it("makes all texts of a value clean, in arrays and in objects whose order counts", function()
    local object = json.ordered({ "z\xFF", "a" }, { ["z\xFF"] = "\xC3", a = json.null })
    local value = { plain = 1, list = json.as_array { "a\xFF" }, object = object }
    assert.equal('{"list":["a\u{FFFD}"],"object":{"z\u{FFFD}":"\u{FFFD}","a":null},"plain":1}', json.encode(text.clean_all(value)))
    assert.equal("a\xFF", value.list[1])
  end)

  it("gives a clean value itself, and of any other copies what leads to a broken text, and no more", function()
    local fine = { 1, "ü", json.null, { f = print, [1.5] = 0 / 0 } }
    assert.equal(fine, text.clean_all(fine))
    assert.equal("\u{FFFD}", text.clean_all "\xFF")
    assert.equal(print, text.clean_all(print))
    local value = { fine = fine, broken = { { "\xFF" } }, [7] = fine }
    local clean = text.clean_all(value)
    assert.equal("\xFF", value.broken[1][1])
    assert.equal("\u{FFFD}", clean.broken[1][1])
    assert.equal(fine, clean.fine)
    assert.equal(fine, clean[7])
  end)

  it("keeps the places of members whose keys were broken; of those that are the same then one stays", function()
    local object = json.decode '{"z":1,"k":2,"a":3}'
    object.k, object["\xFF"] = nil, "\xFE"
    assert.equal('{"z":1,"a":3,"\u{FFFD}":"\u{FFFD}"}', json.encode(text.clean_all(object)))
    local keys = { "y", "\xFF", "b", "\xFE" }
    local many = text.clean_all(json.ordered(keys, { y = 1, ["\xFF"] = 2, b = 3, ["\xFE"] = 2 }))
    assert.equal('{"y":1,"\u{FFFD}":2,"b":3}', json.encode(many))
    assert.same({ "y", "\u{FFFD}", "b" }, json.order(many))
    assert.equal("[]", json.encode(text.clean_all { ["a\xFF"] = json.as_array() }["a\u{FFFD}"]))
  end)

  it("ends in a value that contains itself, and writes no more than there is", function()
    local loop = { name = "\xFF" }
    loop.loop, loop[1], loop[2] = loop, { loop }, { { loop } } -- 3^1000 ways down
    assert.error_matches(function() json.encode(text.clean_all(loop)) end, "nested deeper than 1000 levels")
    local deep = "\xFF"
    for _ = 1, 999 do deep = { deep } end
    assert.equal(("["):rep(999) .. '"\u{FFFD}"' .. ("]"):rep(999), json.encode(text.clean_all(deep)))
    assert.error_matches(function() json.encode(text.clean_all { { { deep } } }) end, "nested deeper than 1000 levels")
  end)
end)
