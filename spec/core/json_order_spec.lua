local json = require "core.json"
local host = require "core.host"

local function same(text)
  assert.equal(text, json.encode(assert(json.decode(text))))
end

--- An object of so many members, in no order that sorting or hashing would give.
local function object(count, prefix)
  local members = {}
  for i = 1, count do members[i] = ('"%s%d":%d'):format(prefix or "k", i * 7919 % 100003, i) end
  return "{" .. table.concat(members, ",") .. "}"
end

describe("the order of an object's members", function()
  it("is that of the text, in objects of any size", function()
    same '{"image1":1,"image10":2,"image2":3,"seed":156680208700286,"a":null}'
    same '{"prompt":{"9":{"inputs":{"z":[],"b":{},"a":[{"y":1,"x":2}]},"class_type":"K"},"10":{},"3":[]}}'
    for _, count in ipairs { 1, 2, 23, 24, 25, 48, 49, 1000, 20000 } do same(object(count)) end
  end)

  it("is that of the text for keys longer than Lua keeps once, and for keys with escapes", function()
    same(object(3, ("long "):rep(20)))
    same(object(40, ("long "):rep(20)))
    local list = "[" .. object(3, ("x"):rep(41)) .. "," .. object(3, ("x"):rep(41)) .. "]"
    same(list)
    assert.equal('{"é":1,"a":2,"\\n":3}', json.encode(json.decode [[{"\u00e9":1,"\u0061":2,"\n":3}]]))
  end)

  it("is each object's own, where many have the same keys in different orders", function()
    local items = {}
    for i = 1, 500 do items[i] = i % 2 == 0 and '{"b":1,"a":2}' or '{"a":1,"b":2}' end
    same("[" .. table.concat(items, ",") .. "]")
    for i = 1, 300 do items[i] = ('{"z%d":1,"a":2,"k":{"q%d":1,"a":1}}'):format(i, i) end
    same("[" .. table.concat(items, ",") .. "]")
  end)

  it("puts a repeated key where it stood first, with the value that stood last", function()
    assert.equal('{"b":3,"a":2}', json.encode(json.decode '{"b":1,"a":2,"b":3}'))
    local members = {}
    for i = 1, 60 do members[i] = ('"k%d":%d'):format(100 - i % 30, i) end
    local expected = {}
    for i = 1, 30 do expected[i] = ('"k%d":%d'):format(100 - i % 30, i + 30) end
    assert.equal("{" .. table.concat(expected, ",") .. "}", json.encode(json.decode("{" .. table.concat(members, ",") .. "}")))
  end)

  it("stays when values change; new members follow, sorted", function()
    local value = json.decode '{"z":1,"m":2,"a":3}'
    value.m = "changed"
    value.y, value.b, value["1"] = 1, 2, 3
    assert.equal('{"z":1,"m":"changed","a":3,"1":3,"b":2,"y":1}', json.encode(value))
    local large = json.decode(object(60))
    large.zz, large.b = 1, 2
    assert.equal(object(60):sub(1, -2) .. ',"b":2,"zz":1}', json.encode(large))
  end)

  it("keeps the place of a member that was removed for when it comes back", function()
    local value = json.decode '{"z":1,"m":2,"a":3}'
    value.m = nil
    assert.equal('{"z":1,"a":3}', json.encode(value))
    value.m, value.b = 4, 5
    assert.equal('{"z":1,"m":4,"a":3,"b":5}', json.encode(value))
    for key in pairs(value) do value[key] = nil end
    assert.equal("{}", json.encode(value))
  end)

  it("takes integer keys as new members, in their decimal form; what was an object stays one", function()
    local value = json.decode '{"9":1,"10":2}'
    value[3], value[-1] = "x", "y"
    assert.equal('{"9":1,"10":2,"-1":"y","3":"x"}', json.encode(value))
    value["9"], value["10"], value[3], value[-1] = nil, nil, nil, nil
    value[1] = true
    assert.equal('{"1":true}', json.encode(value))
    local clash = json.decode '{"9":1}'
    clash[9] = 2
    assert.error_matches(function() json.encode(clash) end, "key 9 exists as a number and as a string")
  end)

  it("can be given anew, and goes with a metatable that a script sets", function()
    local value = json.decode '{"z":1,"m":2,"a":3}'
    assert.same({ "z", "m", "a" }, json.order(value))
    assert.equal('{"m":2,"a":3,"z":1}', json.encode(json.ordered({ "m" }, value)))
    setmetatable(value, { __index = {} })
    assert.equal('{"a":3,"m":2,"z":1}', json.encode(value))
    assert.is_nil(json.order(value))
  end)

  it("is shared with a copy by json.like, which also makes arrays of copies of arrays", function()
    local value = json.decode '{"z":1,"a":[]}'
    assert.equal('{"z":3,"a":4,"b":5}', json.encode(json.like(value, { a = 4, z = 3, b = 5 })))
    assert.equal("[]", json.encode(json.like(value.a, {})))
    assert.equal('{"a":1,"b":2}', json.encode(json.like({}, { b = 2, a = 1 })))
    assert.is_nil(getmetatable(json.like(setmetatable({}, {}), {})))
  end)

  it("does not hold memory when the tables are gone", function()
    local function fill(from)
      for i = from, from + 2000 do json.decode(('{"first %d":1,"second %d":{"third %d":2}}'):format(i, i, i)) end
      json.decode(object(5000))
      collectgarbage()
      collectgarbage()
      return host.memory()
    end
    fill(1)
    local before = fill(10000)
    assert.is_true(fill(20000) - before < 65536)
  end)

  it("survives a collector that runs all the time", function()
    local mode, pause = collectgarbage "incremental", collectgarbage("setpause", 0)
    for _ = 1, 20 do
      same(object(30))
      same '[{"b":{"a":[{"z":1,"y":2}]},"a":1},{"b":{"a":[{"z":1,"y":2}]},"a":1}]'
      collectgarbage "step"
    end
    collectgarbage("setpause", pause)
    collectgarbage(mode)
  end)
end)
