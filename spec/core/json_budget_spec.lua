local budgets = require "core.budget"
local json = require "core.json"

local MIB = 1024 * 1024

local function run(fn, limits)
  local budget = budgets.new(limits or { cpu_ms = 100000, memory_bytes = 8 * MIB })
  local outcome = table.pack(budget:resume(budget:create(fn)))
  return outcome, budget
end

-- A value of 2^depth leaves that takes hardly any memory.
local function shared(depth, leaf)
  local value = leaf
  for _ = 1, depth do value = { value, value } end
  return value
end

-- It must end within its own memory, whichever way.
local function assert_out_of_memory(fn)
  local outcome, budget = run(fn)
  local _, _, peak = budget:used()
  assert.is_true(outcome[1] == "failed" or outcome[1] == "stopped", outcome[1])
  assert.matches("memory", tostring(outcome[2]))
  assert.is_true(peak > MIB and peak <= 8 * MIB, peak)
end

describe("core.json.encode in a budget", function()
  it("counts what it writes, whatever it is made of", function()
    assert_out_of_memory(function() return json.encode(shared(40, "x")) end)
    assert_out_of_memory(function() return json.encode(shared(40, 1.5)) end)
    assert_out_of_memory(function() return json.encode(shared(20, { [("key"):rep(10)] = { { {} } } })) end)
    local text = ("x"):rep(MIB)
    assert_out_of_memory(function() return json.encode { text, text, text, text, text, text, text, text } end)
    local raw = json.raw('"' .. text .. '"')
    assert_out_of_memory(function() return json.encode { raw, raw, raw, raw, raw, raw, raw, raw } end)
    assert_out_of_memory(function() return json.encode(("\1"):rep(MIB * 3 // 2)) end)
  end)

  it("counts the keys that it sorts", function()
    local wide = {}
    for i = 1, 100000 do wide[i .. "k"] = true end
    assert_out_of_memory(function() return json.encode(shared(3, wide)) end)
  end)

  it("is stopped at the limit of time", function()
    local forever = shared(60, "")
    for _, value in ipairs { forever, { a = forever }, json.as_array { forever }, json.ordered({ "b" }, { b = forever }) } do
      local outcome = run(function() return json.encode(value) end, { cpu_ms = 20, memory_bytes = 1024 * MIB })
      assert.same({ "stopped", "cpu" }, { outcome[1], outcome[2] })
    end
    local outcome = run(function() while true do pcall(json.encode, forever) end end, { cpu_ms = 20, memory_bytes = 1024 * MIB })
    assert.same({ "stopped", "cpu" }, { outcome[1], outcome[2] })
  end)

  it("is stopped there, too, where it only cleans", function()
    for _, leaf in ipairs { "", "\xFF" } do
      local outcome = run(function() return json.clean(shared(60, leaf)) end, { cpu_ms = 20, memory_bytes = 1024 * MIB })
      assert.same({ "stopped", "cpu" }, { outcome[1], outcome[2] })
    end
    assert_out_of_memory(function() return json.clean(shared(40, ("\xFF"):rep(50))) end)
  end)

  it("gives what it gives outside, and keeps nothing", function()
    local value = { list = { 1, 2.5, "three", {} }, mixed = { 1, x = 2 }, text = ("é"):rep(50000), none = json.null }
    local outcome, budget = run(function() return json.encode(value) end)
    assert.same({ n = 2, "done", json.encode(value) }, outcome)
    outcome = nil -- luacheck: ignore 311
    collectgarbage()
    assert.is_true(select(2, budget:used()) < 4096)
  end)

  it("tries again once the garbage is gone", function()
    local outcome = run(function()
      for i = 1, 20 do
        assert(#json.encode { ("x"):rep(MIB) .. i } > MIB)
      end
    end)
    assert.equal("done", outcome[1])
  end)
end)

describe("core.json.encode", function()
  it("writes what is nested in mixed tables once", function()
    local mixed, expected = { 1 }, "[1]"
    for i = 1, 500 do -- 2^500 steps, were each level written and thrown away
      mixed, expected = { mixed, i, x = i }, ('{"1":%s,"2":%d,"x":%d}'):format(expected, i, i)
    end
    assert.equal(expected, json.encode(mixed))
    local reversed, shown = { 1 }, "[1]"
    for _ = 1, 500 do
      reversed = { [2] = true, [1] = reversed }
      shown = "[" .. shown .. ",true]"
    end
    assert.equal(shown, json.encode(reversed))
  end)

  it("stops where the text would be too long", function()
    assert.equal('["abc"]', json.encode({ "abc" }, 7))
    for _, value in ipairs { { "abcd" }, { { "a" }, 1 }, { 123456 }, { json.raw '"abcd"' }, { [("k"):rep(20)] = 1 } } do
      assert.error_matches(function() json.encode(value, 7) end, "the text would have more than 7 bytes")
    end
    assert.error_matches(function() json.encode(shared(60, ""), 100000) end, "more than 100000 bytes")
    assert.error_matches(function() json.encode({}, -1) end, "must not be negative")
  end)

  it("stops there early, whatever the value is made of", function()
    local list, object, texts = {}, {}, {}
    for i = 1, 100000 do list[i], object["k" .. i], texts[i] = i, i, "k" .. i end
    for _, value in ipairs { list, { a = list }, object, { a = { object } }, json.ordered(texts, { k1 = list }),
                             json.decode(json.encode(object)), { b = json.decode(json.encode(object)) } } do
      local outcome = run(function() return pcall(json.encode, value, 1000) end, { cpu_ms = 100000, memory_bytes = 300000 })
      assert.same({ "done", false }, { outcome[1], outcome[2] })
      assert.matches("the text would have more than 1000 bytes", outcome[3], 1, true)
      assert.is_nil(outcome[3]:find("[0]", 1, true))
    end
  end)
end)
