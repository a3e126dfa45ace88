local dialects = require "lib.recipes.source.dialects"
local folder = require "spec.support.folder"
local lint = require "lib.workbench.lint"
local loader = require "lib.recipes.load.loader"

-- Lua's message for the line, in the middle of a function, with what is added to it.
local function explained(line)
  local text = "local a, b, t\nlocal function f(x)\n" .. line .. "\nreturn x end\nreturn f"
  local chunk, message = load(text, "@poster.lua", "t")
  assert.is_nil(chunk, line .. " is Lua")
  return dialects.explained(text, message)
end

describe("a hint for who comes from another language", function()
  local meant = {
    ["if a != b then end"] = "not equal is ~=", ["if a !== b then end"] = "not equal is ~=", ["a += 1"] = "write x = x + y",
    ["a -= 1"] = "write x = x + y", ["a++"] = "Lua has no ++", ["if a && b then end"] = "Lua says 'and'",
    ["if a || b then end"] = "Lua says 'or'", ["if !a then end"] = "Lua says 'not'", ["// a comment"] = "comments begin with --",
    ["/* a comment */"] = "comments begin with --", ["# a comment"] = "comments begin with --", ["const c = 1"] = "declare with local",
    ["let c = 1"] = "declare with local", ["var c = 1"] = "declare with local", ["local c = “hi”"] = "U+201C is a typographic quote",
    ["local c = ‘hi’"] = "U+2018 is a typographic quote", ["local c\u{A0}= 1"] = "U+00A0 is a space that is none to Lua",
    ["local c = 1 – 2"] = "U+2013 is a dash", ["for i = 1, 2 do if a then continue end end"] = "Lua has no continue",
    ["local c = a ? 1 : 2"] = "Lua has no a ? b : c", ["local g = (y) => y"] = "a function is function(x)",
    ["local c = { name: 'x' }"] = "it is name = value", ["local c = ['a', 'b']"] = "a list is {",
    ["local c = { a = 1 b = 2 }"] = "is a comma missing before it",
    ["if a = b then end"] = "equal is ==", ["local c = `x`"] = "texts stand in",
  }

  for line, advice in pairs(meant) do
    it("stands on its line: " .. line, function()
      local message = explained(line)
      assert.matches("^poster.lua:3: ", message)
      assert.matches(advice, message, 1, true)
    end)
  end

  it("stands where the mistake is when Lua stops later", function()
    assert.matches("^poster.lua:3: elseif is one word.*Lua stopped at line", explained "if a then b = 1 else if b then b = 2 end")
    assert.matches("^poster.lua:3: comments begin with %-%-.*Lua stopped at line 4", explained "a = 1 // a comment")
  end)

  it("is not taken from texts and comments, and leaves other mistakes alone", function()
    assert.is_nil(explained("local c = 'a != b' +"):find("~=", 1, true))
    assert.is_nil(explained("t[ -- a && b"):find("'and'", 1, true))
  end)

  it("reads a long line and a long text in linear time", function()
    assert.is_nil((dialects.advice(("("):rep(200000), 1, "unexpected symbol near <eof>")))
    assert.is_nil((dialects.advice(("'\\"):rep(100000), 1, "unfinished string")))
  end)

  it("stands in what loading says, and in what check says", function()
    local place <close> = folder.new()
    local path = place:write("poster.lua", 'local rc = require "rc"\nif rc != nil then end')
    local _, err = loader.load(path)
    assert.matches("^poster.lua:2: .*not equal is ~=", err.message)
    local finding = lint.check_file(path)[1]
    assert.equal(2, finding.line)
    assert.matches("not equal is ~=", finding.message, 1, true)
  end)
end)
