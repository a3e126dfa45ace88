-- When a worker's turn takes too long.
local turns = require "lib.recipes.worker.turn"

describe("a turn of a worker", function()
  -- Looks, a second after another, at one that has used so much processor time, and sent so many messages, by then.
  local function overdue_at(seconds, looks)
    local turn = turns.new { now = 0, cpu = looks.cpu ~= false and 0 or nil, heard = 0 }
    for now = 1, 100 do
      local reading = { now = now, cpu = looks.cpu and looks.cpu(now) or nil, heard = looks.heard and looks.heard(now) or 0 }
      if turn:is_overdue(reading, seconds) then return now end
    end
  end

  local function at(rate) return function(now) return rate * now end end

  it("may compute as long as it may take", function()
    assert.equal(5, overdue_at(5, { cpu = at(1) }))
    assert.equal(5, overdue_at(5, { cpu = at(0.99) }))
  end)

  it("lasts longer on a machine that gives it less", function()
    assert.equal(18, overdue_at(5, { cpu = at(0.25) }))
  end)

  it("is over at once where it neither computes nor sends", function()
    assert.equal(1, overdue_at(5, { cpu = at(0) }))
    assert.equal(4, overdue_at(5, { cpu = function(now) return math.min(now, 3) end }))
  end)

  it("lasts as long as it sends, but not for ever", function()
    assert.equal(60, overdue_at(5, { cpu = at(1), heard = at(1) }))
    assert.equal(60, overdue_at(5, { cpu = at(0), heard = at(1) }))
    assert.equal(60, overdue_at(5, { cpu = at(0.003) }))
  end)

  it("is judged by what it sends where the system tells no processor time", function()
    assert.equal(1, overdue_at(5, { cpu = false }))
    assert.equal(60, overdue_at(5, { cpu = false, heard = at(1) }))
  end)
end)
