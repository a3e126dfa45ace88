-- Empty tables of Lua as their schema means them.

local json = require "core.json"
local meter = require "lib.async.meter"
local shaping = require "lib.schema.shaping"

local function shaped(schema, value)
  if type(schema) == "string" then schema = json.decode(schema) end
  return json.encode(shaping.compile(schema)(value, meter.new()))
end

describe("lib.schema.shaping", function()
  it("makes an empty table the list that its schema declares", function()
    for schema, expected in pairs {
      ['{"type":"array"}'] = "[]", ['{"type":"object"}'] = "{}", ["{}"] = "{}", ['{"type":["array","null"]}'] = "[]",
      ['{"type":["array","object"]}'] = "{}", ['{"items":{"type":"string"}}'] = "[]", ['{"prefixItems":[{}]}'] = "[]",
      ['{"properties":{"a":{}},"minItems":1}'] = "{}", ['{"anyOf":[{"type":"array"},{"type":"null"}]}'] = "[]",
      ['{"anyOf":[{"type":"array"},{"type":"object"}]}'] = "{}", ['{"allOf":[{"type":"array"},{"maxItems":3}]}'] = "[]",
      ['{"$ref":"#/$defs/l","$defs":{"l":{"$ref":"#/$defs/m"},"m":{"type":"array"}}}'] = "[]",
      ['{"$ref":"#/$defs/l","$defs":{"l":{"$ref":"#/$defs/l"}}}'] = "{}", ['{"if":{"minItems":1},"then":{"type":"array"}}'] = "[]",
      ['{"$ref":"#nowhere"}'] = "{}",
    } do
      assert.equal(expected, shaped(schema, {}), schema)
    end
    assert.equal("{}", shaped(true, {}))
    assert.equal("{}", shaped(false, {}))
  end)

  it("finds it wherever it stands", function()
    local list = { type = "array" }
    for _, case in ipairs {
      { { properties = { a = { properties = { b = list } } } }, { a = { b = {}, c = {} } }, '{"a":{"b":[],"c":{}}}' },
      { { additionalProperties = list, properties = { a = {} } }, { a = {}, b = {} }, '{"a":{},"b":[]}' },
      { { patternProperties = { ["^l"] = list } }, { l1 = {}, m = {} }, '{"l1":[],"m":{}}' },
      { { items = { properties = { urls = list } } }, { { urls = {} }, { urls = {} } }, '[{"urls":[]},{"urls":[]}]' },
      { { type = "array", items = list }, { {}, { {} } }, "[[],[{}]]" },
      { { prefixItems = json.as_array { list, { type = "object" } }, items = list }, { {}, {}, {} }, "[[],{},[]]" },
      { { allOf = { { properties = { a = list } } }, oneOf = { { properties = { b = list } } } }, { a = {}, b = {} }, '{"a":[],"b":[]}' },
      { { ["$ref"] = "#/$defs/node", ["$defs"] = {
          node = { properties = { children = { type = "array", items = { ["$ref"] = "#/$defs/node" } } } } } },
        { children = { { children = {} }, { children = { { children = {} } } } } },
        '{"children":[{"children":[]},{"children":[{"children":[]}]}]}' },
      { { unevaluatedProperties = list }, { a = {} }, '{"a":[]}' },
    } do
      assert.equal(case[3], shaped(case[1], case[2]))
    end
  end)

  it("leaves alone what says itself what it is", function()
    assert.equal('{"a":{}}', shaped({ properties = { a = { type = "array" } } }, { a = json.ordered({ "x" }, {}) }))
    assert.equal('{"a":[]}', shaped({ properties = { a = { type = "object" } } }, { a = json.as_array {} }))
    assert.equal('{"a":{"b":1}}', shaped({ properties = { a = { type = "array" } } }, { a = { b = 1 } }))
    for _, value in ipairs { "text", 5, false } do assert.equal(json.encode(value), shaped({ type = "array" }, value)) end
  end)

  it("takes work in proportion to the value, also where all of its schema holds for each part", function()
    local branches = json.as_array {}
    for i = 1, 20 do branches[i] = { items = { ["$ref"] = "#" }, title = "way " .. i } end
    local shape = shaping.compile { anyOf = branches }
    local function cost(depth)
      local value, work = {}, meter.new()
      for _ = 1, depth do value = { value, {} } end
      shape(value, work)
      return work:count()
    end
    assert.is_true(cost(400) <= 5 * cost(100))
  end)
end)
