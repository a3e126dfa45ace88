local parser = require "lib.regex.parser"

-- The shape of a tree: its operations, without the sets.
local function shape(node)
  if node.op == "set" then return "." end
  if node.op == "start" then return "^" end
  if node.op == "finish" then return "$" end
  if node.op == "boundary" then return node.wanted and "b" or "B" end
  local parts = {}
  for i, child in ipairs(node) do parts[i] = shape(child) end
  local text = table.concat(parts, node.op == "alternatives" and "|" or "")
  if node.op == "repeat" then return ("%s{%d,%s}"):format(text, node.low, node.high == math.huge and "" or node.high) end
  return "(" .. text .. ")"
end

local function parsed(pattern)
  return shape(parser.parse(pattern))
end

local function problem(pattern)
  local ok, err = pcall(parser.parse, pattern)
  assert.is_false(ok, pattern .. " was taken")
  return err.regex
end

-- Whether the only set of a pattern has a character.
local function has(pattern, character)
  return parser.parse(pattern)[1].set(utf8.codepoint(character))
end

describe("lib.regex.parser", function()
  it("reads sequences, alternatives and groups", function()
    assert.equal("()", parsed "")
    assert.equal("(...)", parsed "abc")
    assert.equal("((..)|(.)|())", parsed "ab|c|")
    assert.equal("(.((.)|(.)).)", parsed "a(?:b|c)d")
    assert.equal("(.(.))", parsed "a(?<name>b)")
    assert.equal("(^bB$)", parsed "^\\b\\B$")
  end)

  it("reads quantifiers, lazy ones as greedy ones", function()
    assert.equal("(.{0,}.{1,}.{0,1})", parsed "a*b+c?")
    assert.equal("(.{0,}.{1,}.{0,1})", parsed "a*?b+?c??")
    assert.equal("(.{2,2}.{3,}.{0,4})", parsed "a{2}b{3,}c{0,4}")
    assert.equal("((..){2,3})", parsed "(ab){2,3}")
  end)

  it("takes braces that are no quantifier for themselves", function()
    assert.equal("(....)", parsed "a{x}")
    assert.equal("(....)", parsed "a{,2")
    assert.equal("(..)", parsed "{}")
  end)

  it("reads classes with their ranges, and what means something elsewhere as itself", function()
    assert.is_true(has("[a-c]", "b"))
    assert.is_false(has("[a-c]", "d"))
    assert.is_true(has("[^a-c]", "d"))
    assert.is_true(has("[a-]", "-"))
    assert.is_true(has("[.*$]", "*"))
    assert.is_false(has("[.]", "x"))
    assert.is_true(has("[\\d_]", "7"))
    assert.is_true(has("[\\-x]", "-"))
    assert.is_true(has("[\\b]", "\b"))
    assert.is_false(has("[]", "a"))
    assert.is_true(has("[^]", "a"))
  end)

  it("reads escapes", function()
    assert.is_true(has("\\x41", "A"))
    assert.is_true(has("\\u00e9", "é"))
    assert.is_true(has("\\u{1F600}", "😀"))
    assert.is_true(has("\\cA", "\1"))
    assert.is_true(has("\\n", "\n"))
    assert.is_true(has("\\/", "/"))
    assert.is_true(has("\\p{Lu}", "Ä"))
    assert.is_true(has("\\P{Lu}", "ä"))
    assert.is_false(has(".", "\n"))
  end)

  it("says what is wrong, and at which character", function()
    assert.equal("nothing to repeat at character 2 of pattern '*a'", problem "*a")
    assert.matches("a parenthesis is not closed", problem "(a")
    assert.matches("an unopened parenthesis", problem "a)")
    assert.matches("a bracket is not closed", problem "[a")
    assert.matches("a range out of order", problem "[z-a]")
    assert.matches("a range out of order", problem "[a-\\d]")
    assert.matches("a quantifier out of order", problem "a{3,2}")
    assert.matches("a backslash at the end", problem "a\\")
    assert.matches("malformed escape", problem "\\x4")
    assert.matches("malformed escape", problem "\\u{zz}")
    assert.matches("unknown escape \\y", problem "\\y", 1, true)
    assert.matches("\\c wants a letter", problem "\\c1", 1, true)
    assert.matches("\\p wants a property in braces", problem "\\pL", 1, true)
    assert.matches("the Unicode property 'Klingon' is not known", problem "\\p{Klingon}")
  end)

  it("refuses what no automaton can do", function()
    for _, pattern in ipairs { "(a)\\1", "(?<n>a)\\k<n>" } do assert.matches("back references are not supported", problem(pattern)) end
    for _, pattern in ipairs { "(?=a)", "(?!a)", "(?<=a)", "(?<!a)" } do
      assert.matches("look-around is not supported", problem(pattern), 1, true)
    end
  end)

  it("bounds length and depth, and wants UTF-8", function()
    assert.equal(10000, #parser.parse(("é"):rep(10000)))
    assert.matches("over 10000 characters", problem(("é"):rep(10001)))
    assert.equal("(", parsed(("("):rep(99) .. "a" .. (")"):rep(99)):sub(1, 1))
    assert.matches("nested too deep", problem(("("):rep(100) .. "a" .. (")"):rep(100)))
    assert.equal("the pattern is not valid UTF-8", problem "\xFF")
  end)
end)
