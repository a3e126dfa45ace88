local csv = assert(loadfile("recipes/lib/csv.lua"))()

describe("recipes/lib/csv", function()
  it("reads what spreadsheets write", function()
    local rows = csv.parse('\xEF\xBB\xBFname,text\r\nfox,"two\r\nlines, and a ""quote"""\r\nowl,\r\n')
    assert.same({ { name = "fox", text = 'two\r\nlines, and a "quote"' }, { name = "owl" } }, rows)
  end)

  it("needs no line break at the end, and passes over empty lines", function()
    assert.same({ { a = "1", b = "2" }, { a = "3", b = "4" } }, csv.parse "a,b\n1,2\n\n3,4")
  end)

  it("takes semicolons and tabs, as the first line has them or as Excel says", function()
    local expected = { { a = "1", b = "2,5" } }
    assert.same(expected, csv.parse 'a;b\n1;2,5\n')
    assert.same(expected, csv.parse 'a\tb\n1\t2,5\n')
    assert.same(expected, csv.parse 'sep=;\r\na;b\r\n1;2,5\r\n')
    assert.same({ { ["a;b"] = "1", c = "2" } }, csv.parse '"a;b",c\n1,2\n')
  end)

  it("leaves out blanks around names and quotes, empty columns and empty rows, and counts as the spreadsheet does", function()
    local rows, names, numbers = csv.parse ' a , b\u{A0},\n1, "x y" ,\n\n,,\n , z,\n'
    assert.same({ { a = "1", b = "x y" }, { b = " z" } }, rows)
    assert.same({ "a", "b", "" }, names)
    assert.same({ 2, 5 }, numbers)
  end)

  it("passes over empty lines before the names, and counts them", function()
    local rows, names, numbers = csv.parse "\r\n \n\na,b\n1,2\n"
    assert.same({ { { a = "1", b = "2" } }, { "a", "b" }, { 5 } }, { rows, names, numbers })
  end)

  it("takes line ends of old Macs, the end mark of old programs, and names with what nobody sees", function()
    local expected = { { a = "1", b = "2" } }
    for _, text in ipairs { "a,b\r1,2\r", "a,b\n1,2\n\26", "a,b\r\n1,2\r\n\26", "sep=;\ra;b\r1;2", "a\u{200B},\u{FEFF}b\n1,2\n" } do
      assert.same(expected, (csv.parse(text)), text)
    end
    assert.same({ { a = "x\ry", b = "2" } }, (csv.parse 'a,b\r"x\ry",2\r'))
  end)

  for text, message in pairs {
    ["a,b\n1,2\n3,x\0y\n"] = "row 3, column 'b': has a zero byte: the table seems to be in UTF-16",
    ["a\0,b\n1,2\n"] = "the first line has a zero byte",
    ["a,b;c\n"] = "the first line has as many commas as semicolons",
    ["a,b,a\n1,2,3\n"] = "the first line names 'a' twice",
    ["a,\n1,2\n"] = "row 2: column 2 has no name in the first line",
    ["a,b\n1,2\n3,caf\xE9\n"] = "row 3, column 'b': byte 0xE9 is not UTF-8",
    ["caf\xE9,b\n1,2\n"] = "the first line, column 1, is not UTF-8",
    [",\n1,2\n"] = "a first line with names",
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
