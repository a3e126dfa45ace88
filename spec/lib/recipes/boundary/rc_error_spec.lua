local errors = require "lib.errors"
local rc_error = require "lib.recipes.boundary.rc_error"

describe("lib.recipes.boundary.rc_error", function()
  it("has the fields that recipes know, as copies, and no others", function()
    local data = { request_id = "r" }
    local err = rc_error.new("it failed", { code = "x", data = data, traceback = "of the host" })
    assert.equal("it failed", tostring(err))
    assert.equal("x", err.code)
    assert.is_nil(err.traceback)
    data.request_id = "changed"
    assert.equal("r", err.data.request_id)
    assert.is_true(rc_error.is(err))
    assert.is_false(rc_error.is_deliberate(err))
    assert.is_true(rc_error.is_deliberate(rc_error.new("wanted", nil, true)))
  end)

  it("is not to be had by looking like one", function()
    assert.is_false(rc_error.is { message = "it failed", code = "x" })
    assert.is_false(rc_error.is(errors.new "of the host"))
    assert.is_false(rc_error.is(nil))
  end)

  it("presents what the host returned or raised", function()
    local known = rc_error.new("known", { code = "x" })
    assert.is_true(rawequal(known, rc_error.present(known)))
    local of_host = rc_error.present(errors.new("of the host", { code = "timeout", hint = "wait" }))
    assert.same({ "of the host", "timeout", "wait" }, { of_host.message, of_host.code, of_host.hint })
    assert.same({ "raised", "internal" }, { rc_error.present("raised").message, rc_error.present("raised").code })
    assert.equal("an error of type table", rc_error.present({}).message)
  end)
end)
