local trim = require "lib.trim"

describe("lib.trim", function()
  for text, wanted in pairs { [""] = "", [" \t\r\n"] = "", a = "a", [" a b\n"] = "a b", ["\va\f"] = "a", ["\u{A0}"] = "\u{A0}" } do
    it(("makes %q of %q"):format(wanted, text), function() assert.equal(wanted, trim(text)) end)
  end

  it("takes a megabyte of blanks between two letters as it takes one", function()
    local text = "a" .. (" "):rep(1024 * 1024) .. "b"
    assert.equal(text, trim(" " .. text .. " "))
  end)
end)
