-- A call whose worker ends is run again from its record, and nothing is done twice.
local bed = require "spec.support.worker"
local fiber = require "lib.async.fiber"
local json = require "core.json"

local function kill_all(host)
  local before = #host:endings()
  for _, pid in ipairs(host:pids()) do bed.signal(pid, "KILL") end
  bed.await(function() return #host:endings() > before end)
end

local MANY = bed.tool([[
  local list = {}
  for i = 1, 3 do list[#list + 1] = rc.tools.a { i = i, drawn = rc.random(1000000), at = rc.now(), id = rc.uuid() } end
  local both = rc.map({ "x", "y", "z" }, function(item) return rc.tools.a { item = item } end, { concurrency = 2 })
  for _, item in ipairs(both) do list[#list + 1] = item end
  list[#list + 1] = { at = os.time(), kept = #list, sum = rc.random(1, 6) }
  return list
]], '{ "a" }')

-- Runs it; at effect number `at` (0: none) the worker is killed, before or after that effect has its answer.
local function run(at, after)
  local inputs, outcome = {}, nil
  bed.with(nil, function(host)
    local recipe = assert(bed.load(host, MANY))
    local result, err = bed.call(host, recipe, function(effect)
      inputs[#inputs + 1] = json.encode(effect.input)
      local number = #inputs
      if number == at and not after then kill_all(host) end
      if number == at and after then fiber.spawn(function() kill_all(host) end) end
      return json.encode { n = number, input = effect.input }
    end, { seed = "0123456789abcdef" })
    assert(result, err and err.message)
    outcome = result.data
    assert.equal(at == 0 and 0 or 1, #host:endings())
  end)
  table.sort(inputs)
  return inputs, outcome
end

local function without_times(value)
  return (json.encode(value):gsub('at\\?":[%d.]+', ""):gsub('"n":%d+', "")) -- of branches beside each other the order may be another one
end

describe("a call whose worker ends", function()
  local inputs, outcome

  lazy_setup(function() inputs, outcome = run(0) end)

  for at = 1, 6 do
    for _, after in ipairs { false, true } do
      it(("does nothing twice, and gives the same: at effect %d, %s its answer"):format(at, after and "behind" or "before"), function()
        local again, result = run(at, after)
        assert.equal(#inputs, #again)
        assert.equal(without_times(inputs), without_times(again))
        assert.equal(without_times(outcome), without_times(result))
      end)
    end
  end

  it("sees the time that it has seen", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool([[
        local before = rc.now()
        rc.tools.a { before = before }
        return { before = before, after = rc.now() }
      ]], '{ "a" }')))
      local seen
      local result = bed.call(host, recipe, function(effect)
        seen = effect.input.before
        fiber.sleep(0.05)
        kill_all(host)
        return "{}"
      end)
      assert.equal(seen, result.data.before)
      assert.is_true(result.data.after >= seen + 0.05)
    end)
  end)

  it("sees the time at which its file was loaded first", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, "local at, cpu, date = os.time(), os.clock(), os.date()\n" .. bed.tool([[
        rc.tools.a { at = at, cpu = cpu, date = date }
        return { at = at, cpu = cpu, date = date }]], '{ "a" }')))
      local source, seen = host.sources[recipe.id], nil
      source.loaded_at = source.loaded_at - 3600 -- as if that had been an hour ago
      kill_all(host)
      local first = bed.call(host, recipe, function(effect)
        seen = effect.input
        kill_all(host)
        return "{}"
      end)
      assert.same({ at = source.loaded_at, cpu = 0.0, date = os.date("%c", source.loaded_at) }, first.data)
      assert.same(seen, first.data)
    end)
  end)

  for body, how in pairs {
    ["rc.tools.a { at = lives }"] = "step  1, tool 'a', has another input than it had",
    ["if lives == 1 then rc.tools.a {} else rc.sleep(1) end"] = "step  1 is sleep 'sleep', and was tool 'a'",
  } do
    -- What recipes keep between their calls may make another run of them another one; here it is the text that changes.
    it("ends, and sends nothing, where it does something else then: " .. how, function()
      bed.with(nil, function(host)
        local recipe = assert(bed.load(host, "lives = 1\n" .. bed.tool(body .. "\nrc.sleep(60)", '{ "a" }')))
        local performed = 0
        local result, err = bed.call(host, recipe, function(effect)
          performed = performed + 1
          if effect.kind == "tool" then return "{}" end
          local source = host.sources[recipe.id]
          source.text = source.text:gsub("^lives = 1", "lives = 2")
          kill_all(host)
          fiber.sleep(60)
        end)
        assert.is_nil(result)
        assert.equal("the run differs from its record: " .. how .. "; nothing was sent", (err.message:match "^[^\n]*"))
        assert.equal(2, performed)
      end)
    end)
  end

  -- A call of branches that take times of their own, whose worker is killed at its last step.
  local function race(text, on_effect)
    local result, err
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, text))
      local killed = false
      result, err = bed.call(host, recipe, function(effect)
        if effect.input.last and not killed then
          killed = true
          kill_all(host)
          if on_effect then on_effect(host, recipe) end
        end
        fiber.sleep((effect.input.ms or 0) / 1000)
        return json.encode { n = effect.input.n }
      end)
      assert.equal(1, #host:endings())
    end)
    return result, err
  end

  local RACE = [[
    local ends = {}
    rc.map({ 60, 1, 30 }, function(ms)
      rc.tools.a { ms = ms }
      ends[#ends + 1] = ms
      rc.tools.a { ms = 20, first = ends[1] }
      ends[#ends + 1] = ms + 1
    end)
    rc.tools.a { ends = ends }
    rc.tools.a { last = true, ends = ends }
    return { ends = ends }]]

  it("sees its branches end in the order in which they had ended", function()
    local result, err = race(bed.tool(RACE, '{ "a" }'))
    assert.is_nil(err)
    assert.same({ 1, 2, 30, 31, 60, 61 }, result.data.ends)
  end)

  it("waits for no branch that there is no more", function()
    local text = bed.tool([[
      rc.map(items, function(ms) rc.tools.a { ms = ms } end)
      rc.tools.a { last = true }
      return { ok = true }]], '{ "a" }')
    local result, err = race("items = { 20, 1 }\n" .. text, function(host, recipe)
      local source = host.sources[recipe.id]
      source.text = source.text:gsub("{ 20, 1 }", "{ 20 }", 1)
    end)
    assert.is_nil(err)
    assert.same({ ok = true }, result.data)
  end)

  it("does not ask again for what it had left", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool([[
        pcall(rc.all, { function() rc.tools.a { slow = true } end, function() rc.tools.a { slow = false }; error "no" end })
        rc.sleep(1)
        return { ok = true }
      ]], '{ "a" }')))
      local slow = 0
      local result, err = bed.call(host, recipe, function(effect)
        if effect.kind == "sleep" then
          kill_all(host)
        elseif effect.input.slow then
          slow = slow + 1
          fiber.sleep(60)
        end
        return "{}"
      end)
      assert.is_nil(err)
      assert.same({ ok = true }, result.data)
      assert.equal(1, slow)
    end)
  end)

  it("ends where it alone ends two workers", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool "rc.sleep(1)"))
      local task = fiber.spawn(function() return bed.call(host, recipe, function() fiber.sleep(60) end) end)
      for _ = 1, 2 do
        bed.await(function() return #host:pids() > 0 end)
        kill_all(host)
      end
      local _, result, err = task:join()
      assert.is_nil(result)
      assert.equal("worker_ended", err.code)
    end)
  end)

  -- A call whose worker is killed at each of its steps; how many have ended.
  local function kill_each(steps)
    local result, err, ends
    bed.with(nil, function(host)
      local body = ("for i = 1, %d do rc.tools.a { i = i } end return { ok = true }"):format(steps)
      local recipe = assert(bed.load(host, bed.tool(body, '{ "a" }')))
      result, err = bed.call(host, recipe, function()
        kill_all(host)
        return "{}"
      end)
      ends = #host:endings()
    end)
    return result, err, ends
  end

  it("goes on where it alone ends several, each at another step", function()
    local result, err, ends = kill_each(4)
    assert.is_nil(err)
    assert.same({ ok = true }, result.data)
    assert.equal(4, ends)
  end)

  it("ends where it alone ends one after the other", function()
    local result, err, ends = kill_each(100)
    assert.is_nil(result)
    assert.equal("worker_ended", err.code)
    assert.equal(5, ends)
  end)

  local CLEANS = [[
    rc.finally(function() rc.tools.a { clean = true } end)
    rc.tools.a { n = 1 }
    rc.tools.a { n = 2 }
  ]]

  it("has its clean-ups, also where it has ended its workers", function()
    bed.with({ turn_seconds = 0.2 }, function(host)
      local recipe = assert(bed.load(host, bed.tool(CLEANS .. "while true do end", '{ "a" }')))
      local performed = {}
      local result, err = bed.call(host, recipe, function(effect)
        performed[#performed + 1] = json.encode(effect.input)
        return "{}"
      end)
      assert.is_nil(result)
      assert.equal("the worker that ran the recipe has ended: it took no turn for 0.2 s", err.message)
      assert.same({ '{"n":1}', '{"n":2}', '{"clean":true}' }, performed)
      assert.equal(2, #host:endings())
    end)
  end)

  it("knows in its clean-ups what its branches knew, where one of them has ended its workers", function()
    bed.with({ turn_seconds = 0.2 }, function(host)
      local recipe = assert(bed.load(host, bed.tool([[
        local known = {}
        rc.finally(function() rc.tools.a { clean = known } end)
        rc.all {
          function() rc.tools.a { n = 1, ms = 20 } known[#known + 1] = 1 rc.tools.a { n = 3 } while true do end end,
          function() rc.tools.a { n = 2 } known[#known + 1] = 2 rc.sleep(60) end,
        }]], '{ "a" }')))
      local performed = {}
      local result, err = bed.call(host, recipe, function(effect)
        if effect.kind == "sleep" then fiber.sleep(60) end
        performed[#performed + 1] = json.encode(effect.input)
        fiber.sleep((effect.input.ms or 0) / 1000)
        return "{}"
      end)
      assert.is_nil(result)
      assert.equal("worker_ended", err.code)
      assert.same({ '{"ms":20,"n":1}', '{"n":2}', '{"n":3}', '{"clean":[2,1]}' }, performed)
      assert.equal(2, #host:endings())
    end)
  end)

  it("has its clean-ups, each step once, where it was cancelled before", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool(CLEANS .. "rc.sleep(60)", '{ "a" }')))
      local performed, cleaned = {}, false
      local task = fiber.spawn(function()
        bed.call(host, recipe, function(effect)
          performed[#performed + 1] = effect.kind == "tool" and json.encode(effect.input) or effect.kind
          if effect.kind == "sleep" then fiber.sleep(60) end
          if effect.input.clean then
            kill_all(host)
            cleaned = true
          end
          return "{}"
        end)
      end)
      task.quiet = true
      bed.await(function() return #performed == 3 end)
      task:cancel()
      bed.await(function() return cleaned and next(host.calls) == nil end)
      assert.same({ '{"n":1}', '{"n":2}', "sleep", '{"clean":true}' }, performed)
      assert.equal(1, #host:endings())
    end)
  end)

  local BESIDE = bed.tool([[
    local known = {}
    rc.finally(function() rc.tools.a { clean = known } end)
    rc.all {
      function() rc.tools.a { n = 1, slow = true } known[#known + 1] = 1 end,
      function() rc.tools.a { n = 2 } known[#known + 1] = 2 end,
      function() rc.sleep(60) end,
    }]], '{ "a" }')

  -- Runs it until both have their answers, and then `act(host, task)`; what was performed.
  local function beside(act)
    local performed, over = {}, false
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, BESIDE))
      local task = fiber.spawn(function()
        bed.call(host, recipe, function(effect)
          if effect.kind == "sleep" then fiber.sleep(60) end
          performed[#performed + 1] = json.encode(effect.input)
          if effect.input.slow then fiber.sleep(0.02) end
          over = effect.input.clean ~= nil
          return "{}"
        end)
      end)
      task.quiet = true
      bed.await(function()
        local _, call = next(host.calls)
        return call and call.asked.order.count == 2
      end)
      act(host, task)
      bed.await(function() return over and next(host.calls) == nil end)
    end)
    return performed
  end

  local ONCE = { '{"n":1,"slow":true}', '{"n":2}', '{"clean":[2,1]}' }

  it("knows in its clean-ups what it knew, where it is cancelled as it is run again", function()
    assert.same(ONCE, beside(function(host, task)
      kill_all(host)
      assert.equal(1, #host:pids()) -- it has not even begun there
      task:cancel()
    end))
  end)

  it("knows in its clean-ups what it knew, where its worker ends behind the cancellation", function()
    assert.same(ONCE, beside(function(host, task)
      for _, pid in ipairs(host:pids()) do bed.signal(pid, "STOP") end -- hears of nothing
      task:cancel()
      kill_all(host)
    end))
  end)

  it("ends where it was cancelled before it had asked for anything", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool("rc.tools.a {} return { ok = true }", '{ "a" }')))
      local performed = 0
      for _, pid in ipairs(host:pids()) do bed.signal(pid, "STOP") end
      local task = fiber.spawn(function()
        bed.call(host, recipe, function()
          performed = performed + 1
          return "{}"
        end)
      end)
      task.quiet = true
      bed.await(function() return next(host.calls) ~= nil end)
      task:cancel()
      kill_all(host)
      bed.await(function() return next(host.calls) == nil end)
      assert.equal(0, performed)
    end)
  end)
end)
