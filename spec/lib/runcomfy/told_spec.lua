local errors = require "lib.errors"
local json = require "core.json"
local told = require "lib.runcomfy.told"

describe("lib.runcomfy.told", function()
  it("writes both faces of what RunComfy answered from the same facts", function()
    local err = told.error({
      message = "no such node", hint = "Look again.", code = "http_status", status_code = 422, error_code = 422001, detail = { "a" },
      api_message = "no such node",
    }, { error_code = json.null, payload = "p" })
    assert.is_true(errors.is(err))
    assert.equal("HTTP 422 | RunComfy error_code=422001 | no such node\nLook again.", err.message)
    assert.equal("HTTP 422 | RunComfy error_code=422001 | no such node", err.summary)
    assert.equal(422, err.status_code)
    assert.equal('{"ok":false,"message":"no such node","status_code":422,"error_code":422001,"detail":["a"],"hint":"Look again.",'
      .. '"payload":"p"}', json.encode(err.data))
  end)

  it("calls what is said by us an error, and keeps members that no fact fills", function()
    local err = told.error({ message = "No.", code = "no_key" }, { code = "no_key", detail = json.null })
    assert.equal("No.", err.message)
    assert.equal("No.", err.summary)
    assert.equal('{"ok":false,"error":"No.","code":"no_key","detail":null}', json.encode(err.data))
  end)

  it("has one order of members, also for those that are added later", function()
    local err = told.error { message = "Gone.", delivery = "unknown" }
    err.data.request_id, err.data.hint, err.data.code, err.data.deployment_id = "r", "h", "c", "d"
    assert.equal('{"ok":false,"error":"Gone.","code":"c","delivery":"unknown","hint":"h","deployment_id":"d","request_id":"r"}',
      json.encode(err.data))
  end)

  it("gives what is only for this side as fields alone", function()
    local err = told.error({ message = "Odd.", unreadable = "{", location = "/x" }, { payload = "{" })
    assert.equal("{", err.unreadable)
    assert.equal("/x", err.location)
    assert.equal('{"ok":false,"error":"Odd.","payload":"{"}', json.encode(err.data))
  end)
end)

describe("what of an error crosses", function()
  it("is the same list for all, without what is for one side", function()
    local err = told.error({ message = "m", code = "c", status_code = 500, delivery = "unknown", unreadable = "u", hint = "h" }, {})
    local copy = errors.crossing(err, { message = err.message })
    assert.same({ code = "c", status_code = 500, delivery = "unknown", hint = "h", data = err.data, message = err.message }, copy)
    assert.is_nil(errors.crossing(err, { data = 1 }).unreadable)
    assert.equal(1, errors.crossing(err, { data = 1 }).data)
  end)
end)
