local json = require "core.json"
local schema = require "lib.output_schema"

describe("lib.output_schema", function()
  it("writes keys in a fixed order and leaves objects open", function()
    local object = schema.object("A thing", {
      { "z", schema.value("string", "Z") },
      { "a", schema.value("integer", "A"), optional = true },
      { "l", schema.list("L", schema.any("Item")) },
    })
    assert.equal('{"type":"object","description":"A thing","properties":{"z":{"type":"string","description":"Z"},'
      .. '"a":{"type":"integer","description":"A"},"l":{"type":"array","description":"L","items":{"description":"Item"}}},'
      .. '"required":["z","l"]}', json.encode(object))
  end)

  it("describes what is forwarded without a type", function()
    assert.equal('{"description":"F","properties":{"z":{"description":"Z"},"a":{"description":"A"}}}',
      json.encode(schema.forwarded("F", { { "z", schema.any("Z") }, { "a", schema.any("A") } })))
  end)

  it("demands only ok of a tool's result, for errors are held to it, too", function()
    local result = schema.result { { "ok", schema.value("boolean", "true") }, { "x", schema.any("X") } }
    assert.equal('["ok"]', json.encode(result.required))
  end)
end)
