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

describe("core.codec.sha256", function()
  it("gives the digests of FIPS 180-4's examples", function()
    for text, digest in pairs {
      [""] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
      [("a"):rep(1000000)] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    } do
      assert.equal(digest, codec.sha256(text))
    end
  end)

  it("ends right, wherever in a block the bytes end", function()
    for count, digest in pairs {
      [55] = "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318",
      [56] = "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a",
      [57] = "f13b2d724659eb3bf47f2dd6af1accc87b81f09f59f2b75e5c0bed6589dfe8c6",
      [63] = "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34",
      [64] = "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb",
      [65] = "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0",
      [119] = "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb",
      [120] = "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c",
      [127] = "c57e9278af78fa3cab38667bef4ce29d783787a2f731d4e12200270f0c32320a",
      [128] = "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e",
      [1000] = "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3",
    } do
      assert.equal(digest, codec.sha256(("a"):rep(count)))
    end
  end)
end)
