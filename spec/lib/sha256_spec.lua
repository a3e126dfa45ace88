local sha256 = require "lib.sha256"

describe("lib.sha256", function()
  -- FIPS 180-4's examples (NIST, "SHA256.pdf"), and the lengths around the end of a block by sha256sum.
  for text, digest in pairs {
    [""] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  } do
    it("is that of the standard: " .. text, function() assert.equal(digest, sha256.hex(text)) end)
  end

  it("is that of sha256sum, for all lengths around a block's end and for all bytes", function()
    local path = os.tmpname()
    local text = (("\0\1\127\128\255"):rep(40))
    for _, length in ipairs { 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 200 } do
      local file <close> = assert(io.open(path, "wb"))
      file:write(text:sub(1, length))
      file:close()
      local pipe <close> = assert(io.popen(("sha256sum '%s'"):format(path)))
      assert.equal(pipe:read("a"):match "^%x+", sha256.hex(text:sub(1, length)))
    end
    os.remove(path)
  end)
end)
