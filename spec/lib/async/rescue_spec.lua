local host = require "core.host"
local log = require "core.log"
local loop = require "core.loop"
local rescue = require "lib.async.rescue"
local timer = require "core.timer"

local LATE_MS = 5000 -- nothing comes any more

-- Lets an allocation fail, and the loop turn until what comes of that has come.
local function refuse_one(done)
  host.fail_allocations(0, 2)
  pcall(string.rep, "x", 100)
  host.fail_allocations(0, 0)
  local late = false
  local _ <close> = timer.after(LATE_MS, function() late = true end)
  while not done() and not late do loop.step(true) end
end

describe("lib.async.rescue", function()
  local lines, write

  before_each(function()
    lines, write = {}, log.write
    log.write = function(_, text) lines[#lines + 1] = text end
  end)
  after_each(function() log.write = write end)

  -- Adds looks that do as `acts` says the first time; gives how often each was called.
  local function add(acts)
    local counts, objects = {}, {}
    for i, act in ipairs(acts) do
      counts[i], objects[i] = 0, {}
      rescue.add(objects[i], function()
        counts[i] = counts[i] + 1
        if counts[i] == 1 then act() end
      end)
    end
    return counts, objects
  end

  local function nothing() end

  it("looks until there is memory for it, also at what was added behind the one that finds none", function()
    local counts, objects = add { function() error("not enough memory", 0) end, nothing }
    refuse_one(function() return counts[1] >= 2 end)
    assert.equal(2, counts[1])
    assert.is_true(counts[2] >= 1)
    assert.is_not_nil(objects)
  end)

  it("tells what else goes wrong in a look, and goes on with the others", function()
    local counts, objects = add { function() error("a mistake of ours", 0) end, nothing }
    refuse_one(function() return counts[2] >= 1 end)
    assert.equal(1, counts[2])
    assert.matches("the look after memory had run out: a mistake of ours", table.concat(lines, "\n"), 1, true)
    assert.is_not_nil(objects)
  end)

  it("keeps nothing of what it looks at", function()
    local counts, objects = add { nothing }
    objects[1] = nil
    collectgarbage()
    local others, kept = add { nothing }
    refuse_one(function() return others[1] >= 1 end)
    assert.equal(0, counts[1])
    assert.is_not_nil(kept)
  end)
end)
