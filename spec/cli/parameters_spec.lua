local json = require "core.json"
local parameters = require "cli.shared.parameters"

describe("cli.shared.parameters", function()
  it("takes a list of parameters as it is", function()
    local list = { { "n", "integer", "A number" } }
    assert.equal(list, parameters.of(list))
    assert.same({}, parameters.of(nil))
    assert.same({}, parameters.of {})
  end)

  it("reads a JSON Schema, as a table, as text, or as checked bytes", function()
    local text = [[{"type":"object","required":["b"],"properties":{
      "b":{"type":["null","integer"],"description":"B","minimum":1},"a":{"enum":["x","y"],"default":"x"},"c":true}}]]
    local schema = json.decode(text)
    for _, input in ipairs { text, schema, (json.raw(text)) } do
      local list = parameters.of(input)
      assert.same({ "b", "a", "c" }, { list[1][1], list[2][1], list[3][1] })
      assert.same({ "integer", "string", "string" }, { list[1][2], list[2][2], list[3][2] })
      assert.same({ nil, true, true }, { list[1].optional, list[2].optional, list[3].optional })
      assert.same({ "x", 1 }, { list[2].default, list[1].minimum })
    end
  end)

  it("keeps the order of a schema that has one", function()
    local properties = json.ordered({ "z", "a" }, { z = { type = "string" }, a = { type = "string" } })
    local list = parameters.of { type = "object", properties = properties }
    assert.same({ "z", "a" }, { list[1][1], list[2][1] })
  end)
end)
