local output_name = require "lib.output_name"

describe("lib.output_name", function()
  it("makes any name safe", function()
    for wanted, expected in pairs {
      ["../../etc/passwd"] = "passwd", [".bashrc"] = "bashrc", ["a\0b\n.png"] = "a_b_.png", ["C:\\x\\y.png"] = "y.png", [""] = "output",
      ["..."] = "output", ["grün.png"] = "grün.png", ["a:b?.png"] = "a_b_.png", ["\xFF.png"] = "_.png",
    } do
      assert.equal(expected, output_name.safe(wanted))
    end
    local long = output_name.safe(("é"):rep(200) .. ".png")
    assert.is_true(#long <= 120)
    assert.matches("é%.png$", long)
    assert.is_number(utf8.len(long))
  end)
end)
