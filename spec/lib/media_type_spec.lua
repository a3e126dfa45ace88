local media_type = require "lib.media_type"

describe("lib.media_type", function()
  for bytes, expected in pairs {
    ["\x89PNG\r\n\x1A\n"] = "image/png", ["\xFF\xD8\xFF\xE0"] = "image/jpeg", ["GIF87a"] = "image/gif",
    ["RIFF\0\0\0\0WEBPVP8 "] = "image/webp",
    ["RIFF\0\0\0\0WAVEfmt "] = "audio/wav", ["\0\0\0\x20ftypavif"] = "image/avif", ["\0\0\0\x20ftypisom"] = "video/mp4",
    ["\0\0\0\x20ftypM4A "] = "audio/mp4", ["\0\0\0\x20ftypqt  "] = "video/quicktime", ["\x1A\x45\xDF\xA3"] = "video/webm",
    ["ID3\4"] = "audio/mpeg", ["\xFF\xFB\x90\0"] = "audio/mpeg", ["OggS"] = "audio/ogg", ["fLaC"] = "audio/flac",
    ["%PDF-1.7"] = "application/pdf",
    ['{"a": [1, 2]}'] = "application/json", ["{no json"] = "text/plain", ["<svg xmlns='x'/>"] = "image/svg+xml", ["grüße\n"] = "text/plain",
    ["\u{FEFF}text"] = "text/plain", [""] = "text/plain", ["\0\1\2\3"] = "application/octet-stream",
    ["\xC3\x28\x80"] = "application/octet-stream",
  } do
    it(("takes %q for %s"):format(bytes:sub(1, 12), expected), function() assert.equal(expected, media_type.sniff(bytes)) end)
  end

  it("knows a text that was cut inside a character", function()
    assert.equal("text/plain", media_type.sniff(("é"):rep(100):sub(1, 199)))
  end)

  it("tells which types are text", function()
    for _, name in ipairs { "text/plain", "text/markdown", "application/json", "image/svg+xml", "application/ld+json" } do
      assert.is_true(media_type.is_text(name))
    end
    assert.is_false(media_type.is_text "image/png")
  end)
end)
