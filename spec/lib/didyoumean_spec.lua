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
