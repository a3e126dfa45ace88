local record = require "lib.calls.record"

local function read(kept)
  local steps = {}
  for step in kept:read() do steps[#steps + 1] = step end
  return steps
end

describe("a record of effects", function()
  it("gives back what was appended, in order, without inputs", function()
    local kept = record.new()
    local effect = { call = "c", branch = "", seq = 1, kind = "tool", name = "x", input = { picture = ("x"):rep(1000) } }
    local first = kept:intend(effect, "d1")
    effect.seq = 2
    kept:intend(effect, "d2")
    effect.seq = 3
    local third = kept:intend(effect, "d3")
    kept:answer(first, { result = 7 })
    kept:answer(third, nil, "d4")
    local steps = read(kept)
    assert.same(steps, read(assert(record.unpack(kept:pack()))))
    assert.same({
      { call = "c", branch = "", seq = 1, kind = "tool", name = "x", digest = "d1", answer = { result = 7 } },
      { call = "c", branch = "", seq = 2, kind = "tool", name = "x", digest = "d2" },
      { call = "c", branch = "", seq = 3, kind = "tool", name = "x", digest = "d3", answered_as = "d4" },
    }, steps)
    local none, problem = record.unpack "no record"
    assert.is_nil(none)
    assert.is_string(problem)
  end)
end)
