local answers = require "lib.runcomfy.answers"
local json = require "core.json"

local function read(body)
  return answers.read { status = 200, body = body }
end

describe("an answer that is nearly JSON", function()
  it("is read with null for what JSON has no number for, and a note that says where", function()
    for _, word in ipairs { "NaN", "Infinity", "-Infinity" } do
      local value = read(('[{"id":"a","graph":{"cfg":%s}},{"id":"b","text":"NaN, Infinity"}]'):format(word))
      assert.equal('[{"id":"a","graph":{"cfg":null}},{"id":"b","text":"NaN, Infinity"}]', json.encode(value))
      assert.equal("RunComfy's answer was not valid JSON and was repaired: " .. word .. " at line 1, column 27 became null.",
        answers.note(value))
    end
    assert.matches("NaN at line 1, column 2 became null, and 2 more", answers.note(read "[NaN,-Infinity,NaN]"), 1, true)
  end)

  it("is read with U+FFFD for half a surrogate pair and for bytes that are no UTF-8", function()
    for _, text in ipairs { "fox \\ud83e", "fox \\udd8a", "fox \xF0", "fox \xED" } do
      assert.equal('{"t":"fox \u{FFFD}"}', json.encode(read('{"t":"' .. text .. '"}')))
    end
    assert.equal('{"t":"\\ud83e\\udd8a \u{FFFD}"}', read('{"t":"\\ud83e\\udd8a \\ud83e"}'):text())
    assert.equal('{"\u{FFFD}\u{FFFD}":1}', json.encode(read('{"\xC0\xAF":1}')))
  end)

  it("is read with escapes for control characters, and without a byte order mark", function()
    assert.equal('{"t":"a\\u000ab\\u0009\\u0001"}', json.encode(read '{"t":"a\nb\t\1"}'))
    assert.equal('{"t":1}', json.encode(read '\xEF\xBB\xBF{"t":1}'))
  end)

  it("that was JSON has no note", function()
    assert.is_nil(answers.note(read '{"t":"\\u0001 NaN"}'))
    assert.is_nil(answers.note(read "text"))
    assert.equal("Found.", answers.with_note("Found.", read "{}"))
  end)

  it("stays text where it cannot be repaired, and the error says what and where", function()
    for _, body in ipairs { '{"a":NaN', '{"a":nan}', '{"a":undefined}', '{"a":01}', '{"a":"x' } do
      local value = read(body)
      assert.equal("string", type(value))
      assert.matches("not valid JSON: .*line 1, column %d", answers.unexpected(value, "a status").message)
    end
    assert.matches('not valid JSON: NaN at line 1, column 6; line 1, column 10: the text ends too early: {"a":NaN',
      answers.unexpected(read '{"a":NaN', "a status").message, 1, true)
  end)

  it("keeps a paid job's result, and the error in an answer that says one", function()
    local value = read '{"status":"completed","request_id":"r","outputs":{"9":{"images":[{"url":"https://x/1.png","score":NaN}]}}}'
    assert.equal("https://x/1.png", value:value("outputs", "9", "images", 1, "url"))
    local none, err = answers.read { status = 422, body = '{"detail":"bad","input":NaN}' }
    assert.is_nil(none)
    assert.matches("bad", err.message)
  end)
end)
