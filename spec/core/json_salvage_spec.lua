local json = require "core.json"

local CASES = {
  { '{"a":1,"b":[1,2,{"c":"x","d":', '{"a":1,"b":[1,2,{"c":"x"}]}', "line 1, column 25: the text ends too early" },
  { '{"a":[1,"x","y', '{"a":[1,"x"]}', "line 1, column 12: the text ends too early" },
  { '{"a":true,"b":fal', '{"a":true}', "line 1, column 10: expected a value" },
  { '{"a":[1,23', '{"a":[1]}', "line 1, column 8: the text ends too early" },
  { '{"a":"\xC3\xA9","b":"\xC3', '{"a":"\xC3\xA9"}', "line 1, column 9: invalid UTF-8" },
  { '[null,{"a', "[null,{}]", "line 1, column 8: the text ends too early" },
  { '{"a":1,\n"b":2,"c":undefined}', '{"a":1,\n"b":2}', "line 2, column 6: expected a value" },
  { '{"a":[1}', '{"a":[1]}', "line 1, column 8: expected ',' or ']'" },
  { '{"a":1}{"b":2}', '{"a":1}', "line 1, column 8: something follows the value" },
  { '{"a":1}\n{"b":2}', '{"a":1}', nil },
  { '[1]]', "[1]", nil },
}

describe("core.json.salvage", function()
  for _, case in ipairs(CASES) do
    it(("keeps what is whole of %q"):format(case[1]), function()
      local text, problem, deep = json.salvage(case[1], 100)
      assert.equal(case[2], text)
      assert.is_string(problem)
      if case[3] then assert.equal(case[3], problem) end
      assert.equal(0, deep)
      assert(json.raw(text))
    end)
  end

  it("gives nothing where no value is whole", function()
    for _, text in ipairs { "", "x", "{", "[", '{"a', '{"a":', '{"a":12', "[1", '"text', "12x", "nul", "<html>", '{"a":{"b":[' } do
      assert.is_nil((json.salvage(text, 100)))
    end
  end)

  it("leaves JSON as it is", function()
    for _, text in ipairs { "{}", "[]", ' {"a" : [1, 2.50, "x"]} ', "17", '"x"', '[[[]]]' } do
      local same, problem, deep = json.salvage(text, 3)
      assert.equal(text, same)
      assert.is_nil(problem)
      assert.equal(0, deep)
    end
  end)

  it("puts null in the place of what is too deep, and keeps its neighbours", function()
    local text, problem, deep = json.salvage('{"a":{"b":{"c":[1]}},"d":[[["]"],[]]],"e":2}', 2)
    assert.equal('{"a":{"b":null},"d":[null],"e":2}', text)
    assert.is_nil(problem)
    assert.equal(2, deep)
    assert.equal('[[null]]', (json.salvage("[[[[", 2) or json.salvage("[[[[]]]]", 2)))
  end)

  it("takes text that is deeper than JSON may be here", function()
    local text = ("["):rep(100000) .. ("]"):rep(100000)
    assert.is_nil((json.raw(text)))
    assert.equal(100, json.raw((json.salvage('{"a":' .. text .. ',"b":1}', 100))):depth())
    assert.equal(1, json.raw((json.salvage('{"a":' .. text .. ',"b":1}', 100))):value "b")
  end)

  it("cuts every beginning of a text to JSON", function()
    local whole = '{"a":[1,-2.5e3,"x\\u00e9\\n\xE2\x82\xAC"],"b":{"c":null,"d":[true,false,{}]},"":[[],""]}'
    for size = 1, #whole do
      local text = json.salvage(whole:sub(1, size), 100)
      assert(not text or json.raw(text), size)
    end
  end)

  it("refuses a depth that makes no sense", function()
    for _, depth in ipairs { 0, -1, 1001 } do
      assert.has_error(function() json.salvage("[]", depth) end)
    end
  end)
end)

describe("core.json.Raw", function()
  it("knows its bytes and the depth of its text", function()
    local raw = json.raw ' {"a": [1, [2]], "b": 3}'
    assert.equal(19, raw:size())
    assert.equal(#raw:text(), raw:size())
    assert.equal(3, raw:depth())
    assert.equal(7, raw:get("a"):size())
    assert.equal(0, json.raw("17"):depth())
  end)
end)
