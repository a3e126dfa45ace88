local content = require "lib.mcp.content"
local outcome = require "lib.features.outcome"
local errors = require "lib.errors"
local json = require "core.json"

local latest = require "lib.mcp.revisions.2026_07_28"

local function blocks(result, has_structured)
  local text, structured = content.render(result, nil, latest, has_structured ~= false)
  return json.decode(text), structured
end

describe("mcp.content", function()
  it("writes the message, then the structured content as text", function()
    local list, structured = blocks { text = "Done.", data = { ok = true, empty = json.as_array {} }, is_error = false }
    assert.same({ { type = "text", text = "Done." }, { type = "text", text = '{"empty":[],"ok":true}' } }, list)
    assert.equal('{"empty":[],"ok":true}', structured)
  end)

  it("writes only what is there", function()
    assert.same({ { type = "text", text = "Done." } }, (blocks { text = "Done.", is_error = false }))
    assert.same({ { type = "text", text = "{}" } }, (blocks { data = {}, is_error = false }))
    assert.equal("[]", (content.render({ is_error = false }, nil, latest, true)))
  end)

  it("does not say a plain error twice, but shows what an error carries besides", function()
    assert.equal(1, #blocks(outcome.failure(errors.new("no"))))
    local list = blocks(outcome.failure(errors.new("no", { data = { ok = false, error = "no", code = 5 } })))
    assert.equal('{"code":5,"error":"no","ok":false}', list[2].text)
  end)

  it("cuts the text of long structured content, never the content, and says so", function()
    local list, structured = blocks { data = { text = ("ü"):rep(30000) }, is_error = false }
    assert.equal(60000 + #'{"text":""}', #structured)
    local head, note = list[1].text:match("^(.*)\n(…[^\n]*)$")
    assert.is_true(math.abs(20000 - utf8.len(head)) < 100)
    assert.matches("ü… [60000 bytes in all]", json.decode(head).text, 1, true)
    assert.equal("… shortened; the whole JSON has 60,011 bytes and is in structuredContent", note)
    local without = blocks({ data = { text = ("ü"):rep(30000) }, is_error = false }, false)
    assert.is_nil(without[1].text:find("structuredContent", 1, true))
  end)

  it("counts characters, not bytes", function()
    local list = blocks { data = { text = ("ü"):rep(15000) }, is_error = false }
    assert.equal(15000 + #'{"text":""}', utf8.len(list[1].text))
  end)

  it("forwards checked bytes as they are", function()
    local _, structured = blocks { data = { graph = json.raw '{"seed": 18446744073709551615, "cfg": 7.0, "x": []}' }, is_error = false }
    assert.equal('{"graph":{"seed":18446744073709551615,"cfg":7.0,"x":[]}}', structured)
  end)

  it("makes messages valid UTF-8", function()
    assert.equal("caf\u{FFFD}", blocks({ text = "caf\xE9", is_error = false })[1].text)
  end)

  it("says why a result cannot be written", function()
    local text, problem = content.render({ data = { f = print }, is_error = false }, nil, latest, true)
    assert.is_nil(text)
    assert.matches("f", problem)
  end)

  it("keeps the small fields of a result that is too large", function()
    local result = content.too_large({
      text = "x", is_error = false,
      data = { ok = true, request_id = "r", submission = { request_id = "r" }, graph = { big = ("x"):rep(5000) } },
    }, 9000000, 8388608)
    assert.is_true(result.is_error)
    assert.matches("9,000,000 bytes, more than the 8,388,608", result.text)
    assert.equal("r", result.data.request_id)
    assert.same({ request_id = "r" }, result.data.submission)
    assert.is_nil(result.data.graph)
    assert.is_false(result.data.ok)
  end)
end)
