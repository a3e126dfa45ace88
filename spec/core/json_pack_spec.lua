local budgets = require "core.budget"
local host = require "core.host"
local json = require "core.json"
local memory = require "spec.support.memory"

local MANY = 1000000

local function kind_of(value)
  return type(value) == "table" and rawequal(debug.getmetatable(value), json.array) and "array" or math.type(value) or type(value)
end

local function assert_same(a, b)
  assert.equal(kind_of(a), kind_of(b))
  if type(a) == "userdata" then
    assert.equal(tostring(a), tostring(b))
    assert.equal(json.encode(a), json.encode(b))
  elseif type(a) == "table" then
    assert.equal(json.has_order(a), json.has_order(b))
    assert.same(json.order(a), json.order(b))
    for key, item in next, a do assert_same(item, rawget(b, key)) end
    for key in next, b do assert.is_not_nil(rawget(a, key)) end
  elseif a ~= a then
    assert.is_true(b ~= b)
  else
    assert.is_true(a == b and (a ~= 0 or kind_of(a) ~= "float" or 1 / a == 1 / b))
  end
end

local function check(value)
  local bytes = json.pack(value)
  local again, problem = json.unpack(bytes, MANY)
  assert.is_nil(problem)
  assert_same(value, again)
  assert.equal(bytes, json.pack(again))
end

describe("core.json.pack", function()
  it("keeps every kind of value", function()
    for _, value in ipairs {
      true, false, json.null, 0, 1, -1, 63, 64, -64, -65, 127, 128, 2 ^ 53 | 0, math.maxinteger, math.mininteger,
      0.0, -0.0, 1.0, 0.1, -1e308, math.huge, -math.huge, 0 / 0, 5e-324,
      "", "text", "\0\255 bytes", ("x"):rep(127), ("x"):rep(128), ("x"):rep(100000),
      json.integer "18446744073709551615", json.integer "-99999999999999999999999", json.decode "1e999",
      json.raw '{"b":[1,2.0,null],"a":"\\u00e9"}', json.raw '{"big":18446744073709551615}':get "big", json.raw "[ 1, 2 ]",
      {}, { 1, 2, 3 }, { { {} } }, { a = 1 }, { [1] = 1, [3] = 3 }, { [0] = 0 }, { 1, 2, x = 3 }, { [-5] = 1, [5] = 2, a = 3, b = 4 },
      json.as_array {}, json.as_array { json.null, json.as_array {} },
      json.decode '{"z":1,"a":{"y":[],"b":{}},"k":[{"q":1.0},{"q":2}]}', json.ordered({ "b", "a" }, { a = 1, b = 2 }),
      json.ordered({ "b", "gone", "a" }, { a = 1, b = 2, more = 3, [7] = 4 }), json.ordered({}, {}), json.ordered({}, { x = 1 }),
      json.ordered({ "never" }, {}),
    } do
      check(value)
    end
    local value, problem = json.unpack(json.pack(nil), MANY)
    assert.is_nil(value)
    assert.is_nil(problem)
  end)

  it("keeps objects with many members, and with long names", function()
    local parts = {}
    for i = 1, 300 do parts[i] = ('"%d%s":%d'):format(i, ("k"):rep(i % 60), i) end
    for _, count in ipairs { 1, 23, 24, 25, 300 } do check(json.decode("{" .. table.concat(parts, ",", 1, count) .. "}")) end
  end)

  it("says the same of the same, however it was made", function()
    local a, b = {}, {}
    for i = 1, 50 do a["k" .. i] = i end
    for i = 50, 1, -1 do b["k" .. i] = i end
    b.gone = 1
    b.gone = nil
    assert.equal(json.pack(a), json.pack(b))
  end)

  it("gives what JSON would", function()
    local text = '{"b":{"name":"x","list":[1,2,{"deep":[null,true,1.5]}]},"a":18446744073709551616,"c":[]}'
    assert.equal(text, json.encode(json.unpack(json.pack(json.decode(text)), MANY)))
  end)

  it("refuses what is no plain value", function()
    local circle = {}
    circle.circle = circle
    for pattern, value in pairs {
      ["a function is no plain value"] = print, ["a thread is no plain value"] = coroutine.create(print),
      ["a userdata is no plain value"] = io.stdout, ["key of type boolean"] = { [true] = 1 }, ["key of type number"] = { [1.5] = 1 },
      ["holes or names"] = setmetatable({ 1, nil, 3, x = 1 }, json.array), ["has a metatable"] = { setmetatable({}, {}) },
      ["deeper than 1000 levels"] = circle,
    } do
      assert.error_matches(function() json.pack(value) end, pattern)
    end
  end)

  it("keeps to the bytes that it may have, and works again afterwards", function()
    assert.equal(6, #json.pack({ "ab" }, 6))
    assert.error_matches(function() json.pack({ "ab" }, 5) end, "more than 5 bytes")
    assert.equal(6, #json.pack({ "ab" }, 6))
  end)

  it("leaves nothing behind where memory runs out", function()
    local value = json.decode '{"a":[1,{"b":"c"}],"d":{"e":2}}'
    value.plain = { x = { 1, 2 }, y = "z", [3] = 4 }
    local bytes = json.pack(value)
    assert.is_true(memory.sweep(function() assert(json.pack(value) == bytes) end) > 0)
    assert.is_true(memory.sweep(function() assert(json.unpack(bytes, MANY)) end) > 0)
    assert.equal(bytes, json.pack(json.unpack(bytes, MANY)))
  end)
end)

describe("core.json.unpack", function()
  for what, case in pairs {
    ["nothing"] = { "", "byte 0: the bytes end before a value" },
    ["an unknown tag"] = { "\14", "byte 1: an unknown tag" },
    ["nil within"] = { "\9\1\0", "byte 3: nil is no part of a value" },
    ["more behind"] = { "\1\1", "byte 1: more bytes follow the value" },
    ["a cut text"] = { "\6\5abcd", "byte 2: the bytes end within a text" },
    ["a long length"] = { "\6\255\255\255\255\255\255\255\255\255\1", "byte 11: the bytes end within a text" },
    ["a number of 65 bits"] = { "\4\255\255\255\255\255\255\255\255\255\2", "byte 11: a number has more than 64 bits" },
    ["a number that is longer than it must be"] = { "\4\128\0", "byte 3: a number is longer than it must be" },
    ["a cut float"] = { "\5\0\0\0\0\0\0\0", "byte 1: the bytes end within a number" },
    ["another NaN"] = { "\5\1\0\0\0\0\0\248\127", "byte 9: another NaN than the one" },
    ["an integer as text"] = { "\7\1" .. "1", "byte 3: a number is packed as text without need" },
    ["no number as text"] = { "\7\2" .. "1x", "byte 4: a number is packed as text without need" },
    ["JSON that is none"] = { "\8\2[}", "byte 4: what is packed as JSON is no compact JSON" },
    ["JSON with a blank"] = { "\8\3[ ]", "byte 5: what is packed as JSON is no compact JSON" },
    ["a list longer than the bytes"] = { "\9\200\1\1", "byte 3: more entries are announced than there are bytes" },
    ["an empty table"] = { "\11\0", "byte 2: an empty table is a sequence" },
    ["a sequence as a table"] = { "\11\2\4\2\1\4\4\1", "byte 8: a sequence is packed as another table" },
    ["keys out of order"] = { "\11\2\6\1b\1\6\1a\1", "byte 9: keys are not in order" },
    ["a key twice"] = { "\11\2\6\1a\1\6\1a\1", "byte 9: keys are not in order" },
    ["an integer behind a text"] = { "\11\2\6\1a\1\4\2\1", "byte 8: keys are not in order" },
    ["a key of another kind"] = { "\11\1\1\1\1", "byte 3: a key is neither text nor integer" },
    ["a member twice"] = { "\12\2\1a\1\1a\1", "byte 8: a member is named twice" },
    ["an object without members"] = { "\12\0", "byte 2: an object without members" },
    ["an object that is said to be more"] = { "\13\1\0\0\1a\1", "byte 4: all members are named: it is an object" },
    ["too many absent members"] = { "\13\1\2\0\1a\0", "byte 4: more members are absent than are named" },
    ["a member that is absent unannounced"] = { "\13\1\0\1\1a\0\6\1b\1", "byte 6: a member has no value" },
    ["a member that is there against all announcements"] = { "\13\1\1\0\1a\1", "byte 7: fewer members are absent than was announced" },
    ["a pair that is a member, too"] = { "\13\1\0\1\1a\1\6\1a\1", "byte 10: a member is named twice" },
    ["a pair that is an absent member"] = { "\13\1\1\1\1a\0\6\1a\1", "byte 10: a member is named twice" },
  } do
    it("refuses " .. what, function()
      local value, problem = json.unpack(case[1], MANY)
      assert.same({ problem = case[2] }, { value = value, problem = problem })
    end)
  end

  it("refuses more values than may come, and makes no room for them", function()
    assert.same({ nil, "byte 2: there are too many values" }, { json.unpack("\9\3\1\1\1", 3) })
    local promises = ("\9\232\7"):rep(900) .. ("\1"):rep(1000)
    local before = host.memory()
    assert.is_nil((json.unpack(promises, MANY)))
    assert.is_true(host.memory() - before < 1024 * 1024)
  end)

  it("refuses what is nested too deep", function()
    local deep = {}
    for _ = 1, 999 do deep = { deep } end
    check(deep)
    assert.same({ nil, "byte 2002: nested too deep" }, { json.unpack(("\9\1"):rep(1001) .. "\9\0", MANY) })
  end)

  it("goes in steps where it may be long", function()
    local list = {}
    for i = 1, 2000 do list[i] = { id = i, tags = json.as_array { "a" }, object = json.decode '{"b":1,"a":2}' } end
    local bytes, pauses = json.pack(list), 0
    local co = budgets.create_plain(json.unpack_in_steps)
    local ok, value = budgets.resume_plain(co, bytes, MANY, 100)
    while ok and coroutine.status(co) == "suspended" do
      pauses = pauses + 1
      collectgarbage "step"
      ok, value = budgets.resume_plain(co)
    end
    assert.is_true(ok, value)
    assert.is_true(pauses > 50)
    assert.equal(bytes, json.pack(value))
    co = budgets.create_plain(json.unpack_in_steps)
    assert.same({ true, nil, "byte 1: an unknown tag" }, { budgets.resume_plain(co, "\99", MANY, 100) })
  end)
end)
