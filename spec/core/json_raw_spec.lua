local json = require "core.json"

local DOCUMENT = [[
{
  "id" : "dep_1",
  "payload" : {"3": {"inputs": {"seed": 18446744073709551615, "cfg": 7.0, "text": "a \" b, {c} [d] \\"}}},
  "list" : [ 1, "two", [ ], { }, null, true ],
  "empty" : { },
  "k\u0065y" : "escaped name"
}
]]

describe("core.json.Raw", function()
  it("keeps every byte but the white space between tokens", function()
    local raw = assert(json.raw(DOCUMENT))
    assert.equal('{"id":"dep_1","payload":{"3":{"inputs":{"seed":18446744073709551615,"cfg":7.0,"text":"a \\" b, {c} [d] \\\\"}}},'
      .. '"list":[1,"two",[],{},null,true],"empty":{},"k\\u0065y":"escaped name"}', raw:text())
    assert.equal(raw:text(), tostring(raw))
    local compact = '{"a":[1.0,1E5,"\\u0041\\/"]}'
    assert.equal(compact, json.raw(compact):text())
  end)

  it("is spliced by encode as it is, at any depth", function()
    local raw = assert(json.raw ' { "b" : 1.0, "a" : [ ] } ')
    assert.equal('[{"x":{"b":1.0,"a":[]}},{"b":1.0,"a":[]}]', json.encode { { x = raw }, raw })
    assert.equal('{"n":7.0}', json.encode { n = json.raw(DOCUMENT):get("payload", "3", "inputs", "cfg") })
  end)

  it("tells whether its text is a text", function()
    local raw = assert(json.raw(DOCUMENT))
    assert.is_true(raw:is(raw:text()))
    assert.is_true(raw:get("list", 2):is '"two"')
    assert.is_false(raw:get("list", 2):is '"twO"')
    assert.is_false(raw:get("list", 2):is '"two" ')
    assert.has_error(function() raw:is {} end)
  end)

  it("gives the beginning of a text", function()
    local value = 'a"é\\\n\u{10FFFF}' .. ("x"):rep(100000)
    local escaped = '"a\\"\\u00e9\\\\\\n\\udbff\\udfff' .. ("x"):rep(100000) .. '"'
    for _, text in ipairs { json.encode(value), escaped } do
      for most = 0, 20 do assert.equal(value:sub(1, most), json.raw(text):beginning(most)) end
      assert.is_true(json.raw(text):beginning(1000000) == value)
      assert.equal(value:sub(1, 3), json.raw("[1," .. text .. "]"):get(2):beginning(3))
    end
    assert.equal("", json.raw '""':beginning(5))
    assert.error_matches(function() json.raw "1":beginning(5) end, "must be a string")
    assert.error_matches(function() json.raw '""':beginning(-1) end, "must not be negative")
  end)

  it("tells its kind", function()
    local kinds = {}
    for _, text in ipairs { "{}", " [1]", '"x"', "-1", "0.5", "true", "false", "null" } do
      kinds[#kinds + 1] = json.raw(text):kind()
    end
    assert.same({ "object", "array", "string", "number", "number", "boolean", "boolean", "null" }, kinds)
  end)

  it("leads to parts without decoding", function()
    local raw = assert(json.raw(DOCUMENT))
    assert.equal("18446744073709551615", raw:get("payload", "3", "inputs", "seed"):text())
    assert.equal('"two"', raw:get("list", 2):text())
    assert.equal("[]", raw:get("list", 3):text())
    assert.equal("true", raw:get("list", 6):text())
    assert.equal("{}", raw:get("empty"):text())
    assert.equal('"escaped name"', raw:get("key"):text())
    assert.equal(raw:text(), raw:get():text())
    assert.equal("7.0", raw:get("payload"):get("3"):get("inputs", "cfg"):text())
  end)

  it("gives nil where a path leads nowhere", function()
    local raw = assert(json.raw(DOCUMENT))
    for _, path in ipairs { { "absent" }, { "list", 0 }, { "list", 7 }, { "list", -1 }, { "list", "1" }, { "id", "x" }, { "id", 1 },
                            { "empty", "x" }, { 1 }, { "list", 3, 1 }, { "k\\u0065y" }, { "" } } do
      assert.is_nil(raw:get(table.unpack(path)))
      assert.is_nil(raw:value(table.unpack(path)))
      assert.equal(1, select("#", raw:get(table.unpack(path))))
      assert.equal(1, select("#", raw:value(table.unpack(path)))) -- math.tointeger wants an argument
    end
    assert.error(function() raw:get({}) end)
    assert.error(function() raw:get(1.5) end)
  end)

  it("decodes parts as decode does", function()
    local raw = assert(json.raw(DOCUMENT))
    assert.equal("dep_1", raw:value("id"))
    assert.equal('a " b, {c} [d] \\', raw:value("payload", "3", "inputs", "text"))
    assert.equal("float", math.type(raw:value("payload", "3", "inputs", "cfg")))
    assert.equal("18446744073709551615", tostring(raw:value("payload", "3", "inputs", "seed")))
    assert.equal(json.null, raw:value("list", 5))
    assert.equal(json.array, getmetatable(raw:value("list", 3)))
    assert.same(json.decode(DOCUMENT).list, raw:value("list"))
  end)

  it("lets the last of duplicate keys count, as decode does", function()
    local text = [[{"a":1,"\u0061":2,"b":{"a":0},"a":3,"\ud83d\ude00":4,"\\n":5,"\n":6}]]
    local raw = assert(json.raw(text))
    for key, value in pairs(json.decode(text)) do assert.equal(json.encode(value), raw:get(key):text()) end
    assert.equal(2, json.raw('{"a":1,"\\u0061":2}'):value "a")
    assert.equal(5, raw:value "\\n")
    assert.equal(6, raw:value "\n")
    assert.equal(4, raw:value "😀")
  end)

  it("iterates in document order", function()
    local seen = {}
    for key, value in json.raw('{"z":1, "a": {"b" : 2}, "z":[], "\\u00e9":"}"}'):pairs() do
      seen[#seen + 1] = key .. "=" .. value:text()
    end
    assert.same({ "z=1", 'a={"b":2}', "z=[]", 'é="}"' }, seen)
    seen = {}
    for index, value in json.raw('[ "x", [1, 2], null ]'):pairs() do seen[index] = value:text() end
    assert.same({ '"x"', "[1,2]", "null" }, seen)
    for _, empty in ipairs { "{}", "[ ]", "{\n}" } do
      for _ in json.raw(empty):pairs() do error("an entry of " .. empty) end
    end
    assert.error_matches(function() json.raw("1"):pairs() end, "neither object nor array")
  end)

  it("holds its bytes while only a part of it is used", function()
    local part
    do
      local text = '{"big":"' .. ("x"):rep(100000) .. '", "part": [1, 2, 3]}'
      part = json.raw(text):get "part"
    end
    collectgarbage()
    collectgarbage()
    assert.equal("[1,2,3]", part:text())
    local entries = json.raw('{"a" : [1], "b" : [2]}'):pairs()
    collectgarbage()
    local key, value = entries()
    entries = nil
    collectgarbage()
    assert.equal("a[1]", key .. value:text())
    assert.is_nil(entries)
  end)

  it("copies no bytes of a text that is compact already", function()
    local text = '["' .. ("x"):rep(200000) .. '"]'
    collectgarbage()
    local before = collectgarbage "count"
    local raw = json.raw(text)
    local again = raw:text()
    assert.is_true(collectgarbage "count" - before < 50)
    assert.equal(text, again)
  end)

  it("refuses what decode refuses, with the same message", function()
    for _, text in ipairs { "", "[1,]", '{"a":1,}', '"\xFF"', '"\\ud800"', "01", "[1 2]", "1 2", ("["):rep(1001), "nul", '{"a"\n:\n}' } do
      local _, expected = json.decode(text)
      local raw, message = json.raw(text)
      assert.is_nil(raw)
      assert.equal(expected, message)
    end
  end)

  it("counts its own depth into the limit of encode", function()
    local deep = json.raw(("["):rep(999) .. ("]"):rep(999))
    assert.equal(2000, #json.encode { deep })
    assert.error_matches(function() json.encode { x = { deep } } end, "at %.x%[1%]: nested deeper than 1000 levels")
    local mixed = json.raw("[" .. ("["):rep(999) .. ("]"):rep(999) .. ",1]")
    assert.equal("[1]", json.encode { mixed:get(2) })
    local whole = assert(json.decode(json.encode { deep }))
    assert.equal(1, #whole)
  end)

  describe("members", function()
    it("gives those that are wanted, in one table", function()
      local found = json.raw('{"a":1,"b":{"a":2},"\\u0063":[3],"a":4,"":5}'):members { a = true, c = false, [""] = 1, d = true }
      assert.equal("4", found.a:text())
      assert.equal("[3]", found.c:text())
      assert.equal("5", found[""]:text())
      assert.is_nil(found.b)
      assert.is_nil(found.d)
    end)

    it("gives none of what is no object", function()
      for _, text in ipairs { "{}", "[1]", '"a"', "1", "null" } do assert.same({}, json.raw(text):members { a = true }) end
      assert.error_matches(function() json.raw("{}"):members() end, "table expected")
    end)

    it("keeps the text alive", function()
      local found = json.raw('{"a": "' .. ("x"):rep(1000) .. '"}'):members { a = true }
      collectgarbage()
      assert.equal(1002, #found.a:text())
    end)
  end)

  describe("keys", function()
    it("gives the keys of an object sorted, each once, escapes resolved", function()
      local raw = assert(json.raw [[{"b": 1, "a": {"x": [1, 2]}, "b": 3, "\u0063": null, "": 0, "\u0061": 2}]])
      assert.same({ "", "a", "b", "c" }, raw:keys())
    end)

    it("follows a path", function()
      local raw = assert(json.raw [[{"a": [{"y": 1, "x": {"z": "}"}}]}]])
      assert.same({ "x", "y" }, raw:keys("a", 1))
      assert.same({ "z" }, raw:keys("a", 1, "x"))
    end)

    it("sorts as many as there are", function()
      local parts, names = {}, {}
      for i = 1, 500 do
        names[i] = ("key %d"):format(i * 7919 % 1000)
        parts[i] = ('"%s":{"n":%d}'):format(names[i], i)
      end
      table.sort(names)
      assert.same(names, assert(json.raw("{" .. table.concat(parts, ",") .. "}")):keys())
    end)

    it("is nil where there is no object", function()
      local raw = assert(json.raw [[{"a": [1], "s": "{}", "e": {}}]])
      assert.is_nil(raw:keys "a")
      assert.is_nil(raw:keys "s")
      assert.is_nil(raw:keys "absent")
      assert.equal(1, select("#", raw:keys "absent"))
      assert.is_nil(assert(json.raw "[]"):keys())
      assert.same({}, raw:keys "e")
    end)
  end)

  -- What stands before the wanted entry is skipped 64 bytes at a time: brackets, quotes and backslashes
  -- inside strings must not count, wherever in such a block they fall.
  it("finds an entry behind any value", function()
    local hard = [[{"k":["]}\\","\"[{",{"\\\"":"\\"},[],{}],"t":"{{{{"}]]
    for length = 0, 140 do
      for _, tail in ipairs { "", [[\\]], [[\"]], [[\\\"]], "}", "[" } do
        local filler = ("a"):rep(length) .. tail
        local raw = assert(json.raw('{"f":["' .. filler .. '",' .. hard .. '],"g":' .. hard .. ',"wanted":[{"n":' .. length .. "}]}"))
        assert.equal(length, raw:value("wanted", 1, "n"))
        assert.equal(hard, raw:get("f", 2):text())
        assert.equal(hard, raw:get("g"):text())
      end
    end
  end)
end)
