local record = require "lib.calls.record"

local function read(kept)
  local events = {}
  for event in kept:read() do events[#events + 1] = event end
  return events
end

describe("a record of effects", function()
  it("gives back what was appended, in order, without inputs", function()
    local kept = record.new()
    local effect = { call = "c", branch = "", seq = 1, kind = "tool", name = "x", input = { picture = ("x"):rep(1000) } }
    kept:intend("k1", effect, "d1")
    kept:intend("k2", effect, "d2")
    kept:answer("k1", { result = 7 }, "d3")
    local events = read(kept)
    assert.same(events, read(assert(record.unpack(kept:pack()))))
    local plain = { call = "c", branch = "", seq = 1, kind = "tool", name = "x" }
    assert.same({
      { key = "k1", effect = plain, digest = "d1" }, { key = "k2", effect = plain, digest = "d2" },
      { key = "k1", answer = { result = 7 }, digest = "d3" },
    }, events)
    local none, problem = record.unpack "no record"
    assert.is_nil(none)
    assert.is_string(problem)
  end)
end)
