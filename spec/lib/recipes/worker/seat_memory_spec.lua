-- The host's memory runs out at any allocation of what a worker's message brings about: it is told again, as core.channel does, and what
-- is due to the worker is sent, once, without a word of blame.
local asked = require "lib.recipes.worker.asked"
local fiber = require "lib.async.fiber"
local host = require "core.host"
local log = require "core.log"
local loop = require "core.loop"
local seats = require "lib.recipes.worker.seat"
local timer = require "core.timer"

local EFFECT = { kind = "effect", call = "c1", branch = "", seq = 1, effect = "tool", name = "a", input = {} }
local LATE_MS = 5000

describe("a worker's seat without memory", function()
  local write = log.write
  setup(function() log.write = function() end end)
  teardown(function() log.write = write end)

  local function seated(listener)
    local seat = seats.new(false)
    local told = {}
    seat.process = { send = function(_, message) told[#told + 1] = message end, room = { await = function() end } }
    local call = {
      message = { kind = "call", call = "c1", feature = "tool", limits = {} }, asked = asked.new(), count = 0, bytes = 0, last = {},
      names = 0, lone_ends = 0, lone_ends_in_all = 0, astray = 0, listener = listener, callback = function() end,
    }
    seat:seat(call)
    return seat, call, told
  end

  -- Does `act`, in which an allocation fails after so many others, and again until it comes to its end; whether any failed.
  local function insist_on(act, after)
    local ok, problem
    for _ = 1, 8 do collectgarbage() end -- frames that were made before are given back
    pcall(function()
      host.fail_allocations(after, 2)
      ok, problem = pcall(act)
    end)
    local unfailed, left
    repeat unfailed, left = pcall(host.fail_allocations, 0, 0) until unfailed
    while not ok do ok, problem = pcall(act) end
    assert.is_nil(problem)
    return left < 2
  end

  local function turn_until(done, what)
    local late = false
    local _ <close> = timer.after(LATE_MS, function() late = true end)
    while not done() do
      if late then error(what, 2) end
      loop.step(true)
    end
  end

  local function sweep(try)
    for after = 0, 1000 do
      if not try(after) then return end
    end
    error("still failing")
  end

  local function count(told, kind)
    local number = 0
    for _, message in ipairs(told) do number = number + (message.kind == kind and 1 or 0) end
    return number
  end

  it("answers an effect, which is performed once at most", function()
    sweep(function(after)
      local performed = 0
      local seat, call, told = seated { effect = function()
        performed = performed + 1
        return { performed }
      end }
      local failed = insist_on(function() return seat:take(EFFECT, 10) end, after)
      turn_until(function() return count(told, "answer") > 0 end, ("allocation %d: no answer"):format(after))
      assert.equal(1, count(told, "answer"))
      assert.is_true(performed <= 1)
      assert.equal(0, call.count)
      call.asked:close()
      return failed
    end)
  end)

  it("answers an effect that ends later", function()
    sweep(function(after)
      local release
      local seat, call, told = seated { effect = function()
        fiber.await(function(callback)
          release = callback
          return setmetatable({ recheck = function() callback() end }, { __close = function() end })
        end)
        return true
      end }
      assert.is_nil(seat:take(EFFECT, 10))
      local failed = insist_on(function() release() end, after)
      turn_until(function() return count(told, "answer") > 0 end, ("allocation %d: no answer"):format(after))
      assert.equal(1, count(told, "answer"))
      assert.equal(0, call.count)
      call.asked:close()
      return failed
    end)
  end)

  for name, act in pairs {
    ["that the recipe waits for no more"] = function(seat) return seat:take({ kind = "leave", call = "c1", branch = "", seq = 1 }, 10) end,
    ["of a call that is cancelled"] = function(_, call) seats.cancel(call) end,
    ["of a call that has ended"] = function(seat) return seat:take({ kind = "done", call = "c1", result = { text = "t" } }, 10) end,
  } do
    it("ends an effect " .. name, function()
      sweep(function(after)
        local ended = false
        local seat, call, told = seated { effect = function()
          local _ <close> = setmetatable({}, { __close = function() ended = true end })
          fiber.sleep(600)
        end }
        assert.is_nil(seat:take(EFFECT, 10))
        local failed = insist_on(function() return act(seat, call) end, after)
        if call.is_over then call.asked:close() end -- as who waits for its end does
        turn_until(function() return ended end, ("allocation %d: it goes on"):format(after))
        turn_until(function() return fiber.count() == 0 end, ("allocation %d leaves a fiber"):format(after))
        assert.equal(0, count(told, "answer"))
        call.asked:close()
        return failed
      end)
    end)
  end

  it("lets clean-ups begin, once", function()
    sweep(function(after)
      local seat, call, told = seated { rest = function() end }
      local failed = insist_on(function() return seat:take({ kind = "rest", call = "c1" }, 10) end, after)
      turn_until(function() return count(told, "rested") > 0 end, ("allocation %d: they wait"):format(after))
      assert.equal(1, count(told, "rested"))
      assert.equal("it has begun its clean-ups twice", seat:take({ kind = "rest", call = "c1" }, 10))
      call.asked:close()
      return failed
    end)
  end)

  it("notes what a clock has said", function()
    sweep(function(after)
      local seat, call = seated { noted = function(effect) return { effect } end }
      local failed = insist_on(function()
        return seat:take({ kind = "noted", call = "c1", branch = "2:1", seq = 1, effect = "now", name = "program", answer = 1.5 }, 10)
      end, after)
      assert.equal(1, call.last["2:1"])
      return failed
    end)
  end)

  it("tells who waits for the end of a call", function()
    sweep(function(after)
      local seat, call = seated {}
      local ends = 0
      function call.callback() ends = #{ {}, {} } - 1 end -- for which it takes memory
      local failed = insist_on(function() return seat:take({ kind = "done", call = "c1", result = { text = "t" } }, 10) end, after)
      assert.is_true(call.is_over)
      assert.same({ text = "t" }, call.result)
      assert.is_false(seat:is_busy())
      assert.is_true(failed or ends == 1)
      return failed
    end)
  end)
end)
