local memory = require "spec.support.memory"
local png = require "core.png"

local crc_table = {}
for n = 0, 255 do
  local c = n
  for _ = 1, 8 do c = c & 1 == 1 and 0xEDB88320 ~ (c >> 1) or c >> 1 end
  crc_table[n] = c
end

local function crc32(bytes)
  local c = 0xFFFFFFFF
  for i = 1, #bytes do c = crc_table[(c ~ bytes:byte(i)) & 0xFF] ~ (c >> 8) end
  return c ~ 0xFFFFFFFF
end

-- The chunks of an image, { type, data } in order; checks signature, lengths and sums on the way.
local function chunks(bytes)
  assert.equal("\137PNG\r\n\26\n", bytes:sub(1, 8))
  local list, at = {}, 9
  while at <= #bytes do
    local size, kind = string.unpack(">I4c4", bytes, at)
    local data = bytes:sub(at + 8, at + 7 + size)
    assert.equal(size, #data)
    assert.equal(crc32(kind .. data), (string.unpack(">I4", bytes, at + 8 + size)))
    list[#list + 1] = { kind, data }
    at = at + 12 + size
  end
  return list
end

local function kinds(list)
  local names = {}
  for i, chunk in ipairs(list) do names[i] = chunk[1] end
  return names
end

describe("core.png", function()
  it("encodes 8-bit RGB with its header, data and end", function()
    local list = chunks(assert(png.encode(3, 2, ("\1\2\3"):rep(6))))
    assert.same({ "IHDR", "IDAT", "IEND" }, kinds(list))
    assert.equal(string.pack(">I4I4BBBBB", 3, 2, 8, 2, 0, 0, 0), list[1][2])
    assert.equal("", list[3][2])
  end)

  it("writes text chunks before the data, in the order given", function()
    local texts = { { "workflow", '{"nodes": []}' }, { "prompt", "{}" }, { "workflow", "" } }
    local list = chunks(assert(png.encode(1, 1, "abc", texts)))
    assert.same({ "IHDR", "tEXt", "tEXt", "tEXt", "IDAT", "IEND" }, kinds(list))
    assert.equal('workflow\0{"nodes": []}', list[2][2])
    assert.equal("prompt\0{}", list[3][2])
    assert.equal("workflow\0", list[4][2])
  end)

  it("takes a text of many megabytes", function()
    local text = ("0123456789abcdef"):rep(128 * 1024)
    local list = chunks(assert(png.encode(1, 1, "abc", { { "prompt", text } })))
    assert.equal("prompt\0" .. text, list[2][2])
  end)

  it("encodes different pixels differently, the same ones alike", function()
    local first, second = ("\0\1\2"):rep(64 * 64), ("\0\1\3"):rep(64 * 64)
    assert.equal(png.encode(64, 64, first), png.encode(64, 64, first))
    assert.not_equal(png.encode(64, 64, first), png.encode(64, 64, second))
  end)

  it("encodes the longest row and the tallest column", function()
    local line = ("x"):rep(16384 * 3)
    assert.equal("IHDR", chunks(assert(png.encode(16384, 1, line)))[1][1])
    assert.equal("IHDR", chunks(assert(png.encode(1, 16384, line)))[1][1])
  end)

  it("is decoded by others to the same pixels", function()
    local path, pixels = os.tmpname(), {}
    for i = 1, 40 * 30 * 3 do pixels[i] = string.char((i * i // 7 + i % 13) & 255) end
    local image = png.encode(40, 30, table.concat(pixels), { { "prompt", "{}" } })
    local file = assert(io.open(path, "wb"))
    file:write(image)
    file:close()
    local pipe = assert(io.popen("python3 spec/support/png_pixels.py " .. path, "r"))
    local decoded = pipe:read("a")
    pipe:close()
    os.remove(path)
    assert.is_true(table.concat(pixels) == decoded)
  end)

  it("refuses misuse", function()
    assert.error_matches(function() png.encode(0, 1, "") end, "a size from 1 to 16384 is expected")
    assert.error_matches(function() png.encode(1, 16385, "") end, "a size from 1 to 16384 is expected")
    assert.error_matches(function() png.encode(2, 2, ("x"):rep(11)) end, "width * height * 3 bytes are expected", 1, true)
    assert.error_matches(function() png.encode(1, 1, "abc", "text") end, "table expected")
    assert.error_matches(function() png.encode(1, 1, "abc", { "text" }) end, "text 1: a pair of strings is expected")
    assert.error_matches(function() png.encode(1, 1, "abc", { { "a" } }) end, "text 1: a pair of strings is expected")
    assert.error_matches(function() png.encode(1, 1, "abc", { { "a", "b" }, { "", "" } }) end, "text 2: a keyword of 1 to 79")
    assert.error_matches(function() png.encode(1, 1, "abc", { { ("k"):rep(80), "" } }) end, "a keyword of 1 to 79 bytes")
    assert.error_matches(function() png.encode(1, 1, "abc", { { "k\0", "" } }) end, "a keyword of 1 to 79 bytes")
    assert.error_matches(function() png.encode(1, 1, "abc", { { "k", "a\0b" } }) end, "a value without zero bytes")
  end)

  it("leaves nothing behind when memory runs out", function()
    local texts = { { "prompt", "{}" } }
    assert.is_true(memory.sweep(function() assert(png.encode(1, 1, "abc", texts)) end) > 0)
  end)
end)
