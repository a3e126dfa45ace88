local fiber = require "lib.async.fiber"
local kept_log = require "spec.support.log"
local timer = require "core.timer"
local to_end = require "lib.async.to_end"

local function waits(value, err)
  fiber.await(timer.after, 1)
  if err then error(err, 0) end
  return value, nil, "third"
end

describe("to_end", function()
  it("waits outside of fibers, too, for what needs one", function()
    assert.same({ "a", nil, "third" }, { to_end(waits, "a") })
    assert.equal(0, fiber.count())
  end)

  it("is a call where there is a fiber", function()
    local within, outer
    to_end(function()
      outer = fiber.current()
      within = to_end(fiber.current)
    end)
    assert.is_true(outer ~= nil and within == outer)
  end)

  it("raises what was raised, as it is", function()
    local problem = {}
    local ok, err = pcall(to_end, waits, nil, problem)
    assert.is_false(ok)
    assert.equal(problem, err)
  end)

  it("leaves it to who asks to tell of it", function()
    local lines = kept_log.lines_of(function() assert.is_false((pcall(to_end, error, "at once"))) end)
    assert.same({}, lines)
  end)

  it("does not wait for what nothing can end", function()
    assert.error_matches(function()
      to_end(fiber.await, function() return setmetatable({}, { __close = function() end }) end)
    end, "the loop has nothing left to wait for")
  end)
end)
