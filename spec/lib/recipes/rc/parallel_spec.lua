local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local kit = require "spec.support.rc"
local turning = require "spec.support.turns"

local function run(text, options)
  local result, err
  kit.with({}, function(_, time)
    local begun = time.time
    result, err = kit.run(text, options)
    result = result or { data = {} }
    result.seconds = time.time - begun
  end)
  return result.data, err, result.seconds
end

-- What `fn` gives, and how often the loop turned meanwhile.
local function turns_of(fn)
  local turns <close> = turning.count()
  local data, err = fn()
  return turns.number, data, err
end

describe("rc.all", function()
  it("runs functions at the same time and gives their results in order", function()
    local data, _, seconds = run [[
      local list = rc.all {
        function() rc.sleep(3) return "a" end,
        function() rc.sleep(1) return { "b" } end,
        function() return nil end,
        function() return 4, 5 end,
      }
      return { a = list[1], b = list[2][1], c = list[3] == nil, d = list[4] }
    ]]
    assert.same({ a = "a", b = "b", c = true, d = 4 }, data)
    assert.is_true(seconds >= 3 and seconds < 3.1)
  end)

  it("raises the first error and ends the others, whose clean-up runs before", function()
    local data, _, seconds = run [[
      local order = {}
      local ok, err = pcall(rc.all, {
        function()
          local _ <close> = rc.finally(function() order[#order + 1] = "closed" end)
          rc.sleep(100)
          order[#order + 1] = "never"
        end,
        function() rc.sleep(1) error({ code = "mine" }) end,
      })
      return { ok = ok, code = err.code, order = order }
    ]]
    assert.is_false(data.ok)
    assert.equal("mine", data.code)
    assert.same({ "closed" }, data.order)
    assert.is_true(seconds < 2)
  end)

  it("runs a thousand functions of a call at once, in groups within groups, too; more wait for their turn", function()
    local data, err = run [[
      local now, most = 0, 0
      local function work()
        now = now + 1
        most = math.max(most, now)
        rc.sleep(1)
        now = now - 1
        return 1
      end
      local function many(count, fn)
        local list = {}
        for i = 1, count do list[i] = fn end
        return list
      end
      local done = #rc.all(many(2500, work))
      local outer = rc.all(many(40, function() return #rc.all(many(60, work)) end))
      return { done = done, outer = #outer, inner = outer[40], most = most }
    ]]
    assert.is_nil(err)
    assert.same({ 2500, 40, 60 }, { data.done, data.outer, data.inner })
    assert.is_true(data.most <= 1000, data.most)
  end)

  it("lets the loop turn while it starts many", function()
    local turns, data, err = turns_of(function()
      return run "local list = {} for i = 1, 30000 do list[i] = i end return { #rc.map(list, function(i) return i end) }"
    end)
    assert.is_nil(err)
    assert.equal(30000, data[1])
    assert.is_true(turns > 10, turns)
  end)

  it("raises an error that comes at once, too", function()
    local _, err = run "rc.all { function() error('at once', 0) end }"
    assert.matches("^at once", err.message)
    _, err = run "rc.map({ 1, 2 }, function(i) if i == 2 then error('second', 0) end end)"
    assert.matches("^second", err.message)
  end)

  it("does nothing with an empty list, and refuses what is no function", function()
    assert.same({ n = 0 }, run "return { n = #rc.all {} }")
    local _, err = run "rc.all { print, 5 }"
    assert.matches("probe.lua:1: rc.all takes functions; entry 2 is a number", err.message, 1, true)
    _, err = run "rc.all(print)"
    assert.matches("probe.lua:1: rc.all takes a list of functions", err.message, 1, true)
  end)
end)

describe("rc.map", function()
  it("keeps to its concurrency, and to the order of the list", function()
    local data, _, seconds = run [[
      local at_once, most = 0, 0
      local list = rc.map({ 1, 2, 3, 4, 5, 6, 7 }, function(item, index)
        at_once = at_once + 1
        most = math.max(most, at_once)
        rc.sleep(1)
        at_once = at_once - 1
        return item * 10 + index
      end, { concurrency = 3 })
      return { list = list, most = most }
    ]]
    assert.same({ 11, 22, 33, 44, 55, 66, 77 }, data.list)
    assert.equal(3, data.most)
    assert.is_true(seconds >= 3 and seconds < 3.1)
  end)

  it("gives all results, good and bad, when it is not to stop", function()
    local data = run [[
      local list = rc.map({ 1, 2, 3 }, function(item)
        if item == 2 then rc.fail("no 2", { item = item }) end
        return item
      end, { stop_on_error = false })
      return { first = list[1], ok = list[2].ok, message = list[2].error.message, item = list[2].error.data.item, last = list[3].value }
    ]]
    assert.same({ first = { ok = true, value = 1 }, ok = false, message = "no 2", item = 2, last = 3 }, data)
  end)

  it("gives a text that was raised as an error with a message, too", function()
    local data = run [[
      local list = rc.map({ 1 }, function() error "broken" end, { stop_on_error = false })
      return { message = list[1].error.message, text = tostring(list[1].error), code = list[1].error.code }
    ]]
    assert.matches("probe.lua:%d+: broken$", data.message)
    assert.same({ data.message, "recipe_error" }, { data.text, data.code })
  end)

  it("starts nothing more after the first error", function()
    local data = run [[
      local seen = {}
      local ok = pcall(rc.map, { 1, 2, 3, 4, 5 }, function(item)
        seen[#seen + 1] = item
        rc.sleep(item)
        error "x"
      end, { concurrency = 2 })
      return { seen = seen, ok = ok }
    ]]
    assert.same({ seen = { 1, 2 }, ok = false }, data)
  end)

  it("nests", function()
    local data = run [[
      local rows = rc.map({ 1, 2 }, function(row)
        return rc.map({ 1, 2, 3 }, function(column) rc.sleep(1) return row * column end)
      end)
      return { rows = rows }
    ]]
    assert.same({ { 1, 2, 3 }, { 2, 4, 6 } }, data.rows)
  end)

  it("refuses options that it has not", function()
    local _, err = run "rc.map({ 1 }, print, { parallel = 4 })"
    assert.matches("probe.lua:1: rc.map has no option 'parallel'; it takes concurrency and stop_on_error", err.message, 1, true)
    _, err = run "rc.map({ 1 }, print, { concurrency = 0 })"
    assert.matches("probe.lua:1: rc.map: concurrency must be a whole number above 0", err.message, 1, true)
    _, err = run "rc.map(5, print)"
    assert.matches("probe.lua:1: rc.map takes a list, got number", err.message, 1, true)
  end)

  it("ends with the call's cancellation, all of it", function()
    kit.with({}, function()
      local before = fiber.count()
      local task = fiber.spawn(kit.run, "rc.map({ 1, 2, 3 }, function() rc.sleep(1000) end) return {}")
      task.quiet = true
      clock.sleep(1)
      task:cancel("enough")
      assert.is_false((task:join()))
      assert.equal(before, fiber.count())
    end)
  end)
end)

describe("rc.map and rc.all of nothing", function()
  it("give lists, to JSON, too", function()
    local data = run "return { map = rc.map({}, print), all = rc.all {}, kept = rc.map({}, print, { stop_on_error = false }) }"
    assert.equal('{"all":[],"kept":[],"map":[]}', require("core.json").encode(data))
  end)
end)
