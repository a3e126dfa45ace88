local errors = require "lib.errors"
local json = require "core.json"
local outcome = require "lib.features.outcome"

describe("lib.features.outcome", function()
  it("makes an error a result that tells it, in valid UTF-8", function()
    local result = outcome.failure(errors.new("caf\xE9", { code = "odd" }))
    assert.is_true(result.is_error)
    assert.equal("caf\u{FFFD}", result.text)
    assert.same({ ok = false, error = "caf\u{FFFD}", code = "odd" }, result.data)
    assert.equal("caf\u{FFFD}", outcome.failure("caf\xE9").text)
  end)

  it("keeps in the error what cannot be delivered as a result", function()
    local err = outcome.undelivered("it breaks its schema", { text = "Done.", data = { id = 7 } })
    assert.equal("it breaks its schema\nDone.", err.message)
    assert.equal('{"ok":false,"error":"it breaks its schema","code":"bad_result","returned":{"id":7}}', json.encode(err.data))
    assert.is_nil(err.content)
  end)

  it("shows the data in full beside the text that every client cuts", function()
    local block = { type = "text", text = "first" }
    local err = outcome.undelivered("no", { data = { ("x"):rep(outcome.SHOWN) }, content = { block } })
    assert.equal(2, #err.content)
    assert.equal(block, err.content[2])
    assert.equal(outcome.SHOWN + 4, #err.content[1].text)
  end)

  it("lets what the call has begun name itself in the error", function()
    local begun = { name_in = function(_, err) err.message = err.message .. " (request r goes on)" return err end }
    assert.equal("no (request r goes on)", outcome.undelivered("no", { data = 1, begun = begun }).message)
  end)
end)
