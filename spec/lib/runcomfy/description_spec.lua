local description = require "lib.runcomfy.description"
local json = require "core.json"

local function of(text)
  return description.of(assert(json.raw(text)))
end

-- The same as a Raw, but for what counts how often it is asked for members or entries.
local function counted(raw, count)
  local copy = {}
  for _, name in ipairs { "kind", "text", "value" } do copy[name] = function() return raw[name](raw) end end
  function copy:members(wanted) -- luacheck: ignore 212
    local found = raw:members(wanted)
    count.looks = count.looks + 1
    for key, part in pairs(found) do found[key] = counted(part, count) end
    return found
  end
  function copy:pairs() -- luacheck: ignore 212
    count.looks = count.looks + 1
    local following = raw:pairs()
    return function()
      local key, part = following()
      if key ~= nil then return key, counted(part, count) end
    end
  end
  return copy
end

local function looks(text)
  local count = { looks = 0 }
  local result = description.of(counted(json.raw(text), count))
  return count.looks, result
end

describe("runcomfy.description", function()
  it("takes the first text there is, and says where", function()
    assert.equal("b (node_id 6, code 7)", of '{"code":7,"node_id":"6","message":"b","detail":"c","msg":""}')
    assert.equal("body.overrides.0: field required", of '[{"loc":["body","overrides",0],"msg":"field required"}]')
    assert.equal('{"a":1}', of '{"a":1}')
  end)

  it("looks at an object once, and at the last of members of the same name", function()
    local count, text = looks '{"msg":"a","message":"b","msg":"c"}'
    assert.equal(1, count)
    assert.equal("c", text)
  end)

  it("goes no deeper than sixteen levels", function()
    local count, text = looks(('{"detail":'):rep(100) .. '"a"' .. ("}"):rep(100))
    assert.equal(16, count)
    assert.equal(("{\"detail\":"):rep(84) .. '"a"' .. ("}"):rep(84), text)
  end)

  it("looks at a thousand values at most, however they branch", function()
    local list = "[" .. ('{"a":1},'):rep(99) .. '{"a":1}]'
    local count, text = looks("[" .. (list .. ","):rep(99) .. list .. "]")
    assert.is_true(count <= 1001)
    assert.matches("…$", text)
  end)

  it("cuts what has no end", function()
    assert.equal(20001, utf8.len(of(json.encode(("ä"):rep(50000)))))
    assert.equal(1001, utf8.len(of('{"a":' .. ("1"):rep(5000) .. "}")))
    assert.is_true(#of(json.encode { msg = "a", type = ("b"):rep(5000) }) < 300)
    assert.is_true(#of(json.encode { msg = "a", loc = json.as_array { ("b"):rep(5000) } }) < 300)
  end)
end)
