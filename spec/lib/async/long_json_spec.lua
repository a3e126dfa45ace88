local fiber = require "lib.async.fiber"
local json = require "core.json"
local long_json = require "lib.async.long_json"
local loop = require "core.loop"
local turning = require "spec.support.turns"

-- What `fn` gives in a fiber, and how often the loop turned.
local function run(fn)
  local turns <close> = turning.count()
  local task = fiber.spawn(fn)
  task.quiet = true
  while task.status ~= "done" do loop.step(true) end
  local ok, result = task:join()
  return ok, result, turns.number
end

-- What is written in steps of so many, and how many pauses there were; `pause` is called in each.
local function stepped(value, steps, pause)
  local co, pauses = coroutine.create(json.encode_in_steps), 0
  local ok, text = coroutine.resume(co, value, steps)
  while coroutine.status(co) == "suspended" do
    pauses = pauses + 1
    if pause then pause(pauses) end
    ok, text = coroutine.resume(co)
  end
  return ok, text, pauses
end

local LEAVES = { 1, -7, 1.5, "text", "", "é\n\"", true, false, json.null, json.integer "18446744073709551616", json.raw '{"a":[1,2]}' }

-- Some value or other, nested up to `depth`.
local function some(random, depth)
  local kind, count = random(depth > 0 and 8 or 2), random(0, 5)
  if kind <= 2 then return LEAVES[random(#LEAVES)] end
  local value = {}
  for i = 1, count do
    local item = some(random, depth - 1)
    if kind == 3 then value[i] = item
    elseif kind == 4 then value["k" .. random(20)] = item
    elseif kind == 5 then value[random(30)], value.x = item, 1
    elseif kind == 6 then value[count - i + 1] = item
    else value["z" .. i] = item end
  end
  if kind == 6 then return json.as_array(value) end
  if kind == 7 then return json.ordered({ "z9", "z3", "z1" }, value) end
  return kind == 8 and json.decode(json.encode(value)) or value
end

describe("core.json.encode_in_steps", function()
  it("gives what encode gives, however many steps it takes at once", function()
    local state = 7
    local function random(low, high)
      if not high then low, high = 1, low end
      state = (state * 1103515245 + 12345) % 2147483648
      return low + (state >> 8) % (high - low + 1)
    end
    for _ = 1, 300 do
      local value = some(random, 5)
      for _, steps in ipairs { 1, 2, 7 } do
        local ok, text = stepped(value, steps)
        assert(ok, text)
        assert.equal(json.encode(value), text)
      end
    end
  end)

  it("pauses within objects and arrays, also sorted, ordered, with numbers for keys, or deep ones", function()
    local list, object, mixed, backwards, deep = {}, {}, {}, {}, {}
    for i = 1, 20000 do list[i], object["k" .. i], mixed[i * 2] = i, i, i end
    for i = 20000, 1, -1 do backwards[i] = { i } end
    mixed.x = 1
    for _ = 1, 990 do deep = { deep, x = 1 } end
    local keys = {}
    for i = 20000, 1, -2 do keys[#keys + 1] = "k" .. i end
    local ordered = {}
    for key, value in pairs(object) do ordered[key] = value end
    json.ordered(keys, ordered)
    for _, value in ipairs { list, object, mixed, backwards, ordered, json.decode(json.encode(object)), { deep, deep, deep, deep } } do
      local ok, text, pauses = stepped(value, 500)
      assert(ok, text)
      assert.is_true(json.encode(value) == text)
      assert.is_true(pauses >= 11, pauses)
    end
    for _, value in ipairs { object, ordered, json.decode(json.encode(object)) } do -- also while it finds their keys
      local _, _, count = stepped(value, 500)
      assert.is_true(count >= 3 * 20000 // 500 - 1, count)
    end
  end)

  it("pauses while it sorts keys", function()
    local state = 1
    for _, count in ipairs { 1023, 1024, 1025, 1280, 1281, 5000, 70001 } do
      local object, ordered, shaped = {}, {}, json.decode '{"zz":1,"yy":2}'
      for _ = 1, count do
        state = state * 16807 % 2147483647
        local key = (state % 3 == 0 and "a common beginning " or "") .. state
        object[key], ordered[key], shaped[key] = 1, 1, 1
      end
      json.ordered({ "k", (next(object)) }, ordered)
      for _, value in ipairs { object, ordered, shaped } do
        local ok, text, pauses = stepped(value, 500)
        assert(ok, text)
        assert.is_true(json.encode(value) == text)
        assert.is_true(pauses >= count * 3 // 500, pauses)
      end
    end
  end)

  it("pauses within long texts, which it writes as encode does", function()
    local multibyte = ("aé€😀\n"):rep(30000)
    for _, text in ipairs { ("x"):rep(65536), ("x"):rep(65537), ("x"):rep(1000000), multibyte, "b" .. multibyte, "bc" .. multibyte,
                            "bcd" .. multibyte, ("\1"):rep(200000), json.raw(json.encode(multibyte)) } do
      for _, value in ipairs { text, { text, text }, { a = text, b = { c = text } }, json.ordered({ "b" }, { a = 1, b = text }) } do
        local ok, written, pauses = stepped(value, 300)
        assert(ok, written)
        assert.is_true(json.encode(value) == written)
        assert.is_true(pauses >= (type(text) == "string" and #text or text:size()) // 131072 - 1, pauses)
      end
    end
    local cut_off = ("x"):rep(65535) .. "\xF0\x9F" .. ("x"):rep(65535)
    for _, broken in ipairs { multibyte .. "\x80", "\xC3" .. ("\x80"):rep(70000), cut_off } do
      local ok, message = stepped({ a = { broken } }, 300)
      assert.same({ false, "at .a[1]: the string is not valid UTF-8; send bytes as base64" }, { ok, message })
    end
  end)

  it("holds a long text that its table loses in a pause", function()
    local value = { a = { ("x"):rep(100000) .. math.tointeger(7.0) } }
    local ok, text = stepped(value, 100, function()
      value.a[1] = nil
      collectgarbage()
    end)
    assert.is_true(ok)
    assert.equal(100000 + #'{"a":["7"]}', #text)
  end)

  it("fails as encode does, with the same place", function()
    local deep = {}
    for _ = 1, 1000 do deep = { deep } end
    for _, value in ipairs { { a = { 1, 2, { b = print } } }, { ["\xFF"] = 1 }, { { 1, 0 / 0 } }, deep, { x = { [1.5] = 1, y = 2 } },
                             { list = json.as_array { [2] = 1 } }, { { [1] = 1, [9] = 1 } }, { { ["1"] = 1, [1] = 2 } } } do
      local fine, expected = pcall(json.encode, value)
      local ok, message = stepped(value, 1)
      assert.same({ false, false }, { fine, ok })
      assert.equal((expected:gsub("^%S+:%d+: ", "")), message)
    end
  end)

  it("keeps to memory of its own when the value changes in a pause", function()
    local made = {}
    local function sabotage(value)
      return function()
        for _ = 1, 2 do
          local name = next(value)
          if name then value[name] = nil end
        end
        value["new" .. #made] = { {} }
        made[#made + 1] = ("x"):rep(30) .. #made
        collectgarbage()
      end
    end
    local function fill(value)
      for i = 1, 9000 do value[("a key that is longer than forty characters, number %05d"):format(i)] = { i } end
      return value
    end
    for _, value in ipairs { fill {}, fill(json.ordered({ "b" }, {})), fill { 1 }, json.decode(json.encode(fill {})) } do
      local ok, text = stepped(value, 3000, sabotage(value))
      assert.is_true(ok and #text > 9000 or text:find("JSON cannot say nil", 1, true) ~= nil, text)
    end
    local list = {}
    for i = 1, 3000 do list[i] = { i } end
    local ok, text = stepped(list, 1000, function(count)
      for i = count * 300, #list do list[i] = nil end
      list.x = count
    end)
    assert.is_true(ok or text:find("JSON cannot say nil", 1, true) ~= nil, text)
  end)

  it("is for coroutines of the host's", function()
    assert.error_matches(function() json.encode_in_steps({}, 0) end, "must be positive")
    local co = coroutine.create(function()
      table.sort({ 2, 1 }, function() json.encode_in_steps({ 1 }, 1) return true end)
    end)
    local ok, message = coroutine.resume(co)
    assert.is_false(ok)
    assert.matches("in a coroutine of the host's", message, 1, true)
  end)

  it("can be left in a pause", function()
    for _ = 1, 50 do
      local co = coroutine.create(json.encode_in_steps)
      assert(coroutine.resume(co, { ("x"):rep(100000), 2, 3, 4 }, 2))
      assert.equal("suspended", coroutine.status(co))
    end
    collectgarbage()
    assert.equal("[1]", json.encode { 1 })
  end)
end)

describe("lib.async.long_json", function()
  local long = {}
  for i = 1, 400000 do long[i] = { i } end

  it("gives what encode gives, and lets the loop turn", function()
    local expected = json.encode(long)
    local ok, text, turns = run(function() return long_json.encode(long) end)
    assert.is_true(ok and text == expected)
    assert.is_true(turns > 2, turns)
  end)

  it("writes at once what is short, and where nothing can wait", function()
    local ok, text, turns = run(function() return long_json.encode { 1, "a" } end)
    assert.same({ true, '[1,"a"]', 0 }, { ok, text, turns })
    assert.is_true(#long_json.encode(long) > 500000)
    ok, text, turns = run(function()
      local written
      table.sort({ 2, 1 }, function(a, b) written = long_json.encode(long) return a < b end)
      return written
    end)
    assert.is_true(ok and #text > 500000 and turns == 0)
  end)

  it("is not ended by a cancellation: what it writes may have been paid, or tell of one", function()
    local written
    local task = fiber.spawn(function() written = long_json.encode(long) end)
    task.quiet = true
    task:cancel("enough")
    while task.status ~= "done" do loop.step(true) end
    assert.is_true(#written > 500000)
    task = fiber.spawn(function()
      pcall(fiber.sleep, 1000)
      written = #long_json.encode(long)
    end)
    task:cancel("enough")
    while task.status ~= "done" do loop.step(true) end
    assert.is_true(written > 500000)
  end)

  it("takes no more bytes than it may have", function()
    for _, most in ipairs { 1000, 100000, 1000000 } do
      local ok, message = run(function() return long_json.encode(long, most) end)
      assert.is_false(ok)
      assert.matches(("the text would have more than %d bytes"):format(most), message, 1, true)
    end
    local ok, text = run(function() return long_json.encode({ ("x"):rep(100000) }, 100004) end)
    assert.same({ true, 100004 }, { ok, #text })
  end)

  it("raises what encode raises", function()
    local broken = { long, print }
    local ok, message = run(function() return long_json.encode(broken) end)
    assert.is_false(ok)
    assert.matches("at [2]: JSON cannot say a function", message, 1, true)
  end)
end)
