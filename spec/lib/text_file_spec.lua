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

  describe("of a path", function()
    local path

    before_each(function() path = os.tmpname() end)
    after_each(function() os.remove(path) end)

    local function write(bytes)
      local file = assert(io.open(path, "wb"))
      file:write(bytes)
      file:close()
    end

    it("is read within its limit", function()
      write(("x"):rep(200000))
      assert.equal(200000, #text_file.read(path, 200000))
      local text, message = text_file.read(path, 199999)
      assert.is_nil(text)
      assert.equal(path .. ": it has more than the 199999 bytes that are read of it", message)
      assert.matches("more than the 1000 bytes", select(2, text_file.read("/dev/zero", 1000)))
    end)

    it("is taken out of what stands around it", function()
      write ""
      assert.equal("", text_file.read(path, 10))
      write "\xEF\xBB\xBFkey"
      assert.equal("key", text_file.read(path, 10))
      write "\xFF\xFEa\0\n"
      assert.matches("^" .. path .. ": line 1, column 2: ", select(2, text_file.read(path, 10)))
    end)

    it("is refused with one form of words, whatever is in the way", function()
      local _, message, code = text_file.read("/nonexistent/key", 10)
      assert.equal("/nonexistent/key: No such file or directory", message)
      assert.is_true(text_file.is_missing(code))
      _, message, code = text_file.read("/", 10)
      assert.equal("/: Is a directory", message)
      assert.is_false(text_file.is_missing(code))
      write "caf\xE9"
      assert.equal("caf\xE9", text_file.read(path, 10))
      assert.matches("^" .. path .. ": line 1, column 4: byte 0xE9", select(2, text_file.read(path, 10, text_file.decode)))
    end)
  end)
end)
