local fiber = require "lib.async.fiber"
local in_steps = require "lib.async.in_steps"
local loop = require "core.loop"
local turning = require "spec.support.turns"

-- Runs `fn` in a fiber to its end: what it gave, and how often the loop turned.
local function in_fiber(fn, ...)
  local turns <close> = turning.count()
  local task = fiber.spawn(fn, ...)
  while task.status ~= "done" do loop.step(true) end
  return turns.number, task:join()
end

-- Pauses so often, and gives or raises what it was given.
local function work(pauses, fails, ...)
  for _ = 1, pauses do coroutine.yield() end
  if fails then error(fails, 0) end
  return ...
end

describe("lib.async.in_steps", function()
  it("runs a function to its end, and gives what it gives, nil too", function()
    for pauses = 0, 3 do
      assert.same({ n = 4, 1, nil, 3, nil }, table.pack(select(3, in_fiber(in_steps.run, 1, work, pauses, nil, 1, nil, 3, nil))))
      local _, _, ok, message = in_fiber(pcall, in_steps.run, 1, work, pauses, "broken")
      assert.same({ false, "broken" }, { ok, message })
    end
  end)

  it("is ended by no cancellation", function()
    local result
    local task = fiber.spawn(function()
      result = in_steps.run(1000000, function(deadline)
        while os.clock() < deadline do coroutine.yield() end
        return "done"
      end, os.clock() + 0.05)
    end)
    task:cancel "not wanted"
    while task.status ~= "done" do loop.step(true) end
    assert.equal("done", result)
  end)

  it("lets the loop turn behind what is long, where it can", function()
    assert.is_false(in_steps.possible())
    in_steps.turn_behind(1 << 30)
    local short = in_fiber(in_steps.turn_behind, 1000)
    local long = in_fiber(function()
      assert.is_true(in_steps.possible())
      for _ = 1, 3 do in_steps.turn_behind(1 << 20) end
    end)
    assert.is_true(long >= short + 3, long)
  end)
end)
