local errors = require "lib.errors"
local json = require "core.json"
local simulated = require "lib.app.simulated"

describe("lib.app.simulated", function()
  local function tool(run)
    return {
      name = "t", description = "d", run = run,
      output = json.ordered({ "type", "properties" }, { type = "object", properties = { ok = { type = "boolean" } } }),
    }
  end

  it("marks text and data of every result", function()
    local marked = simulated.tool(tool(function() return { text = "Done.", data = { ok = true } } end))
    local result = marked.run({}, {})
    assert.same({ ok = true, simulated = true }, result.data)
    assert.equal("Done.\n" .. simulated.SENTENCE, result.text)
  end)

  it("marks data that is kept as bytes", function()
    local marked = simulated.tool(tool(function() return { text = "", data = json.raw '{"seed":18446744073709551615,"list":[]}' } end))
    assert.equal('{"seed":18446744073709551615,"list":[],"simulated":true}', json.encode(marked.run({}, {}).data))
  end)

  it("marks errors, with data of their own or without", function()
    local marked = simulated.tool(tool(function() return nil, errors.new("No.", { code = "c", data = { ok = false } }) end))
    local _, err = marked.run({}, {})
    assert.equal("No.\n" .. simulated.SENTENCE, err.message)
    assert.equal("c", err.code)
    assert.same({ ok = false, simulated = true }, err.data)
    _, err = simulated.tool(tool(function() return nil, errors.new("No.") end)).run({}, {})
    assert.same({ ok = false, error = "No.", simulated = true }, err.data)
  end)

  it("declares the mark in the output schema, of the copy alone", function()
    local original = tool(function() end)
    local marked = simulated.tool(original)
    assert.equal("boolean", marked.output.properties.simulated.type)
    assert.is_nil(original.output.properties.simulated)
    assert.equal('{"type":"object","properties":{"ok":{"type":"boolean"}}}', json.encode(original.output))
  end)
end)
