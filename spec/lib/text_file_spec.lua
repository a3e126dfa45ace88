local text_file = require "lib.text_file"

-- ASCII and a few more as UTF-16.
local function utf16(text, format)
  local units = {}
  for _, code in utf8.codes(text) do
    if code >= 0x10000 then
      code = code - 0x10000
      units[#units + 1] = string.pack(format, 0xD800 + (code >> 10))
      code = 0xDC00 + (code & 0x3FF)
    end
    units[#units + 1] = string.pack(format, code)
  end
  return table.concat(units)
end

describe("lib.text_file", function()
  it("reads UTF-8 with and without a byte order mark", function()
    assert.equal("né 😀", text_file.decode "né 😀")
    assert.equal("né", text_file.decode "\xEF\xBB\xBFné")
    assert.equal("", text_file.decode "")
  end)

  it("reads UTF-16 of both orders, with a mark and, where ASCII tells it, without", function()
    local text = "prompt;seed\r\nein Fuchs, né 😀;7\r\n"
    assert.equal(text, text_file.decode("\xFF\xFE" .. utf16(text, "<I2")))
    assert.equal(text, text_file.decode("\xFE\xFF" .. utf16(text, ">I2")))
    assert.equal(text, text_file.decode(utf16(text, "<I2")))
    assert.equal(text, text_file.decode(utf16(text, ">I2")))
    assert.equal("", text_file.decode "\xFF\xFE")
  end)

  for name, case in pairs {
    ["Latin-1"] = { "a,b\nfox,caf\xE9", 2, 8, "byte 0xE9 is not UTF-8" },
    ["a byte that ends too early"] = { "\xC3", 1, 1, "byte 0xC3 is not UTF-8" },
    ["characters before it, counted as such"] = { "éé\xFF", 1, 3, "byte 0xFF is not UTF-8" },
    ["half a character of UTF-16"] = { "\xFF\xFEa\0\n\0b\0\x00\xD8", 2, 2, "the UTF-16 of this file is damaged" },
    ["an odd byte of UTF-16"] = { "\xFE\xFF\0a\0", 1, 2, "the UTF-16 of this file is damaged" },
  } do
    it("refuses " .. name .. " with line and column", function()
      local text, problem = text_file.decode(case[1])
      assert.is_nil(text)
      assert.equal(case[2], problem.line)
      assert.equal(case[3], problem.column)
      assert.matches(("line %d, column %d: "):format(case[2], case[3]), problem.message, 1, true)
      assert.matches(case[4], problem.message, 1, true)
    end)
  end
end)
