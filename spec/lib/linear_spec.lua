-- Whatever foreign text says, reading it takes steps in proportion to its length, and no more.
local readers = require "spec.support.readers"
local steps = require "spec.support.steps"

local SMALL = 20000 -- bytes
local SLACK = 6000  -- instructions: what is counted to the thousand, and what does not depend on the text

describe("reading foreign text", function()
  for _, reader in ipairs(readers.readers) do
    it("is linear in " .. reader[1], function()
      for name, make in pairs(readers.texts) do
        local once, twice = readers.given(reader, make(SMALL)), readers.given(reader, make(2 * SMALL))
        local first = steps.count(pcall, reader[2], once)
        local second = steps.count(pcall, reader[2], twice)
        assert.is_true(second <= 2.2 * first + SLACK, ("%s: %d steps, then %d"):format(name, first, second))
      end
    end)
  end

  it("is looked at in more than thirty functions", function()
    assert.is_true(#readers.readers > 30)
  end)
end)
