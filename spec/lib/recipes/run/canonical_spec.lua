local canonical = require "lib.recipes.run.canonical"
local json = require "core.json"

local function text(source) return canonical.text(assert(json.decode(source))) end

describe("recipes.canonical", function()
  it("is the same however members are ordered and blanks stand", function()
    assert.equal(text '{"a":1,"b":{"x":[1,{"p":true,"q":null}],"y":"z"}}', text ' { "b" : {"y":"z","x":[1,{"q":null,"p":true}]}, "a":1 }')
    assert.equal('{"a":[],"b":{},"c":18446744073709551615}', text '{"c":18446744073709551615,"b":{},"a":[]}')
  end)

  it("differs where values do", function()
    local seen = {}
    for _, source in ipairs {
      "{}", "[]", '{"a":1}', '{"a":1.0}', '{"a":"1"}', '{"a":null}', '{"a":[1,2]}', '{"a":[2,1]}', '{"b":1}', '{"a":{"b":1}}',
    } do
      local form = text(source)
      assert.is_nil(seen[form], source)
      seen[form] = true
    end
  end)

  it("escapes names as values", function()
    assert.equal('{"a\\"b":"\\n"}', text '{"a\\"b":"\\n"}')
  end)
end)
