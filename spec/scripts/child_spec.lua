-- How specs wait for what a child does.
local child = require "spec.support.child"

describe("a spec that waits", function()
  -- True from the second time on that it is asked.
  local function seen_late()
    local asked = 0
    return function()
      asked = asked + 1
      return asked > 1
    end
  end

  it("fails where it would see only by its watchdog what no event tells of", function()
    local sleeper <close> = child.spawn("sleep", { "60" })
    local ok, message = pcall(sleeper.wait_until, sleeper, seen_late(), 0.05)
    assert.is_false(ok)
    assert.matches("no event told of that", message, 1, true)
  end)

  it("can ask for it again and again", function()
    local sleeper <close> = child.spawn("sleep", { "60" })
    sleeper:poll_until(seen_late())
  end)
end)
