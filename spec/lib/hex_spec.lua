local hex = require "lib.hex"

describe("hex", function()
  it("writes each byte with two digits, small letters, whatever it is", function()
    assert.equal("", hex "")
    assert.equal("000a7f80ff", hex "\0\n\x7f\x80\xff")
    assert.equal("25c3a9", hex "%é")
  end)

  it("gives one value", function()
    assert.equal(1, select("#", hex "ab"))
  end)
end)
