local budgets = require "core.budget"
local fiber = require "lib.async.fiber"
local host = require "core.host"
local log = require "core.log"
local loop = require "core.loop"
local timer = require "core.timer"
local turning = require "spec.support.turns"

-- An operation that a spec answers by hand: `op.start` is what await calls.
local function operation()
  local op = { cancelled = 0 }
  function op.start(callback)
    op.answer = callback
    return setmetatable({}, { __close = function() op.cancelled = op.cancelled + 1 end })
  end
  return op
end

describe("lib.async.fiber", function()
  after_each(function() assert.equal(0, fiber.count()) end)

  it("runs at once up to its first wait, then on with the answer", function()
    local op, got = operation(), nil
    local task = fiber.spawn(function(a)
      got = { a, fiber.await(op.start) }
    end, "argument")
    assert.equal("waiting", task.status)
    op.answer("first", nil, "third")
    assert.same({ "argument", "first", nil, "third" }, got)
    assert.equal("done", task.status)
    assert.equal(1, op.cancelled)
  end)

  it("returns nil, message, code where the start is refused, without a wait", function()
    local got
    fiber.spawn(function()
      got = table.pack(fiber.await(function() return nil, "no", "EWHATEVER" end))
    end)
    assert.same({ nil, "no", "EWHATEVER", n = 3 }, got)
  end)

  it("refuses an answer that comes a second time, or for an earlier wait", function()
    local first, second, got = operation(), operation(), {}
    fiber.spawn(function()
      got[1] = fiber.await(first.start)
      got[2] = fiber.await(second.start)
    end)
    first.answer("one")
    first.answer("late")
    assert.same({ "one" }, got)
    second.answer("two")
    assert.same({ "one", "two" }, got)
    second.answer("after the end")
  end)

  it("raises at the wait of a cancelled fiber, and closes what it holds on the way out", function()
    local op, trace = operation(), {}
    local task = fiber.spawn(function()
      local _ <close> = setmetatable({}, { __close = function() trace[#trace + 1] = "closed" end })
      fiber.await(op.start)
      trace[#trace + 1] = "never"
    end)
    task:cancel("client")
    task:cancel("again")
    assert.same({ "closed" }, trace)
    assert.equal(1, op.cancelled)
    op.answer("late")
    assert.equal("done", task.status)
  end)

  it("does not let pcall swallow a cancellation for longer than one wait", function()
    local op, caught = operation(), {}
    local task = fiber.spawn(function()
      for i = 1, 3 do
        local _, err = pcall(fiber.await, op.start)
        caught[i] = fiber.is_cancelled(err)
      end
    end)
    task:cancel()
    assert.same({ true, true, true }, caught)
    assert.equal(1, op.cancelled)
  end)

  it("waits inside a shield, also while it is being cancelled", function()
    local op, cleanup, done = operation(), operation(), false
    local task = fiber.spawn(function()
      local _ <close> = setmetatable({}, { __close = function()
        fiber.shield(function()
          fiber.await(cleanup.start)
          done = true
        end)
      end })
      fiber.await(op.start)
    end)
    task:cancel()
    assert.equal("waiting", task.status)
    task:cancel()
    assert.is_false(done)
    cleanup.answer()
    assert.is_true(done)
    assert.equal("done", task.status)
  end)

  it("ends a wait that can be withdrawn, and no other, and raises then at the next", function()
    for _, withdrawn in ipairs { true, false } do
      local answer, asked, got, raised = nil, 0, nil, nil
      local task = fiber.spawn(function()
        local ok, value = pcall(fiber.await_withdrawable, function(callback)
          answer = callback
          local function withdraw()
            asked = asked + 1
            return withdrawn
          end
          return setmetatable({ withdraw = withdraw }, { __close = function() end })
        end)
        got = ok and value or fiber.is_cancelled(value)
        raised = fiber.is_cancelled(select(2, pcall(fiber.sleep, 0)))
      end)
      task:cancel()
      task:cancel()
      answer("late")
      assert.equal(1, asked)
      assert.equal(withdrawn or "late", got)
      assert.is_true(raised)
      assert.equal("done", task.status)
    end
  end)

  it("joins: what a fiber returned, or the error that ended it", function()
    local got = {}
    fiber.spawn(function()
      local quick = fiber.spawn(function() return 1, nil, 3 end)
      got[1] = table.pack(quick:join())
      local slow = fiber.spawn(function()
        fiber.sleep(0)
        error({ code = "x" })
      end)
      got[2] = table.pack(slow:join())
    end)
    loop.run()
    assert.same({ true, 1, nil, 3, n = 4 }, got[1])
    assert.is_false(got[2][1])
    assert.equal("x", got[2][2].code)
  end)

  it("cancels a fiber that has not reached a wait at its next one", function()
    local reached
    local task = fiber.spawn(function()
      fiber.current():cancel("self")
      reached = true
      fiber.sleep(10)
      reached = "past the wait"
    end)
    assert.is_true(reached)
    assert.equal("done", task.status)
  end)

  it("raises outside of a fiber", function()
    assert.error_matches(function() fiber.await(timer.after, 1) end, "not inside a fiber")
  end)

  it("leaves ten thousand sleepers no trace", function()
    local ended = 0
    local tasks = {}
    for i = 1, 10000 do
      tasks[i] = fiber.spawn(function()
        local _ <close> = setmetatable({}, { __close = function() ended = ended + 1 end })
        fiber.sleep(3600)
      end)
    end
    assert.equal(10000, fiber.count())
    for _, task in ipairs(tasks) do task:cancel() end
    assert.equal(10000, ended)
    loop.run()
  end)

  describe("at the end of its means", function()
    local write = log.write
    setup(function() log.write = function() end end)
    teardown(function() log.write = write end)

    -- Fails ever later allocations of `act`; whatever becomes of it, no fiber is left.
    local function sweep(prepare, act)
      pcall(act, prepare()) -- the stacks have grown
      for after = 0, 1000 do
        local prepared = prepare()
        host.fail_allocations(after, 2)
        local _, err = pcall(act, prepared)
        local left = host.fail_allocations(0, 0)
        assert.equal(0, fiber.count(), err)
        if left == 2 then return end
      end
      error("still failing")
    end

    it("ends when memory is out as it starts", function()
      sweep(function() end, function()
        fiber.spawn(function(...) return {}, ... end, 1, 2, 3)
      end)
    end)

    it("ends when memory is out as its answer comes", function()
      sweep(function()
        local op = operation()
        fiber.spawn(function() return { fiber.await(op.start) } end)
        return op
      end, function(op) op.answer(1, 2, 3) end)
    end)

    it("ends when memory is out as it is cancelled", function()
      sweep(function()
        return fiber.spawn(function() fiber.await(operation().start) end)
      end, function(task) task:cancel() end)
    end)

    it("ends, and tells who joins it, where the C stack is at its end", function()
      local depth, ended = 0, 0
      local function nest()
        depth = depth + 1
        local task = depth < 1000 and fiber.spawn(nest)
        if task then task:join() end
        ended = ended + 1
      end
      fiber.spawn(nest)
      assert.is_true(ended > 50)
      assert.equal(0, fiber.count())
    end)
  end)

  -- Foreign code that takes 60 ms of processor time.
  local function busy()
    local stop = os.clock() + 0.06
    while os.clock() < stop do end
  end

  local function until_done(tasks)
    for _, task in ipairs(tasks) do
      while task.status ~= "done" do loop.step(true) end
    end
  end

  it("lets the loop turn between what many budgets do in one turn, beginning or going on", function()
    local turns <close> = turning.count()
    local began, went_on, tasks = {}, {}, {}
    for i = 1, 6 do
      tasks[i] = fiber.spawn_in(budgets.new { cpu_ms = 1000 }, function()
        began[turns.number] = true
        busy()
        fiber.await(timer.after, 1)
        went_on[turns.number] = true
        busy()
      end)
    end
    until_done(tasks)
    local function count(set)
      local number = 0
      for _ in pairs(set) do number = number + 1 end
      return number
    end
    assert.is_true(count(began) >= 3, count(began)) -- what the loop looks at first in a turn, the counter or they, is not said
    assert.is_true(count(went_on) >= 3, count(went_on))
  end)

  it("never runs one that is cancelled before its turn", function()
    local ran, tasks = false, {}
    tasks[1] = fiber.spawn_in(budgets.new { cpu_ms = 1000 }, busy)
    tasks[2] = fiber.spawn_in(budgets.new { cpu_ms = 1000 }, function() ran = true end)
    assert.equal("waiting", tasks[2].status)
    tasks[2]:cancel "enough"
    until_done(tasks)
    local ok, err
    local joined = fiber.spawn(function() ok, err = tasks[2]:join() end)
    assert.equal("done", joined.status)
    assert.is_false(ok)
    assert.is_true(fiber.is_cancelled(err))
    assert.is_false(ran)
    assert.equal(0, fiber.count())
  end)

  describe("in the coroutine of one that has ended", function()
    -- Runs a fiber to its end, and gives its coroutine.
    local function coroutine_of(fn)
      local thread
      local task = fiber.spawn(function()
        thread = coroutine.running()
        fn()
      end)
      task.quiet = true
      return thread, task
    end

    it("begins anew, however that one ended", function()
      local first, failed = coroutine_of(function() error "no" end)
      assert.is_false((failed:join()))
      local wake
      local second, cancelled = coroutine_of(function() fiber.await(function(callback)
        wake = callback
        return setmetatable({}, { __close = function() end })
      end) end)
      cancelled:cancel "enough"
      local values
      local third, good = coroutine_of(function() values = { fiber.current().cancel_reason } end)
      assert.equal(first, second)
      assert.equal(first, third)
      assert.same({}, values)
      assert.is_true(good.ok)
      wake() -- of a wait that is over, in a coroutine that waits for a fiber
      assert.equal(0, fiber.count())
    end)

    it("holds nothing of what the one before was given", function()
      local seen = setmetatable({}, { __mode = "k" })
      local function run_one()
        local given, kept = {}, {}
        seen[given], seen[kept] = true, true
        fiber.spawn(function(first, _, ...) return first, kept, ... end, given, nil, given)
      end
      run_one()
      collectgarbage()
      collectgarbage()
      assert.is_nil((next(seen)))
    end)

    it("is not woken by what the one before waited for", function()
      local function endless(callback)
        return setmetatable({ callback = callback }, { __close = function() end })
      end
      local early, late
      local _, before = coroutine_of(function() fiber.await(function(callback) early = callback return endless(callback) end) end)
      before:cancel()
      local woken = false
      local _, after = coroutine_of(function()
        fiber.await(function(callback) late = callback return endless(callback) end)
        woken = true
      end)
      early()
      assert.is_false(woken)
      late()
      assert.is_true(woken)
      assert.equal("done", after.status)
    end)
  end)
end)
