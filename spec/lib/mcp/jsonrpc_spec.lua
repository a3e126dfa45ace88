local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"

local function classify(text)
  return jsonrpc.classify(assert(json.decode(text)))
end

describe("mcp.jsonrpc", function()
  it("tells requests, notifications, responses and batches apart", function()
    assert.equal("request", (classify '{"jsonrpc":"2.0","id":1,"method":"ping"}'))
    assert.equal("notification", (classify '{"jsonrpc":"2.0","method":"notifications/initialized"}'))
    assert.equal("response", (classify '{"jsonrpc":"2.0","id":1,"result":{}}'))
    assert.equal("response", (classify '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}'))
    assert.equal("response", (classify '{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"}}'))
    assert.equal("batch", (classify '[]'))
    assert.equal("batch", (classify '[{"jsonrpc":"2.0","id":1,"method":"ping"}]'))
  end)

  it("does not mind the order of the members", function()
    local kind, id = classify '{"method":"tools/list","params":{},"jsonrpc":"2.0","id":0}'
    assert.equal("request", kind)
    assert.equal("0", id)
  end)

  it("keeps ids with value and type", function()
    local ids = {
      "0", '""', "-5", '"0"', "9007199254740993", "9223372036854775807", "-9223372036854775808",
      "18446744073709551615", "123456789012345678901234567890", '"listen:0"', '"a\\"b\\\\c"', '"\u{1F600}"',
    }
    for _, id in ipairs(ids) do
      local kind, text = classify('{"jsonrpc":"2.0","id":' .. id .. ',"method":"ping"}')
      assert.equal("request", kind)
      assert.equal(id, text)
    end
  end)

  it("takes a float id that is a whole number, as JSON Schema does", function()
    local kind, text = classify '{"jsonrpc":"2.0","id":7.0,"method":"ping"}'
    assert.equal("request", kind)
    assert.equal("7", text)
    assert.equal(1e20, tonumber((select(2, classify '{"jsonrpc":"2.0","id":1e20,"method":"ping"}'))))
  end)

  it("refuses ids that are neither strings nor integers, and does not echo them", function()
    for _, id in ipairs { "null", "true", "false", "1.5", "{}", "[]", "[1]", '{"a":1}', "1e999" } do
      local kind, text, reason = classify('{"jsonrpc":"2.0","id":' .. id .. ',"method":"ping"}')
      assert.equal("invalid", kind, id)
      assert.is_nil(text)
      assert.matches("'id' must be a string or an integer", reason)
    end
  end)

  it("names what is wrong with a message, and gives its id where it can be read", function()
    local cases = {
      { '{"id":1,"method":"ping"}', "1", "'jsonrpc' must be" },
      { '{"jsonrpc":"1.0","id":"x","method":"ping"}', '"x"', "'jsonrpc' must be" },
      { '{"jsonrpc":2.0,"id":1,"method":"ping"}', "1", "'jsonrpc' must be" },
      { '{"jsonrpc":"2.0","id":1,"method":5}', "1", "'method' must be a string" },
      { '{"jsonrpc":"2.0","id":1,"method":null}', "1", "'method' must be a string" },
      { '{"jsonrpc":"2.0","id":1}', "1", "'method' is missing" },
      { '{"jsonrpc":"2.0"}', nil, "'method' is missing" },
      { "{}", nil, "'jsonrpc' must be" },
      { "1", nil, "a message is a JSON object" },
      { '"ping"', nil, "a message is a JSON object" },
      { "null", nil, "a message is a JSON object" },
      { "true", nil, "a message is a JSON object" },
    }
    for _, case in ipairs(cases) do
      local kind, id, reason = classify(case[1])
      assert.equal("invalid", kind, case[1])
      assert.equal(case[2], id, case[1])
      assert.matches(case[3], reason, 1, true)
    end
  end)

  it("writes errors without an id where none could be read, never with null", function()
    assert.same({ jsonrpc = "2.0", error = { code = -32700, message = "Parse error" } },
      json.decode(jsonrpc.failure(nil, -32700, "Parse error")))
    assert.same({ jsonrpc = "2.0", id = 3, error = { code = -32022, message = "no", data = { requested = "1.0" } } },
      json.decode(jsonrpc.failure("3", -32022, "no", '{"requested":"1.0"}')))
  end)

  it("cuts names that the peer made long, between characters", function()
    assert.equal("short", jsonrpc.shown("short"))
    local shown = jsonrpc.shown(("ü"):rep(100000))
    assert.equal(201, utf8.len(shown))
    assert.equal("…", shown:sub(-3))
  end)
end)

describe("mcp.jsonrpc.classify, with random values", function()
  local kinds = { request = true, notification = true, response = true, batch = true, invalid = true }
  local words = { "jsonrpc", "id", "method", "params", "result", "error", "2.0", "ping", "", "_meta", "\u{FFFD}" }

  local function word() return words[math.random(#words)] end

  local make
  local makers = {
    function() return math.random(-3, 3) end,
    function() return math.random() * 10 - 5 end,
    function() return math.mininteger end,
    function() return word() end,
    function() return json.null end,
    function() return math.random(2) == 1 end,
    function(depth)
      local list = json.as_array {}
      for i = 1, math.random(0, 3) do list[i] = make(depth + 1) end
      return list
    end,
    function(depth)
      local object = {}
      if math.random(2) == 1 then object.jsonrpc = "2.0" end
      for _ = 1, math.random(0, 4) do object[word()] = make(depth + 1) end
      return object
    end,
  }
  function make(depth)
    return makers[math.random(depth > 4 and 6 or #makers)](depth)
  end

  it("always gives one of its kinds, with an id that is JSON of its own", function()
    math.randomseed(20260728)
    local seen = {}
    for _ = 1, 20000 do
      local value = make(0)
      local kind, id, reason = jsonrpc.classify((json.decode(json.encode(value))))
      assert.is_true(kinds[kind])
      seen[kind] = true
      if id then assert.same(value.id, json.decode(id)) end
      assert.equal(kind == "invalid", reason ~= nil)
      if kind == "request" then assert.equal("string", type(value.method)) end
    end
    assert.same(kinds, seen)
  end)
end)
