-- Whatever foreign text says, reading it takes steps in proportion to its length, and no more.
local hostile_texts = require "spec.support.hostile_texts"
local log = require "core.log"
local readers = require "spec.support.readers"
local steps = require "spec.support.steps"

local SMALL = 10000 -- bytes
local SLACK = 60000 -- instructions that do not depend on the text: what is cut to its first thousands of bytes, say

describe("reading foreign text", function()
  local level

  setup(function()
    level = log.get_level()
    log.set_level "error" -- what is wrong with these texts is told well enough
    readers.open()
  end)

  teardown(function()
    log.set_level(level)
    readers.close()
  end)

  for _, reader in ipairs(readers.readers) do
    it("is linear in " .. reader[1], function()
      for name, make in pairs(hostile_texts) do
        local first = steps.count(pcall, reader[2], readers.given(reader, make(SMALL)))
        local second = steps.count(pcall, reader[2], readers.given(reader, make(4 * SMALL)))
        assert.is_true(second <= 4.8 * first + SLACK, ("%s: %d steps, then %d"):format(name, first, second))
      end
    end)
  end

  it("is looked at in more than ninety functions", function()
    assert.is_true(#readers.readers > 90)
  end)
end)
