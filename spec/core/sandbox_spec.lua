local budgets = require "core.budget"
local memory = require "spec.support.memory"
local sandbox = require "core.sandbox"

require "lib.recipes.load.names" -- which numbers what is named

local pairs_in_order, next_in_order, sort = sandbox.pairs, sandbox.new_next(), sandbox.sort

local state = 4711
local function random(limit)
  state = (state * 1103515245 + 12345) % 2147483648
  return (state >> 8) % limit + 1
end

local function in_slice(fn, limits)
  local budget = budgets.new(limits or { cpu_ms = 20000 })
  return budget:resume(budget:create(fn))
end

local function keys_of(t)
  local list = {}
  for key in pairs_in_order(t) do list[#list + 1] = key end
  return list
end

local function keys_by_next(t)
  local list = {}
  for key in next_in_order, t do list[#list + 1] = key end
  return list
end

describe("the order of keys", function()
  it("is 1 to n, other numbers, strings bytewise, booleans, and objects as they were made", function()
    local a, b, c = {}, function() return random end, coroutine.create(random)
    local d = setmetatable({}, { __index = a })
    local t = { "x", "y", "z", [5] = 1, [0] = 1, [-1] = 1, [0.5] = 1, [2.5] = 1, [math.maxinteger] = 1, [math.mininteger] = 1,
      [1e300] = 1, [-1e300] = 1, [math.huge] = 1, [-math.huge] = 1, [2 ^ 53] = 1,
      [""] = 1, a = 1, ["a\0"] = 1, ["a\0b"] = 1, aa = 1, b = 1, ["\xFF"] = 1, B = 1, aaaaaaaab = 1, aaaaaaaaa = 1, aaaaaaaa = 1,
      [true] = 1, [false] = 1, [d] = 1, [c] = 1, [b] = 1, [a] = 1 }
    local expected = { 1, 2, 3, 5, 9007199254740992, math.maxinteger, -math.huge, -1e300, math.mininteger, -1, 0, 0.5, 2.5, 1e300,
      math.huge, "", "B", "a", "a\0", "a\0b", "aa", "aaaaaaaa", "aaaaaaaaa", "aaaaaaaab", "b", "\xFF", false, true, a, b, c, d }
    assert.same(expected, keys_of(t))
    assert.same(expected, keys_by_next(t))
  end)

  it("tells integers and floats apart that lie close together", function()
    local big = -(1 << 53)
    local t = { [big - 1] = 1, [big] = 1, [big - 2] = 1, [-2.0 ^ 62] = 1, [-(1 << 62) + 1] = 1, [-(1 << 62) - 1] = 1,
      [-0.5] = 1, [-1.5] = 1, [-1] = 1 }
    assert.same({ -(1 << 62) - 1, -(1 << 62), -(1 << 62) + 1, big - 2, big - 1, big, -1.5, -1, -0.5 }, keys_of(t))
  end)

  it("is that of table.sort, for any strings, few and many", function()
    for round = 1, 200 do
      local t, expected = {}, {}
      for _ = 1, round < 150 and random(30) or random(3000) do
        local key = ("ab"):rep(random(12) - 1):sub(random(3)) .. string.char(random(4) + 96, random(256) - 1)
        if not t[key] then expected[#expected + 1] = key end
        t[key] = true
      end
      table.sort(expected)
      assert.same(expected, keys_of(t))
      assert.same(expected, keys_by_next(t))
    end
  end)

  it("is found in time, however the keys lie", function()
    local kinds = {
      function(i) return -i end, function(i) return i - 1e6 end, function(i) return -(i * 7919 % 100003) end,
      function(i) return -(i % 2 == 0 and i or 200000 - i) end, function(i) return ("%064d"):format(i * 7919 % 100003) end,
    }
    for _, key_of in ipairs(kinds) do
      local outcome, count = in_slice(function()
        local t, count, last = {}, 0, nil
        for i = 1, 50000 do t[key_of(i)] = i end
        for key in pairs_in_order(t) do
          assert(last == nil or last < key)
          count, last = count + 1, key
        end
        return count
      end)
      assert.same({ "done", 50000 }, { outcome, count })
    end
  end)
end)

describe("a traversal", function()
  it("meets each key once, whatever is removed and changed meanwhile", function()
    for _, each in ipairs { pairs_in_order, function(t) return next_in_order, t end } do
      for _, count in ipairs { 10, 300 } do
        local t, seen = {}, 0
        for i = 1, count do t[i], t["k" .. i], t[-i] = i, i, i end
        for key in each(t) do
          seen = seen + 1
          t[key] = seen % 2 == 0 and "changed" or nil
        end
        assert.equal(3 * count, seen)
        assert.equal(3 * count // 2, #keys_of(t))
        for key in each(t) do
          for other in pairs(t) do t[other] = nil end
          assert.is_not_nil(key)
        end
        assert.is_nil(next(t))
      end
    end
  end)

  it("may be within another of the same table", function()
    local t, count = { 1, 2, a = 1, b = 2, c = 3 }, 0
    for _ in pairs_in_order(t) do
      for _ in pairs_in_order(t) do count = count + 1 end
    end
    for _ in next_in_order, t do
      for _ in next_in_order, t do count = count + 1 end
    end
    assert.equal(50, count)
  end)

  it("begins anew with nil, also where another was left", function()
    local t = { 1, z = 1, a = 2 }
    for key in next_in_order, t do if key == "a" then break end end
    t.b = 3
    assert.same({ 1, "a", "b", "z" }, keys_by_next(t))
    local iterator, object = pairs_in_order(t)
    assert.equal(1, (iterator(object)))
    assert.equal("a", (iterator(object, 1)))
    assert.equal(1, (iterator(object)))
    while next_in_order(t) do t[next_in_order(t)] = nil end
    assert.is_nil(next(t))
  end)

  it("of many keys is that of few", function()
    local function bytewise(a, b)
      for i = 1, math.min(#a, #b) do
        if a:byte(i) ~= b:byte(i) then return a:byte(i) < b:byte(i) end
      end
      return #a < #b
    end
    local made = {
      function(i) return "key" .. i end, function() return ("same prefix"):sub(1, random(11)) .. random(5000) end,
      function() return string.char(random(256) - 1, random(256) - 1, random(256) - 1) .. ("\0"):rep(random(9) - 1) end,
      function(i) return ("%08x"):format(i * 7919 % 65536) end, function(i) return -i end, function(i) return -i / 8 end,
      function(i) return i % 2 == 0 and -i or -2.0 ^ (i % 1000) - 0.5 end, function(i) return i * 3 + 2 end,
    }
    for which, make in ipairs(made) do
      for _, count in ipairs { 199, 200, 201, 3000 } do
        local t, keys = {}, {}
        for i = 1, count do t[make(i)] = true end
        for key in next, t do keys[#keys + 1] = key end
        table.sort(keys, type(keys[1]) == "string" and bytewise or nil)
        assert(table.concat(keys, ",") == table.concat(keys_of(t), ","), which)
        assert(table.concat(keys, ",") == table.concat(keys_by_next(t), ","), which)
        t[false], t.text, t[1] = true, true, true -- of several classes
        assert.equal(#keys + 3, #keys_of(t))
      end
    end
  end)

  it("is asked for its beginning again and again, at the cost of one look", function()
    local outcome = in_slice(function()
      for _, name in ipairs { "", 1 } do
        local t = {}
        for i = 1, 20000 do t[name == 1 and i or "key" .. i] = i end
        while next_in_order(t) do t[next_in_order(t)] = nil end
        assert(next(t) == nil)
      end
    end, { cpu_ms = 2000 })
    assert.equal("done", outcome)
  end)

  -- Keys come and go, and between that the table is gone through, within itself, too, perhaps with what is met being removed.
  it("holds all keys, each once, wherever it begins", function()
    local function key_of()
      local kind, number = random(10), random(120)
      return kind < 6 and "k" .. number or kind < 9 and number % 40 or number + 0.5
    end
    local function check(t, removes)
      local seen, wanted, count = {}, {}, 0
      for key in next, t do wanted[key] = true end
      for key in next_in_order, t do
        assert(not seen[key] and wanted[key], key)
        seen[key], count = true, count + 1
        if removes == 2 then t[key] = nil end
        if removes == 3 and count == 7 then check(t, 1) end
        if removes == 4 then next_in_order(t) end
      end
      for key in next, wanted do assert(seen[key], key) end
    end
    local unordered = 0
    for _ = 1, 60 do
      local t = {}
      for _ = 1, 300 do t[key_of()] = true end
      for _ = 1, 40 do
        for _ = 1, random(20) do
          local first = next_in_order(t)
          assert.equal(next(t) == nil, first == nil)
          if first ~= nil and random(2) == 1 then t[first] = nil end
        end
        for _ = 1, random(10) do t[key_of()] = random(2) == 1 or nil end
        local first = next_in_order(t)
        if first ~= keys_of(t)[1] then unordered = unordered + 1 end
        if random(3) == 1 then check(t, random(4)) end
        for _ = 1, random(30) do t[key_of()] = true end
      end
    end
    assert.is_true(unordered > 20, unordered)
  end)

  it("uses __pairs, which may wait", function()
    local meta = { __pairs = function(t) coroutine.yield "waits" return next_in_order, t.inner, nil end }
    local walk = coroutine.wrap(function() return keys_of(setmetatable({ inner = { b = 1, a = 2 } }, meta)) end)
    assert.equal("waits", walk())
    assert.same({ "a", "b" }, walk())
  end)

  it("refuses what is no table as Lua does", function()
    local ok, message = pcall(function() for _ in pairs_in_order(nil) do error "never" end end)
    assert.is_false(ok)
    assert.matches("bad argument #1 to 'for iterator' (table expected, got nil)", message, 1, true)
    assert.error_matches(function() pairs_in_order() end, "bad argument #1 to '.-' %(value expected%)")
    assert.error_matches(function() next_in_order(1) end, "table expected, got number")
  end)

  it("is stopped where sorting takes too long, or too much memory", function()
    local t = {}
    for i = 1, 200000 do t[("\0"):rep(200) .. i] = i end
    local again = function(each) return function() while true do each(t) end end end
    for name, each in pairs {
      pairs = function(object) return pairs_in_order(object)(object) end,
      next = function(object) return next_in_order(object) end,
      middle = function(object) return next_in_order(object, "x") end,
    } do
      local outcome, limit = in_slice(again(each), { cpu_ms = 30 })
      assert.same({ name, "stopped", "cpu" }, { name, outcome, limit })
    end
    local outcome, limit = in_slice(function() return pairs_in_order(t)(t) end, { cpu_ms = 60000, memory_bytes = 4 * 1024 * 1024 })
    assert.same({ "stopped", "memory" }, { outcome, limit })
  end)

  it("survives the failure of any allocation", function()
    local t = { 1, 2, [print] = 1 }
    for i = 1, 100 do t["k" .. i] = i end
    local strings = {}
    for i = 1, 100 do strings["k" .. i] = i end
    local few = { a = 1, b = 2 }
    local function scenario()
      for key in pairs_in_order(t) do if key == "k50" then break end end
      for key in next_in_order, t do if key == "k50" then break end end
      for _ = 1, 20 do next_in_order(strings) end
      next_in_order(strings, (next_in_order(strings)))
      for _ in pairs_in_order(few) do sort { 3, 2, 1 } end
      return nil
    end
    assert.is_true(memory.sweep(scenario) > 10)
    assert.equal(103, #keys_of(t))
    assert.equal(103, #keys_by_next(t))
    assert.equal(100, #keys_by_next(strings))
  end)
end)

describe("sort", function()
  it("sorts as table.sort does, and keeps the order of what compares equal", function()
    for _ = 1, 300 do
      local ours, theirs, ranked = {}, {}, {}
      for i = 1, random(500) - 1 do
        ours[i] = random(2) == 1 and random(100) or random(100) + 0.5
        theirs[i], ranked[i] = ours[i], { rank = random(5), at = i }
      end
      sort(ours)
      table.sort(theirs)
      assert.same(theirs, ours)
      sort(ours, function(a, b) return a > b end)
      for i = 1, #ours do assert.equal(theirs[#ours + 1 - i], ours[i]) end
      sort(ranked, function(a, b) return a.rank < b.rank end)
      for i = 2, #ranked do
        local before, item = ranked[i - 1], ranked[i]
        assert.is_true(before.rank < item.rank or before.rank == item.rank and before.at < item.at)
      end
    end
  end)

  it("ends with the same items, whatever the order function says", function()
    for _, before in ipairs { function() return true end, function() return false end, function() return random(2) == 1 end } do
      local list, seen = {}, {}
      for i = 1, 200 do list[i] = i end
      sort(list, before)
      for _, item in ipairs(list) do seen[item] = true end
      assert.equal(200, #list)
      assert.equal(200, #seen)
    end
  end)

  it("leaves the list as it was where comparing raises", function()
    local list, count = {}, 0
    for i = 1, 100 do list[i] = -i end
    assert.error_matches(function()
      sort(list, function(a, b)
        count = count + 1
        if count == 300 then error "enough" end
        return a < b
      end)
    end, "enough")
    for i = 1, 100 do assert.equal(-i, list[i]) end
    assert.error_matches(function() sort { 1, "a" } end, "attempt to compare")
    assert.error_matches(function() sort({ 1, 2 }, 3) end, "bad argument #2 to '.-' %(function expected, got number%)")
    assert.error_matches(function() sort(nil) end, "table expected, got nil")
  end)

  it("uses metamethods", function()
    local meta = { __lt = function(a, b) return a.n < b.n end }
    local list = {}
    for i = 1, 5 do list[i] = setmetatable({ n = 6 - i }, meta) end
    sort(list)
    for i = 1, 5 do assert.equal(i, list[i].n) end
  end)
end)

it("names take the place of addresses in slices alone", function()
  local function texts()
    local t = setmetatable({}, { __name = "Thing" })
    return tostring(t), ("%s|%20s|%p|%-14p|%%p|%d"):format(t, print, t, t, 3), ("%5.1f%%"):format(3), tostring(12), tostring(nil)
  end
  local outcome, plain, formatted, number, twelve, none = in_slice(texts)
  assert.same({ "done", "  3.0%", "12", "nil" }, { outcome, number, twelve, none })
  local name = plain:match "^Thing: (0x%x%x%x%x%x%x%x%x)$"
  assert.is_string(name, plain)
  assert.matches(("^Thing: %s|function: 0x%%x%%x%%x%%x%%x%%x%%x%%x|%s|%s    |%%%%p|3$"):format(name, name, name), formatted)
  assert.is_nil(texts():match "^Thing: 0x%x%x%x%x%x%x%x%x$")
  assert.error_matches(function() ("%d"):format({}) end, "number expected, got table")
end)
