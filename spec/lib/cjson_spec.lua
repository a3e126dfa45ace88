--- The cases that lua-cjson publishes (inputs and outputs), and what is ours.  Left out, since they assert a loss:
---   all octets, raw and escaped: bytes that are no UTF-8 pass there; here they are refused
---   2^53 as 9.007199254741e+15 before a precision is set: digits are lost there
---   `[]` decoded and encoded as `{}`: here it stays an array
--- The comma locale is json_spec's; its version is that of another release.

local cjson_of = require "lib.cjson"
local copies = require "lib.recipes.boundary.copies"
local json = require "core.json"
local kit = require "spec.support.rc"
local lint = require "lib.workbench.lint"
local recipes = require "spec.support.recipe"
local scratch = require "spec.support.scratch"

local INF, NAN = math.huge, 0 / 0

local function instance()
  local modules = cjson_of.modules()
  return modules.cjson(), modules["cjson.safe"]()
end

local function raises(message, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.same({ false, message }, { ok, err })
end

local function nested(depth)
  local value = { 10, false, true, json.null }
  for _ = 1, depth do value = { value, "string", a = value } end
  return value
end

describe("lib.cjson", function()
  it("decodes what is JSON", function()
    local c = instance()
    for text, value in pairs {
      ['"test string"'] = "test string", ["true"] = true, ["null"] = c.null,
      ['{ "1": "one", "3": "three" }'] = { ["1"] = "one", ["3"] = "three" }, ['[ "one", null, "three" ]'] = { "one", c.null, "three" },
      ['["a=1&b=2"]'] = { "a=1&b=2" }, ['["\\uF800"]'] = { "\239\160\128" }, ['"\\uD83E\\uDD8A"'] = "🦊",
    } do
      assert.same(value, c.decode(text))
    end
    assert.is_false(c.decode "false")
    for i, number in ipairs { 0.0, -5000, -1, 0.0003, 1023.2, 0 } do
      assert.equal(number, c.decode("[ 0.0, -5e3, -1, 0.3e-3, 1023.2, 0e10 ]")[i])
    end
    local kinds = c.decode "[10, 10.0, 3.5]"
    assert.same({ "integer", "float", "float" }, { math.type(kinds[1]), math.type(kinds[2]), math.type(kinds[3]) })
  end)

  it("says in lua-cjson's words what is no JSON", function()
    local c = instance()
    for text, message in pairs {
      ['\0"\0"'] = "JSON parser does not support UTF-16 or UTF-32", ['"\0"\0'] = "JSON parser does not support UTF-16 or UTF-32",
      ['{ "unexpected eof": '] = "Expected value but found T_END at character 21", [""] = "Expected value but found T_END at character 1",
      ['{ "extra data": true }, false'] = "Expected the end but found T_COMMA at character 23",
      [ [[ { "bad escape \q code" } ]] ] = "Expected object key string but found invalid escape code at character 16",
      [ [[ { "bad unicode \u0f6 escape" } ]] ] = "Expected object key string but found invalid unicode escape code at character 17",
      [' [ "bad barewood", test ] '] = "Expected value but found invalid token at character 20",
      ["[ -+12 ]"] = "Expected value but found invalid number at character 3",
      ["-v"] = "Expected value but found invalid number at character 1",
      ["[ 0.4eg10 ]"] = "Expected comma or array end but found invalid token at character 6",
      ["Infrared"] = "Expected the end but found invalid token at character 4",
      ["Noodle"] = "Expected value but found invalid token at character 1",
      ['"abc'] = "Expected value but found unexpected end of string at character 5",
      ["[1,]"] = "Expected value but found T_ARR_END at character 4",
      ['{"a" 1}'] = "Expected colon but found T_INTEGER at character 6",
      ["{1:2}"] = "Expected object key string but found T_INTEGER at character 2",
      ['{"a":1 "b":2}'] = "Expected comma or object end but found T_STRING at character 8",
    } do
      raises(message, c.decode, text)
    end
    for _, text in ipairs { '"\\uDC00\\uD800"', '"\\uDB00\\uDB00"', '"\\uDB00"', '"\\uDB00\\uD"' } do
      raises("Expected value but found invalid unicode escape code at character 2", c.decode, text)
    end
  end)

  it("takes numbers that are no JSON, unless it is told not to", function()
    local c = instance()
    assert.equal(13.9921875, c.decode "0x6.ffp1")
    assert.same({ 123, 0.33 }, c.decode "[ 0123, 00.33 ]")
    assert.same({ INF, INF, -INF }, c.decode "[ +Inf, Inf, -Inf ]")
    assert.same({ INF, INF, -INF }, c.decode "[ +Infinity, Infinity, -Infinity ]")
    for _, value in ipairs(c.decode "[ +NaN, NaN, -NaN ]") do assert.is_true(value ~= value) end
    assert.is_false(c.decode_invalid_numbers(false))
    raises("Expected value but found invalid number at character 1", c.decode, "0x6")
    raises("Expected value but found invalid number at character 3", c.decode, "[ 0123, 00.33 ]")
    for _, text in ipairs { "[ +Inf, Inf, -Inf ]", "[ +Infinity, Infinity, -Infinity ]", "[ +NaN, NaN, -NaN ]" } do
      raises("Expected value but found invalid token at character 3", c.decode, text)
    end
    assert.is_true(c.decode_invalid_numbers "on")
  end)

  it("keeps to the depths that are set", function()
    local c = instance()
    assert.equal(5, c.decode_max_depth(5))
    assert.same({ { { { { "nested" } } } } }, c.decode '[[[[[ "nested" ]]]]]')
    raises("Found too many nested data structures (6) at character 6", c.decode, '[[[[[[ "nested" ]]]]]]')
    assert.equal("nested", c.decode('{"a":{"b":{"c":{"d":{"e":"nested"}}}}}').a.b.c.d.e)
    raises("Found too many nested data structures (6) at character 26", c.decode, '{"a":{"b":{"c":{"d":{"e":{"f":"nested"}}}}}}')
    assert.equal(1000, c.decode_max_depth(1000))
    raises("Found too many nested data structures (1001) at character 1001", c.decode, ("["):rep(1100) .. "1100" .. ("]"):rep(1100))
    assert.equal(2000, c.decode_max_depth(2000))
    assert.is_table(c.decode(("["):rep(1100) .. "1100" .. ("]"):rep(1100)))

    assert.equal(5, c.encode_max_depth(5))
    assert.equal('[[[[["nested"]]]]]', c.encode { { { { { "nested" } } } } })
    raises("Cannot serialise, excessive nesting (6)", c.encode, { { { { { { "nested" } } } } } })
    assert.equal('{"a":{"b":{"c":{"d":{"e":"nested"}}}}}', c.encode { a = { b = { c = { d = { e = "nested" } } } } })
    raises("Cannot serialise, excessive nesting (6)", c.encode, { a = { b = { c = { d = { e = { f = "nested" } } } } } })
    local cycle = {}
    cycle[1] = cycle
    raises("Cannot serialise, excessive nesting (6)", c.encode, cycle)
    assert.equal(1000, c.encode_max_depth(1000))
    raises("Cannot serialise, excessive nesting (1001)", c.encode, nested(1100))
  end)

  it("encodes simple values, and numbers that are none as it is told", function()
    local c = instance()
    assert.same({ "null", "null", "true", "false", "{}", "10", '"hello"' },
      { c.encode(c.null), c.encode(nil), c.encode(true), c.encode(false), c.encode {}, c.encode(10), c.encode "hello" })
    raises("Cannot serialise function: type not supported", c.encode, print)
    raises("Cannot serialise number: must not be NaN or Infinity", c.encode, NAN)
    raises("Cannot serialise number: must not be NaN or Infinity", c.encode, INF)
    assert.equal("null", c.encode_invalid_numbers "null")
    assert.same({ "null", "null" }, { c.encode(NAN), c.encode(INF) })
    assert.is_true(c.encode_invalid_numbers(true))
    assert.same({ "NaN", "Infinity", "-Infinity" }, { c.encode(NAN), c.encode(INF), c.encode(-INF) })
    assert.is_false(c.encode_invalid_numbers "off")
    assert.equal(3, c.encode_number_precision(3))
    assert.equal("0.333", c.encode(1 / 3))
    c.encode_number_precision(16)
    assert.equal("9007199254740992", c.encode(2.0 ^ 53))
    assert.equal(9007199254740992, c.decode "9007199254740992")
  end)

  it("encodes sparse arrays as it is told", function()
    local c = instance()
    assert.same({ false, 2, 10 }, { c.encode_sparse_array() })
    raises("Cannot serialise table: excessively sparse array", c.encode, { [1000] = "x" })
    assert.same({ true, 2, 3 }, { c.encode_sparse_array(true, 2, 3) })
    assert.equal('[null,null,"sparse test"]', c.encode { [3] = "sparse test" })
    assert.equal('["one",null,null,"sparse test"]', c.encode { [1] = "one", [4] = "sparse test" })
    assert.equal('{"1":"one","5":"sparse test"}', c.encode { [1] = "one", [5] = "sparse test" })
    assert.equal('{"2":"numeric string key test"}', c.encode { ["2"] = "numeric string key test" })
    assert.same({ false, 2, 3 }, { c.encode_sparse_array(false) })
    raises("Cannot serialise boolean: table key must be a number or string", c.encode, { [false] = "wrong" })
  end)

  it("knows arrays by their metatables", function()
    local c = instance()
    assert.equal('{"arr":[]}', c.encode { arr = c.empty_array })
    assert.equal('{"arr":[],"obj":{}}', c.encode { obj = {}, arr = setmetatable({}, c.empty_array_mt) })
    assert.equal('["hello","world","lua"]', c.encode(setmetatable({ "hello", "world", "lua" }, c.empty_array_mt)))
    assert.equal("[]", c.encode(setmetatable({}, c.array_mt)))
    assert.equal('["foo","bar"]', c.encode(setmetatable({ "foo", "bar" }, c.array_mt)))
    assert.equal('["hello"]', c.encode(setmetatable({ "hello", foo = "bar" }, c.array_mt)))
    local holes = {}
    holes[1], holes[2], holes[4], holes[9] = "foo", "bar", "last", "none"
    assert.equal('["foo","bar",null,"last"]', c.encode(setmetatable(holes, c.array_mt)))
    assert.is_false(c.encode_empty_table_as_object(false))
    assert.equal('{"dogs":[]}', c.encode { dogs = {} })
    assert.is_false(getmetatable(c.decode('{"my_array":[]}').my_array) == c.array_mt)
    assert.is_true(c.decode_array_with_array_mt(true))
    for _, depth in ipairs { 1000, 20 } do
      c.decode_max_depth(depth)
      local value = c.decode '{"my_array":["hello","world"]}'
      value.my_array.hash_value, value.my_array[1], value.my_array[2] = "more", nil, nil
      assert.equal(c.array_mt, getmetatable(value.my_array))
      assert.equal('{"my_array":[]}', c.encode(value))
    end
    local real = { "foo", "bar", "baz" }
    assert.equal('["foo","bar","baz"]',
      c.encode(setmetatable({}, { __len = function() return 3 end, __index = function(_, key) return real[key] end })))
  end)

  it("escapes, skips, indents and reads comments as it is told", function()
    local c = instance()
    local url = { test = "http://google.com/google" }
    assert.equal([[{"test":"http:\/\/google.com\/google"}]], c.encode(url))
    local other = c.new()
    other.encode_escape_forward_slash(false)
    assert.same({ '{"test":"http://google.com/google"}', [["\/"]] }, { other.encode(url), c.encode "/" })
    assert.equal([["\u0000\u001f\b\t\n\f\r\"\\\u007f"]], c.encode "\0\31\b\t\n\f\r\"\\\127")
    c.encode_skip_unsupported_value_types(true)
    assert.same({ "", '{"valid":"valid"}', '["one","two","three"]' },
      { c.encode(print), c.encode { f = print, valid = "valid" }, c.encode { "one", "two", print, "three" } })
    assert.equal("  ", c.encode_indent "  ")
    assert.equal('{\n  "a": "a",\n  "b": "b"\n}', c.encode { a = "a", b = "b" })
    assert.same({ "{}", "[]", '{\n  "a": {\n    "b": 1\n  }\n}', "[\n  [\n    1,\n    2\n  ],\n  [\n    3,\n    4\n  ]\n]" },
      { c.encode {}, c.encode(c.empty_array), c.encode { a = { b = 1 } }, c.encode { { 1, 2 }, { 3, 4 } } })
    c.encode_indent "abc"
    assert.equal('{\nabc"a": {\nabcabc"b": 1\nabc}\n}', c.encode { a = { b = 1 } })
    assert.equal("", c.encode_indent "")
    assert.equal('[{"a":"a"},{"b":"b"}]', c.encode { { a = "a" }, { b = "b" } })
    raises("Expected object key string but found invalid token at character 2", c.decode, "{//comment\n}")
    assert.is_true(c.decode_allow_comment(true))
    for _, text in ipairs { "{//comment\n}", "{//comment\r\n}", "{/* A multi-line\ncomment*/}", "/*first*//*second*/{}" } do
      assert.same({}, c.decode(text))
    end
    assert.equal("test // /* */ string", c.decode '"test // /* */ string"//comment')
    assert.same({ a = 1 }, c.decode '{"a" /* Comment */: /* Comment */ 1}')
    raises("Expected the end but found unclosed multi-line comment at character 13", c.decode, "{}/*Unclosed")
    raises("Expected comma or object end but found T_INTEGER at character 12", c.decode, '{"a":1/*x*/0}')
  end)

  it("checks what it is given", function()
    local c, safe = instance()
    raises("bad argument #1 to 'cjson.encode_number_precision' (expected integer between 1 and 16)", c.encode_number_precision, 0)
    raises("bad argument #1 to 'cjson.encode_number_precision' (number expected, got string)", c.encode_number_precision, "five")
    raises("bad argument #2 to 'cjson.encode_keep_buffer' (found too many arguments)", c.encode_keep_buffer, nil, true)
    raises("bad argument #1 to 'cjson.encode_max_depth' (number expected, got string)", c.encode_max_depth, "wrong")
    raises("bad argument #1 to 'cjson.decode_max_depth' (expected integer between 1 and 2147483647)", c.decode_max_depth, "0")
    raises("bad argument #1 to 'cjson.encode_invalid_numbers' (invalid option '-2')", c.encode_invalid_numbers, -2)
    raises("bad argument #2 to 'cjson.decode_invalid_numbers' (found too many arguments)", c.decode_invalid_numbers, true, false)
    raises("bad argument #1 to 'cjson.encode_sparse_array' (invalid option 'not quite on')", c.encode_sparse_array, "not quite on")
    raises("bad argument #1 to 'cjson.safe.encode' (expected 1 argument)", safe.encode, "arg1", "arg2")
    assert.equal("true", safe.encode(true))
    for _, decode in ipairs { safe.decode, safe.new().decode } do
      assert.same({ n = 2, nil, "Expected value but found invalid token at character 1" }, table.pack(decode "Oops"))
    end
    assert.same({ n = 2, nil, "Cannot serialise function: type not supported" }, table.pack(safe.encode(print)))
    assert.same({ "cjson", "2.1.0" }, { c._NAME, c._VERSION })
  end)

  it("has what its manual has", function()
    local c, documented = instance(), {}
    for line in io.lines "lua/meta/cjson.lua" do
      local name = line:match "^function cjson%.([%w_]+)" or line:match "^%-%-%-@field ([%w_]+)"
      if name then documented[name] = true end
    end
    for name in pairs(c) do assert.is_true(documented[name], name) end
    for name in pairs(documented) do assert.is_not_nil(c[name], name) end
  end)

  it("loses nothing", function()
    local c = instance()
    c.encode_escape_forward_slash(false)
    local text = '{"z":156680208700286,"seed":18446744073709551615,"a":[],"one":7.0,"deep":{"b":[],"a":{}},"n":null,"tiny":0.1}'
    assert.equal(text, c.encode(c.decode(text)))
    c.decode_max_depth(999) -- the same by the other reader
    assert.equal(text, c.encode(c.decode(text)))
    -- Also of what lua-cjson takes though it is no JSON.
    assert.equal("[18446744073709551615.0e400,-0.5,-100.0]", c.encode(c.decode "[018446744073709551615.e400, -.5, -1.e2]"))
    raises("Cannot serialise string: it is not valid UTF-8; send bytes as base64", c.encode, "\xff")
    raises("Expected value but found invalid UTF-8 at character 1", c.decode, '"\xff"')
  end)
end)

describe("cjson in a recipe", function()
  it("is there by its names, of its own for each recipe, and its arrays are arrays in results", function()
    kit.with({}, function()
      local data = kit.data [[
        local cjson, safe = require "cjson", require "cjson.safe"
        return { same = cjson == require "cjson", error = select(2, safe.decode "Oops"), empty = cjson.empty_array,
          list = setmetatable({}, cjson.array_mt), maybe = setmetatable({}, cjson.empty_array_mt), text = cjson.encode { a = { 1 } },
          rc = rc.json.encode { setmetatable({}, cjson.array_mt), setmetatable({ 1 }, cjson.array_mt),
            setmetatable({}, cjson.empty_array_mt), setmetatable({ a = 1 }, cjson.empty_array_mt), cjson.empty_array, cjson.decode "[]" },
          closed = getmetatable(cjson.decode "[1]") }]]
      assert.equal('{"closed":false,"empty":[],"error":"Expected value but found invalid token at character 1",'
        .. '"list":[],"maybe":[],"rc":"[[],[1],[],{\\"a\\":1},[],[]]","same":true,"text":"{\\"a\\":[1]}"}', json.encode(data))
      kit.data [[local cjson = require "cjson" cjson.encode = nil cjson.array_mt.__name = "mine" return {}]]
      assert.same({ ok = "{}" }, kit.data [[return { ok = require "cjson".encode {} }]])
    end)
  end)

  it("comes after the recipe's own file, and the check knows it", function()
    local folder <close> = scratch.new()
    folder:write("cjson.lua", "return 'mine'")
    assert.equal("mine", recipes.run("return require 'cjson'", { folder = folder.path }).values[1])
    local texts = {}
    local text = 'local cjson = require "cjson"\nprint(cjson.encode {}, require "cjson.safe", require "none")\n'
    for _, finding in ipairs((lint.check_text(text, "probe.lua"))) do texts[#texts + 1] = finding.message end
    local all = table.concat(texts, "\n")
    assert.matches("require 'none': there is no such file", all)
    assert.is_nil(all:find("cjson", 1, true), all)
  end)

  it("has no way around the limits", function()
    kit.with({}, function()
      local _, err = kit.run [[
        local cjson = require "cjson"
        cjson.array_mt.__gc = function() while true do end end
        cjson.decode_array_with_array_mt(true)
        cjson.decode "[1]"]]
      assert.matches("__gc", err.message)
      for _, body in ipairs {
        "local t = { 'x' } for _ = 1, 60 do t = { t, t } end cjson.encode(t)",
        "cjson.encode_sparse_array(false, 0) cjson.encode { [1 << 60] = 1 }",
        "cjson.encode(setmetatable({}, { __len = function() return 1 << 60 end }))",
        "cjson.decode_max_depth(1e9) cjson.encode(cjson.decode(('['):rep(1e7)))",
      } do
        local result, limit = kit.run("local cjson = require 'cjson' " .. body, { settings = { recipe_cpu_ms = 300 } })
        assert.is_nil(result)
        assert.is_true(limit.code == "cpu" or limit.code == "memory" or limit.code == "recipe_error", limit.code)
      end
    end)
    assert.is_function(copies.note_arrays)
  end)
end)
