local didyoumean = require "lib.didyoumean"

describe("lib.didyoumean", function()
  local names = { "submit_request", "get_request_status", "get_request_result", "cancel_request" }

  it("counts a changed, missing, additional or swapped letter as one edit", function()
    assert.equal(0, didyoumean.distance("seed", "seed"))
    assert.equal(1, didyoumean.distance("seed", "sead"))
    assert.equal(1, didyoumean.distance("seed", "sed"))
    assert.equal(1, didyoumean.distance("seed", "seeds"))
    assert.equal(1, didyoumean.distance("seed", "sede"))
    assert.equal(4, didyoumean.distance("", "seed"))
  end)

  it("counts no further than it is asked to", function()
    local state = 3
    local function word(length)
      local letters = {}
      for i = 1, length do
        state = state * 16807 % 2147483647
        letters[i] = ("abc"):sub(state % 3 + 1, state % 3 + 1)
      end
      return table.concat(letters)
    end
    for _ = 1, 300 do
      local a, b = word(8), word(9)
      local distance = didyoumean.distance(a, b)
      for most = 0, 9 do
        local counted = didyoumean.distance(a, b, most)
        assert.is_true(distance <= most and counted == distance or distance > most and counted > most, a .. " " .. b)
      end
    end
  end)

  it("finds the nearest name, whatever the case and the dashes", function()
    assert.equal("submit_request", didyoumean.nearest("submit-request", names))
    assert.equal("submit_request", didyoumean.nearest("Submit_Reqest", names))
    assert.equal("get_request_status", didyoumean.nearest("get_request_stauts", names))
  end)

  it("stays silent when nothing is near", function()
    assert.is_nil(didyoumean.nearest("frobnicate", names))
    assert.equal("", didyoumean.hint("frobnicate", names))
    assert.is_nil(didyoumean.nearest(("x"):rep(100000), names))
  end)

  it("words the hint", function()
    assert.equal(", did you mean 'cancel_request'?", didyoumean.hint("cancel_requst", names))
  end)
end)
