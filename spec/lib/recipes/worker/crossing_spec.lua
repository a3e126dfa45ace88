local crossing = require "lib.recipes.worker.crossing"
local errors = require "lib.errors"
local host = require "core.host"
local json = require "core.json"
local memory = require "spec.support.memory"

describe("what crosses", function()
  it("of an error is what recipes and clients read of it", function()
    local err = errors.new("no", {
      code = "busy", status_code = 503, hint = "later", data = json.decode '{"z":1,"a":2}', settled = true, detail = print,
    })
    local problem = json.unpack(json.pack(crossing.problem(err)), 1000)
    assert.same({ message = "no", code = "busy", status_code = 503, hint = "later", data = { z = 1, a = 2 } }, problem)
    local again = crossing.error(problem)
    assert.is_true(errors.is(again))
    assert.equal("no", again.message)
    assert.same({ "z", "a" }, json.order(again.data))
  end)

  it("of an error is all of that, or nothing yet, where memory runs out: it may hold the ids of what was paid for", function()
    local err = errors.new("no", { code = "busy", delivery = "unknown", data = { request_id = "r1" }, detail = { "more" } })
    assert.is_true(memory.sweep(function()
      local problem = crossing.problem(err)
      local left = host.fail_allocations(0, 0)
      assert.same({ message = "no", code = "busy", delivery = "unknown", data = { request_id = "r1" }, detail = { "more" } }, problem)
      return left
    end) > 0)
  end)

  it("of an error without what JSON cannot say, which nobody could be told", function()
    local err = crossing.told { message = "no", code = "busy", data = { n = 0 / 0 }, detail = 1 / 0 }
    assert.same({ "no", "busy" }, { err.message, err.code })
    assert.same({}, { err.data, err.detail })
  end)

  it("of an error without a content that is none, of which nobody knows whether it holds a secret", function()
    assert.is_nil(crossing.told({ message = "no", content = { { text = "a" }, 5 } }).content)
    assert.same({ { text = "a" } }, crossing.told({ message = "no", content = { { text = "a" } } }).content)
  end)

  it("of anything else that was raised is its text", function()
    assert.same({ message = "oh", code = "internal" }, crossing.problem "oh")
    assert.equal("internal", crossing.problem({}).code)
  end)

  it("of a result is cut where it is secret, once it is here", function()
    require("lib.redaction").add_key "key-that-crosses-4711"
    local result = {
      text = "it is key-that-crosses-4711", data = { list = { "key-that-crosses-4711" } },
      content = { { type = "text", text = "key-that-crosses-4711" } },
    }
    assert.is_nil(crossing.cut(result))
    assert.is_nil(json.encode(result):find("4711", 1, true))
  end)

  it("is refused where it is no result", function()
    for _, value in ipairs { 5, "text", { text = 5 }, { content = "x" }, { more = 1 }, { content = { 5 } }, { [1] = 2 } } do
      assert.is_string(crossing.cut(value))
    end
    assert.is_string(crossing.cut(nil))
    assert.is_nil(crossing.cut {})
  end)
end)
