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
end)
