local csv = assert(loadfile("recipes/lib/csv.lua"))()

describe("recipes/lib/csv", function()
  it("reads what spreadsheets write", function()
    local rows = csv.parse('\xEF\xBB\xBFname,text\r\nfox,"two\r\nlines, and a ""quote"""\r\nowl,\r\n')
    assert.same({ { name = "fox", text = 'two\r\nlines, and a "quote"' }, { name = "owl" } }, rows)
  end)

  it("needs no line break at the end, and passes over empty lines", function()
    assert.same({ { a = "1", b = "2" }, { a = "3", b = "4" } }, csv.parse "a,b\n1,2\n\n3,4")
  end)

  for text, message in pairs {
    ['a\n"x'] = "row 2: a quote is never closed",
    ['a\n"x"y\n'] = "row 2: text follows a closing quote",
    ['"a\n'] = "the first line: a quote is never closed",
    ["a\n1,2\n"] = "row 2 has 2 cells, the first line names 1",
    [""] = "at least one row",
  } do
    it("refuses " .. ("%q"):format(text), function()
      local rows, problem = csv.parse(text)
      assert.is_nil(rows)
      assert.matches(message, problem, 1, true)
    end)
  end
end)
