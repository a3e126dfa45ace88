local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local host = require "core.host"
local record = require "lib.calls.record"
local replay = require "lib.calls.replay"

local READS = { caller = {}, tool = { risk = "harmless" } }
local WRITES = { caller = {}, tool = { risk = "costs" } }

local function effect_of(seq, fields)
  local effect = { call = "c", branch = "", seq = seq, kind = "tool", name = "x", input = { a = seq } }
  for key, value in pairs(fields or {}) do effect[key] = value end
  return effect
end

-- Passes an effect; gives what it gave, and how often it was executed.
local function pass(link, effect, scope, answer)
  local count = 0
  local result, err = link(effect, function()
    count = count + 1
    if answer then return answer() end
    return { data = { n = effect.seq } }
  end, scope or READS)
  return result, err, count
end

-- The keys of the steps, in order, and whether each was answered.
local function steps_of(kept)
  local list = {}
  for step in kept:read() do list[#list + 1] = effects.key(step) .. (step.answer and "" or " without an answer") end
  return list
end

describe("a replay", function()
  it("executes and records what the record has not, and answers what it has", function()
    local kept = record.new()
    local first = replay.new(kept):link()
    local _, _, count = pass(first, effect_of(1))
    assert.equal(1, count)
    local second = replay.new(kept):link()
    local result, _, again = pass(second, effect_of(1))
    assert.same({ 1, 0 }, { result.data.n, again })
    _, _, count = pass(second, effect_of(2))
    assert.equal(1, count)
    assert.same({ "c  1", "c  2" }, steps_of(kept))
  end)

  it("gives errors again, with their fields, and what was handed over as it was", function()
    local kept = record.new()
    local _, raised = pass(replay.new(kept):link(), effect_of(1), READS, function()
      return nil, errors.new("no luck", { code = "unlucky", status_code = 418 })
    end)
    raised.message = "changed since"
    local result, err = pass(replay.new(kept):link(), effect_of(1))
    assert.same({ nil, "no luck", "unlucky", 418 }, { result, err.message, err.code, err.status_code })
    assert.is_true(errors.is(err))
    pass(replay.new(kept):link(), effect_of(2), READS, function() return { data = {}, text = "t" } end).text = "changed since"
    assert.equal("t", pass(replay.new(kept):link(), effect_of(2)).text)
  end)

  it("keeps no input, which may be long: its digest tells whether it is the same again", function()
    local link = replay.new(record.new()):link()
    local inputs = setmetatable({}, { __mode = "k" })
    local function effect(seq, fields)
      local made = effect_of(seq, fields)
      made.input = { image = ("x"):rep(100000) }
      inputs[made.input] = true
      return made
    end
    pass(link, effect(1))
    pass(link, effect(2), WRITES)
    replay.new(record.new()):note(effect(3, { kind = "random", name = "float" }), 0.5)
    collectgarbage()
    assert.is_nil(next(inputs))
    assert.same({ 1, 0 }, { pass(link, effect_of(1, { input = { image = ("x"):rep(100000) } })).data.n,
      (select(3, pass(link, effect_of(1, { input = { image = ("x"):rep(100000) } })))) })
  end)

  it("lets nothing through once the code differs from the record", function()
    for what, other in pairs {
      ["another input"] = { input = { a = 2 } }, ["tool 'y', and was tool 'x'"] = { name = "y" },
      ["http 'x', and was tool"] = { kind = "http" },
    } do
      local kept = record.new()
      pass(replay.new(kept):link(), effect_of(1))
      local link = replay.new(kept):link()
      local result, err, count = pass(link, effect_of(1, other))
      assert.same({ nil, "replay", 0 }, { result, err.code, count })
      assert.matches(what, err.message, 1, true)
      assert.matches("nothing was sent", err.message, 1, true)
      for _, later in ipairs { effect_of(1), effect_of(2) } do -- a recipe may catch the error
        _, err, count = pass(link, later)
        assert.same({ "replay", 0 }, { err.code, count })
      end
    end
  end)

  it("does not make again what may have been made and costs or changes something", function()
    local function broken(effect, scope)
      local kept = record.new()
      assert.has_error(function() pass(replay.new(kept):link(), effect, scope, function() error("the process ends", 0) end) end)
      return pass(replay.new(kept):link(), effect, scope)
    end
    local result, err, count = broken(effect_of(1), WRITES)
    assert.same({ nil, "unknown", "unknown", 0 }, { result, err.code, err.delivery, count })
    result, err, count = broken(effect_of(1, { kind = "http", name = "POST" }), { caller = {} })
    assert.is_nil(result)
    assert.same({ "unknown", 0 }, { err.delivery, count })
    for _, case in ipairs {
      { effect_of(1), READS }, { effect_of(1), { caller = {}, tool = { risk = "costs", inner = true } } },
      { effect_of(1), { caller = {}, tool = { risk = "changes", repeatable = true } } },
      { effect_of(1, { kind = "http", name = "GET" }), { caller = {}, reads = true } },
      { effect_of(1, { kind = "job", name = "wait" }), { caller = {} } }, { effect_of(1, { kind = "ask" }), { caller = {} } },
    } do
      result, err, count = broken(case[1], case[2])
      assert.is_table(result)
      assert.same({ nil, 1 }, { err, count })
    end
  end)

  it("waits for what is under way, and executes it once", function()
    local link, finish = replay.new(record.new()):link(), nil
    local count, results = 0, {}
    local function ask()
      local result = link(effect_of(1), function()
        count = count + 1
        fiber.await(function(callback)
          finish = callback
          return setmetatable({}, { __close = function() end })
        end)
        return { data = "paid" }
      end, WRITES)
      results[#results + 1] = result.data
    end
    fiber.spawn(ask)
    local second = fiber.spawn(ask)
    assert.equal("waiting", second.status)
    finish()
    second:join()
    assert.same({ 1, { "paid", "paid" } }, { count, results })
  end)

  it("keeps nothing of polls, nor of the client's own call", function()
    local kept = record.new()
    local link = replay.new(kept):link()
    pass(link, effect_of(1), { caller = {}, tool = { risk = "harmless" }, passing = true })
    pass(link, effect_of(0), { tool = { risk = "costs" } })
    assert.same({}, steps_of(kept))
  end)

  describe("of a call that reads more than is kept", function()
    local MIB = 1024 * 1024

    local function read_of(seq)
      return effect_of(seq, { kind = "http", name = "GET" })
    end

    -- A call that has read so many answers of 1 MiB; the link of the same call, run again.
    local function again(count, scope)
      local kept = record.new()
      local link = replay.new(kept):link()
      for seq = 1, count do
        pass(link, read_of(seq), scope, function() return { body = ("x"):rep(MIB - seq) } end)
      end
      return replay.new(kept):link(), kept
    end

    local READ = { caller = {}, reads = true }

    local function body(size)
      return function() return { body = ("x"):rep(size) } end
    end

    it("knows long answers by their digest alone, and reads them again", function()
      local link, kept = again(66, READ)
      local steps = steps_of(kept)
      assert.same({ "c  63", "c  64", "c  65 without an answer", "c  66 without an answer" }, table.move(steps, 63, 66, 1, {}))
      assert.is_true(#kept:pack() < 65 * MIB)
      for seq, expected in pairs { [1] = 0, [64] = 0, [65] = 1, [66] = 1 } do
        local result, err, count = pass(link, read_of(seq), READ, body(MIB - seq))
        assert.same({ MIB - seq, nil, expected }, { #result.body, err, count })
      end
    end)

    it("does not go on where they are something else now", function()
      local link = again(65, READ)
      local result, err = pass(link, read_of(65), READ, body(3))
      assert.is_nil(result)
      assert.equal("replay", err.code)
      assert.matches("gave something else when it was read again; nothing was sent", err.message, 1, true)
      local _, later = pass(link, effect_of(66, { kind = "http", name = "POST" }), { caller = {} }, function() error "sent" end)
      assert.equal("replay", later.code)
    end)

    it("keeps what is short, and all that was written", function()
      for _, scope in ipairs { WRITES, { caller = {} } } do
        local link = again(66, scope)
        local result, _, count = pass(link, read_of(66), scope)
        assert.same({ MIB - 66, 0 }, { #result.body, count })
      end
      local kept = select(2, again(65, READ))
      pass(replay.new(kept):link(), read_of(66), READ, body(1000))
      assert.equal("c  66", steps_of(kept)[66])
    end)
  end)

  it("keeps what was answered at once elsewhere, and tells it before the call runs again", function()
    local kept = record.new()
    local noted = replay.new(kept)
    for i, name in ipairs { "program", "cancelled" } do
      noted:note({ call = "c", branch = "2:1", seq = i, kind = "now", name = name }, i == 1 and 12.5)
    end
    noted:note({ call = "c/3", branch = "", seq = 1, kind = "now", name = "cpu" }, 1)
    pass(noted:link(), effect_of(4))
    for _, again in ipairs { noted, replay.new(kept), replay.new(assert(record.unpack(kept:pack()))) } do
      assert.same({ ["2:1 1"] = 12.5, ["2:1 2"] = false }, again:known "c")
      assert.same({ [" 1"] = 1 }, again:known "c/3")
    end
    local steps = #steps_of(kept)
    replay.new(kept):note({ call = "c", branch = "2:1", seq = 1, kind = "now", name = "program" }, 99)
    assert.equal(steps, #steps_of(kept))
  end)

  it("keeps ten thousand readings of a loop, and executes the others each time", function()
    local kept = record.new()
    local function now(seq) return { call = "c", branch = "", seq = seq, kind = "now", name = "program" } end
    for run = 1, 2 do
      local again = replay.new(kept)
      local link, executed = again:link(), 0
      for seq = 1, 10005 do
        link(now(seq), function()
          executed = executed + 1
          return seq
        end, { caller = {} })
      end
      again:note(now(10006), 7)
      assert.equal(run == 1 and 10005 or 5, executed)
    end
    assert.equal(10000, #steps_of(kept))
  end)

  it("needs no wait for what is answered at once", function()
    local kept = record.new()
    local now = effect_of(1, { kind = "now", name = "program" })
    now.input = nil
    assert.is_true(effects.LOCAL.now)
    assert.equal(12.5, (pass(replay.new(kept):link(), now, { caller = {} }, function() return 12.5 end)))
    assert.equal(12.5, (pass(replay.new(kept):link(), now, { caller = {} }, function() return 99 end)))
  end)

  it("keeps nobody waiting for what memory ran out for", function()
    for after = 0, 1000 do
      local run = replay.new(record.new())
      local function ask() return run:perform(effect_of(1), function() return { data = {} } end, READS) end
      for _ = 1, 8 do collectgarbage() end -- frames that were made before are given back
      pcall(function()
        host.fail_allocations(after, 2)
        fiber.spawn(ask)
      end)
      local unfailed, left
      repeat unfailed, left = pcall(host.fail_allocations, 0, 0) until unfailed
      assert.equal("done", fiber.spawn(ask).status, ("allocation %d"):format(after))
      if left == 2 then return end
    end
    error("still failing")
  end)
end)
