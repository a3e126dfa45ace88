local json = require "core.json"
local terminal = require "cli.shared.terminal"

describe("cli.shared.terminal", function()
  it("takes out what a terminal would obey, and leaves lines, tabs and all characters", function()
    assert.equal("a?[31mred?[0m", terminal.plain "a\27[31mred\27[0m")
    assert.equal("?]0;title?", terminal.plain "\27]0;title\7")
    assert.equal("?31m", terminal.plain "\u{9B}31m")
    assert.equal("?0;x?", terminal.plain "\u{9D}0;x\u{9C}")
    assert.equal("\u{FFFD}31m \u{FFFD}0;x", terminal.plain "\x9B31m \x9D0;x")
    assert.equal("a?b?c?", terminal.plain "a\rb\8c\127")
    assert.equal("safe ?eteled?", terminal.plain "safe \u{202E}eteled\u{202C}")
    assert.equal("?a?b?", terminal.plain "\u{2066}a\u{202B}b\u{2069}")
    for _, text in ipairs { "one\n\ttwo", "שלום \u{200F}", "é € 😀 \u{A0} \u{BF} Ж", "" } do assert.equal(text, terminal.plain(text)) end
  end)

  it("writes the same as JSON text, escaped", function()
    local value = "\27[31m \u{202E}x\u{2069} \u{9B}31m \127 é \u{C2}\u{BF}"
    local text = terminal.json(json.encode { value })
    assert.equal(text, terminal.plain(text))
    assert.equal(value, json.decode(text)[1])
  end)
end)
