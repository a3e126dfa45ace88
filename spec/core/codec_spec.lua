local codec = require "core.codec"

describe("core.codec base64", function()
  it("gives the vectors of RFC 4648", function()
    local vectors = { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy" }
    for bytes, text in pairs(vectors) do
      assert.equal(text, codec.base64_encode(bytes))
      assert.equal(bytes, codec.base64_decode(text))
    end
    assert.equal("+/+/", codec.base64_encode "\xFB\xFF\xBF")
  end)

  it("brings any bytes back", function()
    local all = {}
    for i = 0, 255 do all[i + 1] = string.char(i, 255 - i, i ~ 0x55) end
    local bytes = table.concat(all)
    for size = 0, #bytes do
      assert.equal(bytes:sub(1, size), codec.base64_decode(codec.base64_encode(bytes:sub(1, size))))
    end
    local large = bytes:rep(2000)
    assert.equal(large, codec.base64_decode(codec.base64_encode(large)))
  end)

  it("refuses everything else and says where", function()
    for text, message in pairs {
      ["Zg="] = "character 4: the length is no multiple of four", ["Zg"] = "character 3: the length", ["Z"] = "character 2",
      ["Zm 9v"] = "character 3: not a character", ["Zm9v\n"] = "character 5: not a character", ["Zm9-"] = "character 4: not a character",
      ["===="] = "character 1: not a character", ["Z==="] = "character 2: not a character", ["Zh=="] = "character 2: unused bits",
      ["Zm9="] = "character 3: unused bits", ["Zg==Zg=="] = "character 3: not a character", ["="] = "the length",
    } do
      local bytes, err = codec.base64_decode(text)
      assert.is_nil(bytes)
      assert.matches(message, err, 1, true)
    end
  end)
end)

describe("core.codec UTF-8", function()
  it("knows valid from invalid", function()
    for _, text in ipairs { "", "plain", "é", "€", "😀", "\u{7FF}\u{800}\u{FFFF}\u{10FFFF}", ("x"):rep(100) .. "é", "\0" } do
      assert.is_true(codec.is_utf8(text))
    end
    for _, text in ipairs { "\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "é\xC3",
                            ("x"):rep(8) .. "\xFF", ("x"):rep(15) .. "\xE2\x82" } do
      assert.is_false(codec.is_utf8(text))
    end
  end)

  it("cuts between characters", function()
    local function head(text, count) return { codec.utf8_head(text, count) } end
    assert.same({ "aé", true }, head("aé€😀", 2))
    assert.same({ "aé€", true }, head("aé€😀", 3))
    assert.same({ "aé€😀", false }, head("aé€😀", 4))
    assert.same({ "aé€😀", false }, head("aé€😀", 100))
    assert.same({ "", true }, head("é", 0))
    assert.same({ "", false }, head("", 0))
    assert.same({ "\xFFé", true }, head("\xFFé\xFF", 2))
    assert.error_matches(function() codec.utf8_head("x", -1) end, "negative count")
  end)
end)

describe("core.codec on text that is no UTF-8", function()
  it("puts one U+FFFD where a character was cut, and one for each byte that begins none", function()
    for text, clean in pairs {
      [""] = "", plain = "plain", ["é€😀"] = "é€😀", ["a\xF0\x9F\x98"] = "a\u{FFFD}", ["\xE2\x82é"] = "\u{FFFD}é",
      ["caf\xE9"] = "caf\u{FFFD}", ["\x80\x80x"] = "\u{FFFD}\u{FFFD}x", ["\xED\xA0\x80"] = ("\u{FFFD}"):rep(3),
      ["\xF4\x90\x80"] = ("\u{FFFD}"):rep(3), ["\xFF\0\xFF"] = "\u{FFFD}\0\u{FFFD}", ["\xF0\x9F\xF0\x9F\x98\x80"] = "\u{FFFD}😀",
    } do
      assert.equal(clean, codec.utf8_clean(text))
    end
  end)

  it("cuts at a number of bytes, never inside a character", function()
    local text = "aé€😀z"
    local heads = {}
    for bytes = 0, #text do heads[bytes] = codec.utf8_cut(text, bytes) end
    assert.same({ [0] = "", "a", "a", "aé", "aé", "aé", "aé€", "aé€", "aé€", "aé€", "aé€😀", text }, heads)
    assert.is_true(select(2, codec.utf8_cut(text, #text - 1)))
    assert.is_false(select(2, codec.utf8_cut(text, #text)))
    assert.equal("\x80\x80\x80\x80", (codec.utf8_cut(("\x80"):rep(9), 4)))
    assert.error_matches(function() codec.utf8_cut("x", -1) end, "negative size")
  end)

  it("takes a million broken bytes in one walk", function()
    assert.equal(3000000, #codec.utf8_clean(("\xFF"):rep(1000000)))
  end)
end)

describe("core.codec percent", function()
  it("escapes all but the unreserved characters of RFC 3986", function()
    local unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    assert.equal(unreserved, codec.percent_encode(unreserved))
    assert.equal("%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25%20%00%C3%A9%7F",
      codec.percent_encode "/?#[]@!$&'()*+,;=% \0é\x7F")
    assert.equal("", codec.percent_encode "")
  end)

  it("brings any bytes back, and reads lower-case digits", function()
    for byte = 0, 255 do
      local char = string.char(byte)
      assert.equal(char, codec.percent_decode(codec.percent_encode(char)))
      assert.equal(char, codec.percent_decode(("%%%02x"):format(byte)))
    end
    assert.equal("a+b", codec.percent_decode "a+b")
  end)

  it("gives nil for malformed escapes", function()
    for _, text in ipairs { "%", "%4", "a%", "%zz", "%4g", "%%41", "%u0041", "% 41" } do
      assert.is_nil(codec.percent_decode(text))
    end
  end)
end)
