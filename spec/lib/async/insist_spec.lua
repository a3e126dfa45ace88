local fiber = require "lib.async.fiber"
local insist = require "lib.async.insist"
local kept_log = require "spec.support.log"
local loop = require "core.loop"

-- What `insist` gives for a step that raises so often, how often it was called, and what was logged.
local function insisted(failures)
  local tries, first, second = 0, nil, nil
  local lines = kept_log.lines_of(function()
    local task = fiber.spawn(function()
      first, second = insist("a thing", function(word)
        tries = tries + 1
        if tries <= failures then error("not enough memory", 0) end
        return word, tries
      end, "done")
    end)
    while task.status ~= "done" do loop.step(true) end
  end)
  return { first = first, second = second, tries = tries, lines = lines }
end

describe("lib.async.insist", function()
  it("calls a step until it returns", function()
    assert.same({ first = "done", second = 1, tries = 1, lines = {} }, insisted(0))
    assert.same({ first = "done", second = 4, tries = 4, lines = {} }, insisted(3))
  end)

  it("gives it up, and says so", function()
    local outcome = insisted(math.huge)
    assert.is_nil(outcome.first)
    assert.same({ ("error: a thing: given up after %d tries: not enough memory"):format(outcome.tries) }, outcome.lines)
  end)

  it("goes on where its caller is cancelled", function()
    local tries = 0
    local task = fiber.spawn(function()
      fiber.shield(insist, "a thing", function()
        tries = tries + 1
        if tries < 3 then error("not enough memory", 0) end
      end)
    end)
    task:cancel()
    while task.status ~= "done" do loop.step(true) end
    assert.equal(3, tries)
  end)
end)
