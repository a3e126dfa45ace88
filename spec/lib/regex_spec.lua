local regex = require "lib.regex"

local function matches(pattern, text)
  return assert(regex.compile(pattern)):matches(text)
end

describe("lib.regex", function()
  local cases = {
    { "abc", "xabcx", true }, { "^abc$", "xabc", false }, { "^abc$", "abc", true },
    { "^a*$", "", true }, { "^a+$", "", false }, { "^a?b$", "b", true }, { "^(ab)+$", "ababab", true },
    { "^(a|bc|)d$", "bcd", true }, { "^(a|bc|)d$", "d", true }, { "^(a|bc)d$", "d", false },
    { "^[a-c]{2,3}$", "abc", true }, { "^[a-c]{2,3}$", "abca", false }, { "^[^a-c]$", "d", true },
    { "^[0-9]{2}$", "12", true }, { "^x{2,}$", "xxxxx", true }, { "^x{0}$", "", true },
    { "^\\d\\D\\w\\W\\s\\S$", "1aa- x", true }, { "^[\\d-]+$", "1-2", true },
    { "^.$", "é", true }, { "^🐲*$", "🐲🐲", true }, { "^.$", "\n", false }, { "^\\u00e9\\x41$", "éA", true },
    { "^\\u{1F432}$", "🐲", true }, { "^\\cA\\t$", "\1\t", true }, { "\\bfoo\\b", "a foo b", true },
    { "\\bfoo\\b", "afoo", false }, { "^a\\.b\\/$", "a.b/", true }, { "^(?:a|b)(?<name>c)$", "bc", true },
    { "^\\p{L}+$", "aÄжβ漢", true }, { "^\\p{L}+$", "a1", false }, { "^\\P{L}+$", "1 -", true },
    { "^\\p{Lu}\\p{Ll}+$", "Жизнь", true },
    { "^\\p{Letter}$", "ß", true }, { "^\\p{Nd}+$", "1٣", true }, { "^\\p{digit}$", "Ⅷ", false }, { "^\\p{N}$", "Ⅷ", true },
    { "^[\\p{L}\\p{Nd}_-]+$", "grün_7-x", true }, { "^[^\\p{L}]$", "é", false }, { "^\\p{gc=Sc}$", "€", true },
    { "^\\p{General_Category=Punctuation}$", "!", true }, { "^\\p{punct}$", "a", false }, { "^\\p{ASCII}+$", "aé", false },
    { "^\\p{Any}$", "🐲", true }, { "^\\p{So}$", "🐲", true }, { "^\\p{Cn}$", "\u{0378}", true }, { "^\\p{C}$", "\t", true },
    { "^\\p{LC}$", "ǅ", true }, { "^\\p{Lt}$", "ǅ", true }, { "^\\p{Assigned}$", "a", true }, { "^\\p{M}$", "\u{0301}", true },
    { "^a{,2}$", "a{,2}", true }, { "a*?b", "aab", true }, { "^$", "", true },
  }
  for _, case in ipairs(cases) do
    local pattern, text, expected = table.unpack(case)
    it(("%q %s %q"):format(pattern, expected and "matches" or "does not match", text), function()
      assert.equal(expected, matches(pattern, text))
    end)
  end

  for pattern, message in pairs {
    ["(a"] = "parenthesis", ["a)"] = "parenthesis", ["[a"] = "bracket", ["*"] = "nothing to repeat", ["(?=a)"] = "look-around",
    ["(a)\\1"] = "back references", ["\\"] = "backslash", ["[z-a]"] = "order", ["a{3,2}"] = "order",
    ["\\p{Script=Greek}"] = "'Script=Greek' is not known",
    ["\\p{L"] = "in braces", ["\\pL"] = "in braces",
    ["\\x4"] = "malformed", ["\\y"] = "unknown escape", ["(((a{99}){99}){99})"] = "too large", ["\255"] = "UTF-8",
  } do
    it(("refuses %q and says why"):format(pattern), function()
      local compiled, err = regex.compile(pattern)
      assert.is_nil(compiled)
      assert.matches(message, err, 1, true)
    end)
  end

  it("does not run away on a pattern that makes backtracking engines explode", function()
    assert.is_false(matches("^(a|a)*(a|a)*(a*)*b$", ("a"):rep(2000)))
  end)

  it("compiles patterns of so many characters and no more, each once", function()
    local function compile_both(first, second)
      assert(regex.compile(first))
      assert(regex.compile(first))
      return regex.compile(second)
    end
    assert.is_truthy(regex.within(6, compile_both, "é{3}", "b+"))
    local compiled, message = regex.within(6, compile_both, "é{3}", "b*c")
    assert.is_nil(compiled)
    assert.equal("all patterns up to 'b*c' have more than 6 characters", message)
    assert.has_error(function() regex.within(1, error, "raised", 0) end, "raised")
    assert(regex.compile "any number")
  end)
end)
