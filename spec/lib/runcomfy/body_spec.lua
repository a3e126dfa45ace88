local answers = require "lib.runcomfy.answers"
local body = require "lib.runcomfy.body"

local WRITE = { name = "submit", unknown = "Look first.", proof = function() return true end }

describe("lib.runcomfy.body", function()
  it("keeps what stands before the cut of a body that is too large, with a note", function()
    local value = body.json('{"status":"succeeded","outputs":{"9":{"images":[{"url":"https://x/1.png"},{"url":"https://', true)
    assert.equal('{"status":"succeeded","outputs":{"9":{"images":[{"url":"https://x/1.png"},{}]}}}', value:text())
    assert.matches("larger than the 64 MiB that are read", body.note(value), 1, true)
    assert.is_true(body.is_part(value))
  end)

  it("puts null in the place of what is nested deeper than clients read", function()
    local value = body.json('{"deep":' .. ("["):rep(5000) .. ("]"):rep(5000) .. ',"url":"x"}')
    assert.equal("x", value:value "url")
    assert.is_true(value:depth() <= 128)
    assert.matches("nested deeper than 128 levels: 1 values", body.note(value), 1, true)
    local fits = body.json(("["):rep(128) .. ("]"):rep(128))
    assert.is_nil(body.note(fits))
    assert.is_false(body.is_part(fits))
  end)

  it("repairs and cuts in one", function()
    local value = body.json('\xEF\xBB\xBF{"score":NaN,"url":"x","more', true)
    assert.equal('{"score":null,"url":"x"}', value:text())
    assert.matches("a byte order mark at line 1, column 1", body.note(value), 1, true)
    assert.matches("larger than the 64 MiB", body.note(value), 1, true)
  end)

  it("is no JSON where a text is spoilt, but for a write, which cannot be asked again", function()
    local spoilt = '{"request_id":"r-1","x":undefined}'
    assert.is_nil(body.json(spoilt))
    assert.equal(spoilt, answers.read { status = 200, body = spoilt })
    local value = answers.read({ status = 200, body = spoilt }, WRITE)
    assert.equal('{"request_id":"r-1"}', value:text())
    assert.matches("was not valid JSON (line 1, column 20: expected a value)", answers.note(value), 1, true)
    assert.equal("accepted", answers.read({ status = 200, body = "accepted" }, WRITE))
  end)
end)
