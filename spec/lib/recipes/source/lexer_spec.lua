local lexer = require "lib.recipes.source.lexer"

local function kinds(text)
  local list = {}
  for i, token in ipairs(lexer.tokens(text)) do list[i] = token.kind .. (token.value and " " .. token.value or "") end
  return list
end

describe("recipes.lint.lexer", function()
  it("tells names, keywords, operators, strings and numbers apart", function()
    assert.same({ "keyword local", "name x_1", "op =", "string a b", "op ..", "number 12", "eof" }, kinds 'local x_1 = "a b" .. 12')
    assert.same({ "op ...", "op ..", "op .", "op ==", "op =", "op //", "op /", "op ::", "op :", "op <<", "op <", "op ~=", "op ~", "eof" },
      kinds "... .. . == = // / :: : << < ~= ~")
  end)

  it("reads every form of a number", function()
    for _, number in ipairs { "3", "3.", ".5", "3.25e-10", "1E+5", "0xff", "0XA.8p1", "0x.1P-2", "0x1e" } do
      assert.same({ "number " .. number, "op +", "name n", "eof" }, kinds(number .. "+n"), number)
    end
    assert.same({ "number 1", "op ..", "number 2", "eof" }, kinds "1 ..2")
  end)

  it("reads every form of a string, with its text where that is plain", function()
    assert.same({ "string it's", "string [x]", "string two\nlines", "eof" }, kinds [==["it's" [=[[x]]=] [[two
lines]]]==])
    assert.same({ "string", "string", "name y", "eof" }, kinds [["a\"b" '\\' y]])
    assert.same({ "string", "name y", "eof" }, kinds '"a\\z\n   b" y')
  end)

  it("skips comments of both forms, and the line that names an interpreter", function()
    assert.same({ "name a", "name b", "name c", "eof" }, kinds "#!/usr/bin/rcmcp\na --[==[ no\n]] ]==] b -- [[ no\nc --[no")
    assert.same({ "eof" }, kinds "--")
  end)

  it("counts lines through strings and comments", function()
    local tokens = lexer.tokens "a\n--[[\n\n]] b\n[[\n\n]] c\n'x\\\ny' d"
    local lines = {}
    for i, token in ipairs(tokens) do lines[i] = token.line end
    assert.same({ 1, 4, 5, 7, 8, 9, 9 }, lines)
  end)
end)
