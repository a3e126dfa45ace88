local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"

local function fails(text)
  local value, message = json.decode(text)
  assert.is_nil(value)
  return message
end

describe("core.json.decode", function()
  it("keeps integers and floats apart", function()
    local list = assert(json.decode "[1, 1.0, 1e2, -7, 0, -0.5, 156680208700286]")
    assert.same({ "integer", "float", "float", "integer", "integer", "float", "integer" }, {
      math.type(list[1]), math.type(list[2]), math.type(list[3]), math.type(list[4]),
      math.type(list[5]), math.type(list[6]), math.type(list[7]),
    })
    assert.equal(156680208700286, list[7])
    assert.equal(100.0, list[3])
  end)

  it("is exact over the signed 64-bit range", function()
    assert.equal(math.maxinteger, json.decode "9223372036854775807")
    assert.equal(math.mininteger, json.decode "-9223372036854775808")
  end)

  it("boxes what neither integer nor float can hold", function()
    for _, text in ipairs { "18446744073709551615", "9223372036854775808", "-9223372036854775809", "1e999", "-1e999",
                            "1e-999", "123456789012345678901234567890" } do
      local value = json.decode(text)
      assert.equal("userdata", type(value))
      assert.equal(text, tostring(value))
      assert.equal(text, json.encode(value))
    end
  end)

  it("keeps an integer zero an integer, whatever its sign, and the sign of a float's", function()
    assert.equal("integer", math.type(json.decode "-0"))
    assert.equal("[0,0,-0.0,-0.0,0.0]", json.encode(json.decode "[0,-0,-0.0,-0e5,0e5]"))
    assert.equal("[-0]", json.raw("[-0]"):text())
  end)

  it("tells empty arrays from empty objects, and null from absence", function()
    local value = assert(json.decode '{"list":[],"object":{},"nothing":null}')
    assert.equal(json.array, getmetatable(value.list))
    assert.equal("{}", json.encode(value.object))
    assert.equal(json.null, value.nothing)
    assert.is_nil(value.absent)
  end)

  it("resolves every escape", function()
    assert.equal('"\\/\b\f\n\r\t', json.decode [["\"\\\/\b\f\n\r\t"]])
    assert.equal("A\0é€😀", json.decode [["\u0041\u0000\u00e9\u20AC\ud83d\ude00"]])
  end)

  it("keeps the last of duplicate keys, in small and in large objects", function()
    assert.same({ a = 3, b = 2 }, json.decode '{"a":1,"b":2,"a":3}')
    local parts = {}
    for i = 1, 60 do parts[i] = ('"k%d":%d'):format(i % 30, i) end
    local value = json.decode("{" .. table.concat(parts, ",") .. "}")
    for i = 31, 60 do assert.equal(i, value["k" .. i % 30]) end
  end)

  it("reads arrays and objects of any size", function()
    for _, count in ipairs { 0, 1, 23, 24, 25, 48, 49, 1000 } do
      local items, members = {}, {}
      for i = 1, count do
        items[i] = tostring(i)
        members[i] = ('"key %d":%d'):format(i, i)
      end
      local list = json.decode("[" .. table.concat(items, ",") .. "]")
      assert.equal(count, #list)
      assert.equal(json.array, getmetatable(list))
      for i = 1, count do assert.equal(i, list[i]) end
      local object = json.decode("{" .. table.concat(members, ", ") .. "}")
      for i = 1, count do assert.equal(i, object["key " .. i]) end
    end
  end)

  it("reads 1,000 levels and refuses one more", function()
    assert.is_table(json.decode(("["):rep(1000) .. ("]"):rep(1000)))
    assert.matches("column 1001: nested deeper than 1000 levels", fails(("["):rep(1001) .. ("]"):rep(1001)))
    assert.matches("nested deeper", fails(('{"a":'):rep(200000)))
  end)

  it("says line and column, counted in characters", function()
    assert.equal("line 3, column 7: expected a value", fails '{\n "a": 1,\n "é":\t}')
    assert.equal("line 1, column 1: the text ends too early", fails "")
    assert.equal("line 1, column 1: the text begins with a byte order mark", fails "\xEF\xBB\xBF{}")
    assert.equal("line 1, column 3: something follows the value", fails "1 2")
    assert.equal("line 1, column 8: expected a key in double quotes", fails '{"a":1,}')
    assert.equal("line 1, column 6: expected ':' behind a key", fails '{"a" 1}')
    assert.equal("line 1, column 4: expected ',' or ']'", fails "[1 2]")
    assert.equal("line 1, column 7: expected ',' or '}'", fails '{"a":1]')
  end)

  it("refuses what is not JSON", function()
    for _, text in ipairs {
      "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity", "nul", "truex", "'a'", "{a:1}",
      "[1,]", "[,1]", "[", "]", "{", "}", '{"a"}', '{"a":}', '{1:2}', '"', '"\\', '"\\x41"', '"\\u12G4"', '"\\u12', "1 1",
      '"\n"', '"\t"', '"\0"', "[1]\0", "\0", "// no\n1", "[1 /* no */]", '"\\ud800"', '"\\udc00"', '"\\ud800\\u0041"',
      '"\\ud800\\ud800"', "\v1", "\u{A0}1",
    } do
      fails(text)
    end
  end)

  it("refuses invalid UTF-8", function()
    for _, bytes in ipairs { "\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF",
                             "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE2\x82", "\xF0\x9F\x98", "\xC3" } do
      assert.matches("invalid UTF%-8", fails('"' .. bytes .. '"'))
      assert.matches("invalid UTF%-8", fails('{"0123456789abcdef' .. bytes .. '":1}'))
    end
    for _, text in ipairs { "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}" } do
      assert.equal(text, json.decode('"' .. text .. '"'))
    end
  end)

  it("reads floats correctly rounded", function()
    for _, text in ipairs { "0.1", "2.2250738585072014e-308", "5e-324", "1.7976931348623157e308", "9007199254740993.0",
                            "0.000001", "123456.789e3", "1e22", "1e23", "3.14159265358979323846264338327950288",
                            "100000000000000000000.5", "0.30000000000000004", "1E+2", "0e5", "0.0000e-30" } do
      assert.equal(tonumber(text) + 0.0, json.decode(text))
    end
  end)

  it("does not depend on the locale", function()
    local before = os.setlocale()
    local set
    for _, name in ipairs { "de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "fr_FR.utf8" } do set = set or os.setlocale(name) end
    if not set then return pending "no locale with a decimal comma is installed" end
    local decoded, encoded = json.decode "[1.5,6.02e23]", json.encode { 1.5, 6.02e23 }
    os.setlocale(before)
    assert.same({ 1.5, 6.02e23 }, { decoded[1], decoded[2] })
    assert.equal("[1.5,6.02e+23]", encoded)
  end)
end)

describe("core.json.encode", function()
  it("sorts keys bytewise, also of large objects", function()
    assert.equal('{"":0,"10":1,"9":2,"A":3,"a":4,"aa":5,"é":6}',
      json.encode { ["é"] = 6, aa = 5, a = 4, A = 3, ["9"] = 2, ["10"] = 1, [""] = 0 })
    local object, names = {}, {}
    for i = 1, 20000 do
      names[i] = ("prefix shared %d"):format(i * 7919 % 20011)
      object[names[i]] = i
    end
    table.sort(names)
    local parts = {}
    for i, name in ipairs(names) do parts[i] = ('"%s":%d'):format(name, object[name]) end
    assert.equal("{" .. table.concat(parts, ",") .. "}", json.encode(object))
  end)

  it("keeps a fraction on floats and none on integers", function()
    assert.equal("[1,1.0,-1.0,0.5,100000.0,1e+20,0.001]", json.encode { 1, 1.0, -1.0, 0.5, 1e5, 1e20, 1e-3 })
  end)

  it("writes the shortest text that reads back the same", function()
    for _, text in ipairs { "0.1", "0.30000000000000004", "5e-324", "123456789012345.6", "0.3333333333333333", "2.5e-07",
                            "1.7976931348623157e+308", "1e+15", "9007199254740992.0", "2.2250738585072014e-308" } do
      assert.equal(text, json.encode(tonumber(text)))
    end
    local state = 42
    for _ = 1, 5000 do
      state = state * 6364136223846793005 + 1442695040888963407
      local value = string.unpack("d", string.pack("j", state))
      if value == value and math.abs(value) < math.huge then
        local text = json.encode(value)
        assert.equal(value, json.decode(text))
        assert.is_true(#text:gsub("e.*", ""):gsub("^[-0.]+", ""):gsub("%D", "") <= 18, text)
      end
    end
  end)

  it("writes arrays for tables with keys 1 to n, in whatever order they were set", function()
    assert.equal("[1,2,3]", json.encode { 1, 2, 3 })
    local list = {}
    for i = 40, 1, -1 do list[i] = i end
    assert.equal("[" .. table.concat(list, ",") .. "]", json.encode(list))
    assert.equal("[]", json.encode(json.as_array {}))
    assert.equal("[]", json.encode(json.as_array()))
    assert.equal("{}", json.encode {})
  end)

  it("turns integer keys beside string keys into decimal strings", function()
    assert.equal('{"1":"a","2":"b","x":"c"}', json.encode { "a", "b", x = "c" })
    assert.equal('{"-3":1,"x":{"10":true,"y":[1]}}', json.encode { [-3] = 1, x = { [10] = true, y = { 1 } } })
    assert.error_matches(function() json.encode { [1] = 1, ["1"] = 2 } end, "key 1 exists as a number and as a string")
  end)

  it("refuses holes and stray keys, and says what to do", function()
    assert.error_matches(function() json.encode { a = { [6] = 1 } } end, "at %.a: the keys are not 1 to n; use string keys")
    assert.error_matches(function() json.encode { 1, nil, 3 } end, "json%.null")
    assert.error_matches(function() json.encode(json.as_array { 1, nil, 3 }) end, "an array must be 1 to n")
    assert.error_matches(function() json.encode(json.as_array { 1, x = 2 }) end, "an array must be 1 to n")
    assert.error_matches(function() json.encode { [1.5] = 1, a = 2 } end, "not fractions")
    assert.error_matches(function() json.encode { [true] = 1, a = 2 } end, "must be strings, not boolean")
    assert.error_matches(function() json.encode { [true] = 1 } end, "not 1 to n")
  end)

  it("names the place of what JSON cannot say", function()
    assert.error_matches(function() json.encode { overrides = { ["6"] = { inputs = { seed = print } } } } end,
      "at %.overrides%.6%.inputs%.seed: JSON cannot say a function")
    assert.error_matches(function() json.encode { a = { 1, 0 / 0 } } end, "at %.a%[2%]: JSON has no infinity and no NaN")
    assert.error_matches(function() json.encode(1 / 0) end, "at the top: JSON has no infinity")
    assert.error_matches(function() json.encode { ["a b"] = "\xFF" } end, 'at %["a b"%]: the string is not valid UTF%-8')
    assert.error_matches(function() json.encode { ["\xFFkey"] = 1 } end, 'at %["%?key"%]: the key is not valid UTF%-8')
    assert.error_matches(function() json.encode { co = coroutine.create(print) } end, "at %.co: JSON cannot say a thread")
    assert.error_matches(function() json.encode { file = io.stderr } end, "at %.file: JSON cannot say userdata")
    assert.error_matches(function() json.encode(nil) end, "at the top: JSON cannot say nil")
    assert.error_matches(function() json.encode() end, "value expected")
  end)

  it("refuses a table that contains itself", function()
    local table_ = {}
    table_.again = { table_ }
    assert.error_matches(function() json.encode(table_) end, "%.again.*nested deeper than 1000 levels; does the table contain itself")
  end)

  it("writes 1,000 levels and refuses one more", function()
    local value = json.as_array {}
    for _ = 2, 1000 do value = { value } end
    assert.equal(("["):rep(1000) .. ("]"):rep(1000), json.encode(value))
    assert.error_matches(function() json.encode { value } end, "nested deeper")
  end)

  -- In a process of its own: what writes past the end of a stack breaks it, at once or later.
  it("tells a place at any depth, however little room its stack has", function()
    local place <close> = folder.new()
    local script = place:write("deep.lua", [[
      local json = require "core.json"
      for depth = 1, 200 do
        local value = 1 / 0
        for _ = 1, depth do value = { value } end
        local thread = coroutine.create(json.encode)
        local _, message = coroutine.resume(thread, value)
        collectgarbage()
        print(message)
      end]])
    local status, out, err = child.run { "lua", script }
    assert.equal("", err)
    assert.equal(0, status)
    local messages = {}
    for message in out:gmatch "[^\n]+" do messages[#messages + 1] = message end
    local what, step = ": JSON has no infinity and no NaN", "[1]"
    assert.equal(200, #messages)
    for depth = 1, 12 do assert.equal("at " .. step:rep(depth) .. what, messages[depth]) end
    for depth = 13, 200 do assert.equal("at " .. step:rep(6) .. "..." .. step:rep(6) .. what, messages[depth]) end
  end)

  it("escapes what must be escaped and nothing else", function()
    assert.equal([["\u0000\u0001\b\t\n\u000b\f\r\u001f \"\\/é]] .. "\x7F\u{2028}" .. '"',
      json.encode("\0\1\b\t\n\v\f\r\x1F \"\\/é\x7F\u{2028}"))
    for size = 0, 40 do
      for at = 0, size do
        local text = ("x"):rep(at) .. '"' .. ("é"):rep(size - at)
        assert.equal(text, json.decode(json.encode(text)))
      end
    end
  end)

  it("keeps the order that the script gave; keys not named follow, sorted", function()
    local order = { "name", "type", "absent" }
    local object = json.ordered(order, { z = 1, a = 2, type = "t", name = "n" })
    assert.equal('{"name":"n","type":"t","a":2,"z":1}', json.encode(object))
    assert.equal('[{"type":1},{"name":{"type":2,"a":3}}]',
      json.encode { json.ordered(order, { type = 1 }), json.ordered(order, { name = json.ordered(order, { a = 3, type = 2 }) }) })
    assert.equal("{}", json.encode(json.ordered(order, {})))
    object[1] = true
    assert.equal('{"name":"n","type":"t","1":true,"a":2,"z":1}', json.encode(object))
    object["1"] = false
    assert.error_matches(function() json.encode(object) end, "key 1 exists as a number and as a string")
    assert.error_matches(function() json.ordered({ "a", "a" }, {}) end, "named twice")
    assert.error_matches(function() json.ordered({ 1 }, {}) end, "keys must be strings")
    assert.error_matches(function() json.ordered({}, json.as_array {}) end, "another metatable")
    assert.error_matches(function() json.as_array(setmetatable({}, {})) end, "another metatable")
    assert.equal("[1]", json.encode(json.as_array(json.ordered({}, { 1 }))))
  end)

  it("reads tables raw, whatever their metatables say", function()
    local object = setmetatable({ a = 1 }, { __index = function() error("called") end, __pairs = function() error("called") end })
    assert.equal('{"a":1}', json.encode(object))
  end)

  it("survives a finalizer that encodes while encoding", function()
    local count = 0
    for i = 1, 50 do
      setmetatable({}, { __gc = function() count = count + #json.encode { inner = { i, "text" } } end })
    end
    local object = {}
    for i = 1, 3000 do object[i] = { name = "n" .. i, [i] = true } end
    local expected = json.encode(object)
    collectgarbage()
    assert.equal(expected, json.encode(object))
    assert.is_true(count > 0)
  end)
end)

describe("core.json.integer", function()
  it("gives plain integers where they can hold the digits", function()
    assert.equal(42, json.integer "42")
    assert.equal(math.mininteger, json.integer "-9223372036854775808")
    assert.equal("userdata", type(json.integer "9223372036854775808"))
  end)

  it("compares exactly with its own kind, integers and floats", function()
    local big, bigger = json.integer "18446744073709551615", json.integer "18446744073709551616"
    assert.is_true(big == json.integer "18446744073709551615")
    assert.is_false(big == bigger)
    assert.is_true(big < bigger and bigger > big and big <= big and big >= big)
    assert.is_true(math.maxinteger < big and json.integer "-18446744073709551615" < math.mininteger)
    assert.is_true(big < 2.0 ^ 64 and bigger <= 2.0 ^ 64 and bigger >= 2.0 ^ 64)
    assert.is_true(big < 1 / 0 and big > -1 / 0)
    local nan = 0 / 0
    assert.is_false(big < nan or big > nan or big <= nan)
    assert.is_true(json.decode "1e999" > big and json.decode "1e999" == json.decode "10e998")
    assert.is_true(json.decode "1e-999" > 0 and json.decode "1e-999" < 5e-324)
    assert.is_true(json.decode "1e99999999999999999999" > json.decode "1e999")
  end)

  it("refuses other text", function()
    for _, text in ipairs { "", "-", "1.0", "1e5", "0123", " 1", "1 ", "0x10", "1\0" } do
      assert.error_matches(function() json.integer(text) end, "digits of an integer")
    end
    assert.error(function() return json.integer "18446744073709551615" < "1" .. "x" end)
  end)
end)
