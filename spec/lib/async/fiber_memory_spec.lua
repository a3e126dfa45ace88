-- Memory that runs out as a wait ends: what the fiber waits for is ended all the same, and the cancellation arrives.
local budgets = require "core.budget"
local fiber = require "lib.async.fiber"
local host = require "core.host"
local host_work = require "lib.recipes.boundary.host_work"
local log = require "core.log"
local loop = require "core.loop"
local recipe = require "spec.support.recipe"
local timer = require "core.timer"

local LATE_MS = 5000 -- nothing comes any more

describe("a fiber for whose end of a wait there is no memory", function()
  local write = log.write
  setup(function() log.write = function() end end)
  teardown(function() log.write = write end)

  local function turn_until(done)
    local late = false
    local _ <close> = timer.after(LATE_MS, function() late = true end)
    while not done() and not late do loop.step(true) end
    return not late
  end

  -- Runs `fn`, in which an allocation fails, after so many others; whether it came to that.
  local function starve(after, fn)
    for _ = 1, 8 do collectgarbage() end -- frames that were made before are given back
    pcall(function()
      host.fail_allocations(after, 2)
      fn()
    end)
    local ok, left
    repeat ok, left = pcall(host.fail_allocations, 0, 0) until ok
    return left < 2
  end

  local function refuse_one()
    assert.is_true(starve(0, function() return ("x"):rep(100) end))
  end

  -- Tells a fiber to end, for which memory runs out after so many allocations; whether it did.
  local function cancel_starved(task, after)
    local failed = starve(after, function() task:cancel() end)
    if failed and task.cancel_reason == nil then task:cancel() end -- the call itself found no room
    return failed
  end

  local function sweep(try)
    for after = 0, 1000 do
      if not try(after) then return end
    end
    error("still failing")
  end

  -- A wait for ever, whose handle finds no memory as it is closed, so often.
  local function stubborn(times)
    local op = { closed = false, calls = 0 }
    function op.start(callback)
      op.answer = callback
      return setmetatable({}, { __close = function()
        op.calls = op.calls + 1
        if op.calls <= times then error("not enough memory", 0) end
        op.closed = true
      end })
    end
    return op
  end

  -- A fiber that waits for it: one in a budget may begin in a later turn of the loop.
  local function waiting(spawn, op, fn)
    local task = spawn(fn or function() fiber.await(op.start) end)
    task.quiet = true
    assert.is_true(turn_until(function() return op.answer ~= nil end))
    return task
  end

  local ways = {
    ["of the host"] = function(fn) return fiber.spawn(fn) end,
    ["in a budget"] = function(fn) return fiber.spawn_in(budgets.new { cpu_ms = 1000, memory_bytes = 1 << 24 }, fn) end,
  }

  for name, spawn in pairs(ways) do
    for times = 1, 3 do
      it(("%s closes what it waited for as it is cancelled, at try %d"):format(name, times + 1), function()
        local op = stubborn(times)
        local task = waiting(spawn, op)
        pcall(task.cancel, task)
        refuse_one()
        assert.is_true(turn_until(function() return task.status == "done" and op.closed end))
        assert.equal(times + 1, op.calls)
        local ok, err
        fiber.spawn(function() ok, err = task:join() end)
        assert.is_false(ok)
        assert.is_not_nil(err)
      end)
    end

    it(name .. " closes it before the next wait, where its own code goes on", function()
      local first, second, got = stubborn(1), stubborn(0), nil
      local task = waiting(spawn, first, function()
        pcall(fiber.await, first.start)
        got = fiber.await(second.start)
      end)
      pcall(first.answer, "one")
      refuse_one()
      turn_until(function() return second.answer ~= nil or task.status == "done" end)
      first.answer "late"
      if second.answer then second.answer "two" end
      assert.is_true(turn_until(function() return task.status == "done" end))
      assert.is_true(first.closed)
      assert.is_true(got == nil or got == "two", got)
    end)

    it(name .. " hears of its cancellation, whichever allocation fails", function()
      sweep(function(after)
        local op = stubborn(0)
        local task = waiting(spawn, op)
        local failed = cancel_starved(task, after)
        assert.is_true(turn_until(function() return task.status == "done" and op.closed end), ("allocation %d"):format(after))
        return failed
      end)
    end)
  end

  it("is cancelled with the recipe that waits for it, at whatever allocation", function()
    sweep(function(after)
      local loaded, fn = recipe.load "rc.sleep_long()"
      loaded.rc.sleep_long = function() host_work.run_raw(fiber.sleep, 600) end
      local failed = cancel_starved(recipe.start_loaded(loaded, fn), after)
      assert.is_true(turn_until(function() return fiber.count() == 0 end), ("allocation %d leaves a fiber"):format(after))
      return failed
    end)
  end)
end)
